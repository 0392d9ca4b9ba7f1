"""A design space: its axes, what is wanted of a design, and how its points are chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.hardware.parameters import Value
    from spatem_ir.study.explore.axes import SpaceAxis, SpacePoint


class Choosing(StrEnum):
    """How points of a space are chosen."""

    GRID = "grid"
    """All of them, the last axis first."""
    RANDOM = "random"
    """Different ones, drawn with a seed."""
    NSGA2 = "nsga2"
    """In generations by the genetic algorithm NSGA-II."""
    TPE = "tpe"
    """In groups by a tree-structured Parzen estimator."""


@dataclass(frozen=True)
class Goal:
    """A metric that should be as small, or as large, as possible."""

    metric: str
    is_maximised: bool

    @property
    def direction(self) -> Literal["minimize", "maximize"]:
        """What should be done to it: ``minimize`` or ``maximize``."""
        return "maximize" if self.is_maximised else "minimize"


DEFAULT_GOALS = tuple(Goal(name, False) for name in ("latency_cycles", "energy_nj", "area_mm2"))

DEFAULT_POPULATION = 40
"""Points that are chosen at a time where earlier results guide the choice."""


@dataclass(frozen=True)
class ImagesOfValues:
    """The images on which values are executed, for accuracies.

    So many of the held-out digits of a packaged network, otherwise of the file `inputs`, with the
    classes of the file `labels`, if they are known, or of random ones.
    """

    images: int
    inputs: Path | None = None
    labels: Path | None = None


@dataclass(frozen=True)
class Space:
    """A design space as its file describes it.

    Attributes:
        file: Its file, by which messages name it; paths in it are relative to the file's folder.
        axes: The axes, each after those that it needs.
        goals: What is wanted of a design.
        choosing: How points are chosen.
        points: How many are chosen; None for all.
        seed: The seed of the choice.
        population: How many are chosen at a time where earlier results guide the choice.
        images_in_flight: Images that overlap when the interval is measured.
        values: The images on which values are executed; None if they are not.
    """

    file: Path
    axes: tuple[SpaceAxis, ...]
    goals: tuple[Goal, ...] = DEFAULT_GOALS
    choosing: Choosing = Choosing.GRID
    points: int | None = None
    seed: int = 0
    population: int = DEFAULT_POPULATION
    images_in_flight: int = 1
    values: ImagesOfValues | None = None
    by_name: Mapping[str, SpaceAxis] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {axis.name: axis for axis in self.axes})

    def path(self, name: str) -> str:
        """A file that the space names."""
        return str(self.file.parent / name)

    def all_values(self, name: str, default: Sequence[Value] = ()) -> Sequence[Value]:
        """All values that an axis can have; `default` if there is no such axis."""
        if name not in self.by_name:
            return default
        axis = self.by_name[name]
        return axis.values if axis.same_as is None else self.all_values(axis.same_as)


def in_order(axes: Sequence[SpaceAxis], where: str) -> tuple[SpaceAxis, ...]:
    """Axes as they are given, but each after those that it needs.

    Raises:
        SpatemError: one needs an axis that there is not, a value that it never has, or itself.
    """
    known = {axis.name: axis for axis in axes}
    for axis in axes:
        for name in axis.needs:
            if name not in known:
                raise SpatemError(
                    f"{where}.{axis.name}: there is no axis '{name}'; the axes are "
                    f"{', '.join(known)}"
                )
        for name, wanted in axis.when.items():
            values = known[name].values
            for value in wanted:
                if value not in values and known[name].same_as is None:
                    shown = ", ".join(map(str, values[:10]))
                    raise SpatemError(
                        f"{where}.{axis.name}: when {name} = {value} is never the case; its values "
                        f"are {shown}"
                    )
    ordered: dict[str, SpaceAxis] = {}
    waiting = list(axes)
    while waiting:
        ready = next((axis for axis in waiting if all(n in ordered for n in axis.needs)), None)
        if ready is None:
            names = ", ".join(axis.name for axis in waiting)
            raise SpatemError(
                f"{where}: the axes {names} need each other; remove a when or same_as"
            )
        waiting.remove(ready)
        ordered[ready.name] = ready
    return tuple(ordered.values())


def grid_points(space: Space) -> Iterator[SpacePoint]:
    """All points of a space; those that differ in the last axis follow each other."""
    return _grid({}, space.axes)


def _grid(point: SpacePoint, axes: Sequence[SpaceAxis]) -> Iterator[SpacePoint]:
    if not axes:
        yield point
        return
    axis, rest = axes[0], axes[1:]
    choices = axis.choices(point)
    if not choices:
        yield from _grid(point, rest)
    for value in choices:
        yield from _grid({**point, axis.name: value}, rest)
