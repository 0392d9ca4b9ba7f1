"""What a metric is: how it is computed, what it means and how it is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from spatem_ir.runtime.metrics.measurement import Measurement, NoCyclesError

Value = TypeVar("Value")

NUMBERS = {"int", "float", "None"}
"""What the function of a metric that is a number is annotated with."""

Row = tuple[str, str]
"""A line of the report: its label and its text."""


@dataclass(frozen=True)
class Metrics:
    """What was measured of a network on an accelerator; every metric is an attribute.

    Cycles, bytes and energy are of one image.  Metrics that need cycles are None if no engine ran.
    `values` are all values by name, in the order of the register.
    """

    values: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(f"there is no metric '{name}'") from None

    def __getitem__(self, metric: Metric[Value]) -> Value | None:
        """The value of a metric given by its record, of its type."""
        return self.values[metric.name]

    def to_dict(self) -> dict[str, Any]:
        """The metrics as a dictionary for JSON."""
        return {name: _plain(value) for name, value in self.values.items()}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


class Line(NamedTuple):
    """How a metric is printed: under a label, in the report or as a column of a table.

    `text` is a format of the value, or a function of all metrics, which may speak of several.
    """

    label: str
    text: str | Callable[[Metrics], str]

    def shown(self, value: object, metrics: Metrics) -> str:
        """The text for a value, one of these metrics."""
        return self.text.format(value) if isinstance(self.text, str) else self.text(metrics)


@dataclass(frozen=True)
class Metric(Generic[Value]):
    """A figure of merit of a deployment, made by :func:`metric` of the function that computes it.

    Attributes:
        name: The key in JSON and the attribute of :class:`Metrics`.
        unit: The unit; empty for a name, a share or a ratio.
        definition: One sentence; rules (R1 …) are those of docs/machine.md.
        value: What computes it.  It is None where that asks for an execution and there is none.
        report: The line of the report, or what gives several; None if another metric's line
            mentions it.  What is None is not printed.
        column: The column of tables that compare deployments; None if it is in none of them.
        scalar: Whether it is one value, and so a column of files with comma-separated values.
    """

    name: str
    unit: str
    definition: str
    value: Callable[[Measurement], Value]
    report: Line | Callable[[Metrics], Iterable[Row]] | None = None
    column: Line | None = None
    scalar: bool = True

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, by which deployments can be ordered."""
        returned = str(self.value.__annotations__.get("return", ""))
        return set(returned.replace("|", " ").split()) <= NUMBERS

    def measured(self, measurement: Measurement) -> Value | None:
        """The value; None if it needs cycles and there are none."""
        try:
            return self.value(measurement)
        except NoCyclesError:
            return None

    def rows(self, metrics: Metrics) -> list[Row]:
        """The lines of the report."""
        value = metrics.values[self.name]
        if self.report is None or value is None:
            return []
        if isinstance(self.report, Line):
            return [(self.report.label, self.report.shown(value, metrics))]
        return list(self.report(metrics))


def metric(
    unit: str = "",
    *,
    report: Line | Callable[[Metrics], Iterable[Row]] | None = None,
    column: Line | None = None,
    scalar: bool = True,
) -> Callable[[Callable[[Measurement], Value]], Metric[Value]]:
    """Make a metric of the function that computes it.

    The function has the metric's name, and its docstring begins with the definition.
    """

    def made(function: Callable[[Measurement], Value]) -> Metric[Value]:
        definition = (function.__doc__ or "").partition("\n")[0].removesuffix(".")
        return Metric(function.__name__, unit, definition, function, report, column, scalar)

    return made
