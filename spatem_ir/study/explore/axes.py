"""An axis of a design space: its values, and the points in which it is there at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.hardware.parameters import Value

SpacePoint = Mapping[str, "Value"]
"""A point of a design space: the value of each axis that is there, by the name of the axis."""

MOST_VALUES = 1_000_000
"""Values of one axis: a typing error must not fill the memory."""

SIGNIFICANT_DIGITS = 6
"""Digits of the values of a range that is given by a count."""

RANGE_KEYS = ("from", "to", "step", "factor", "count", "log")
FORMS = (
    "write a value, a list, { from = 1, to = 8 } with step, factor or count, { values = [...] }, "
    'or { same_as = "ou.bitlines" }'
)


@dataclass(frozen=True)
class SpaceAxis:
    """An axis: its name, as ``ou.wordlines``, and its values in ascending order of interest.

    `when` has, by name of another axis, the values at which this axis is there; elsewhere what it
    would change stays as it is.  With `same_as` it has no values of its own, but that of another
    axis.
    """

    name: str
    values: Sequence[Value]
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    same_as: str | None = None

    def choices(self, point: SpacePoint) -> Sequence[Value]:
        """The values that it can have at a point, of which all axes before it are decided.

        None if the axis, or the one with which it goes, is not there.
        """
        if any(name not in point or point[name] not in own for name, own in self.when.items()):
            return ()
        if self.same_as is None:
            return self.values
        return (point[self.same_as],) if self.same_as in point else ()

    @property
    def needs(self) -> list[str]:
        """The axes that must be decided before this one."""
        return [*self.when, *([] if self.same_as is None else [self.same_as])]


def read_axis(name: str, given: object, where: str) -> SpaceAxis:
    """An axis as it is given in TOML; `where` names it in messages.

    Raises:
        SpatemError: it is given in none of the forms that there are.
    """
    if not isinstance(given, Mapping):
        return SpaceAxis(name, _values(given, where))
    known = ("values", "same_as", "when", *RANGE_KEYS)
    for key in given:
        if key not in known:
            raise SpatemError(f"{where}: unknown key '{key}'; {FORMS}, each with when if wanted")
    forms = [each for each in ("values", "same_as", "from") if each in given]
    stray = [key for key in RANGE_KEYS if key in given and forms != ["from"]]
    if len(forms) != 1 or stray:
        raise SpatemError(f"{where}: {FORMS}")
    when = _condition(given.get("when", {}), where)
    if forms == ["same_as"]:
        if not isinstance(given["same_as"], str):
            raise SpatemError(f"{where}: same_as must be the name of another axis")
        return SpaceAxis(name, (), when, given["same_as"])
    values = _values(given["values"], where) if forms == ["values"] else _range(given, where)
    return SpaceAxis(name, values, when)


def _values(given: object, where: str) -> tuple[Value, ...]:
    """A value or a list of different ones."""
    values: list[Any] = given if isinstance(given, list) else [given]
    if not values:
        raise SpatemError(f"{where}: the list is empty; name at least one value")
    for value in values:
        if not isinstance(value, int | float | bool | str):
            raise SpatemError(f"{where}: {value!r} is no value; {FORMS}")
    if len({(type(value), value) for value in values}) < len(values):
        raise SpatemError(f"{where}: names a value twice; leave one of them out")
    return tuple(values)


def _condition(given: object, where: str) -> dict[str, tuple[Value, ...]]:
    """The values of other axes at which an axis is there."""
    if not isinstance(given, Mapping):
        raise SpatemError(f'{where}: when must be a table, as when = {{ noc.kind = "bus" }}')
    return {name: _values(each, f"{where}: when") for name, each in flattened(given).items()}


def flattened(tables: Mapping[str, Any]) -> dict[str, Any]:
    """The values of tables in tables by their names with dots."""
    found: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            found |= {f"{key}.{inner}": own for inner, own in flattened(value).items()}
        else:
            found[key] = value
    return found


def _range(given: Mapping[str, Any], where: str) -> Sequence[Value]:
    """The values of a range; whole numbers if its ends and its step or factor are."""
    for key in RANGE_KEYS[:-1]:
        number = given.get(key, 0)
        if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
            raise SpatemError(f"{where}: {key} = {number!r} must be a finite number")
    if "to" not in given:
        raise SpatemError(f"{where}: 'to', the end of the range, is missing")
    first, last = given["from"], given["to"]
    whole = isinstance(first, int) and isinstance(last, int)
    ways = [key for key in ("step", "factor", "count") if key in given] or ["step"] * whole
    if len(ways) != 1:
        raise SpatemError(f"{where}: give one of step, factor and count")
    if "log" in given and (ways != ["count"] or not isinstance(given["log"], bool)):
        raise SpatemError(f"{where}: log = true spreads a count; give it with count only")
    if not first < last:
        raise SpatemError(f"{where}: from = {first} must be less than to = {last}")
    match ways[0]:
        case "step":
            return _stepped(first, last, given.get("step", 1), where)
        case "factor":
            return _multiplied(first, last, given["factor"], where)
    return _counted(first, last, given["count"], given.get("log", False), where)


def _stepped(first: float, last: float, step: float, where: str) -> tuple[Value, ...]:
    start, stop, by = (Decimal(str(each)) for each in (first, last, step))
    if by <= 0:
        raise SpatemError(f"{where}: step = {step} must be positive")
    count = int((stop - start) / by) + 1
    _expect_few(count, where)
    kind = int if all(isinstance(each, int) for each in (first, step)) else float
    return tuple(kind(start + by * number) for number in range(count))


def _multiplied(first: float, last: float, factor: float, where: str) -> tuple[Value, ...]:
    if factor <= 1 or first <= 0:
        raise SpatemError(f"{where}: with a factor, from must be positive and factor more than 1")
    kind = int if all(isinstance(each, int) for each in (first, factor)) else float
    number, by = Decimal(str(first)), Decimal(str(factor))
    values: list[Value] = []
    while number <= Decimal(str(last)):
        values.append(kind(number))
        _expect_few(len(values), where)
        number *= by
    return tuple(values)


def _counted(first: float, last: float, count: float, log: bool, where: str) -> tuple[Value, ...]:
    if not isinstance(count, int) or count < 2:
        raise SpatemError(f"{where}: count = {count} must be a whole number of at least 2")
    if log and first <= 0:
        raise SpatemError(f"{where}: with log = true, from must be positive")
    _expect_few(count, where)
    shares = [number / (count - 1) for number in range(count)]
    spread = [
        first * (last / first) ** share if log else first + (last - first) * share
        for share in shares
    ]
    if isinstance(first, int) and isinstance(last, int):
        return tuple(dict.fromkeys(round(each) for each in spread))
    return tuple(dict.fromkeys(float(f"{each:.{SIGNIFICANT_DIGITS}g}") for each in spread))


def _expect_few(count: int, where: str) -> None:
    if count > MOST_VALUES:
        raise SpatemError(f"{where}: an axis has at most {MOST_VALUES:,} values; give larger steps")
