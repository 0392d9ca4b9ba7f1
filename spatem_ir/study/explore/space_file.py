"""Design spaces from TOML files, checked key by key before anything is run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatem_ir.runtime.metrics.register import all_metrics
from spatem_ir.study.explore.axes import SpaceAxis, read_axis
from spatem_ir.study.explore.keys import MACHINE_WORDS, WORDS, check_axes
from spatem_ir.study.explore.space import (
    DEFAULT_GOALS,
    DEFAULT_POPULATION,
    Choosing,
    Goal,
    ImagesOfValues,
    Space,
    in_order,
)
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = ("explore", "objectives", "values", "axes")
SETTINGS = ("method", "points", "seed", "population", "images_in_flight")
SHARES = ("accuracy", "agreement")
"""What is measured of values, beside the metrics."""

DIRECTIONS = {"min": False, "max": True}
GUIDED = (Choosing.NSGA2, Choosing.TPE)
"""The ways to choose points that are guided by earlier results."""


def load_space(file: Path) -> Space:
    """Read a design space.

    Raises:
        SpatemError: the file cannot be read, or a key is missing, unknown or has a wrong value.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SpatemError(f"{file}: not a readable TOML file: {error}") from error
    for key in table:
        if key not in TABLES:
            tables = ", ".join(f"[{name}]" for name in TABLES)
            raise SpatemError(f"{file}: unknown key '{key}'; the tables are {tables}")
    explore, values = _table(table, "explore", file), _table(table, "values", file)
    choosing = _choosing(explore.get("method", "grid"), file)
    for key in explore:
        if key not in SETTINGS:
            raise SpatemError(
                f"{file}: unknown key 'explore.{key}'; the known ones are {', '.join(SETTINGS)}"
            )
    points = None
    if choosing is not Choosing.GRID:
        points = _number(explore, "points", f"{file}: explore", None, 1)
    for key, needed in (
        ("points", choosing is not Choosing.GRID),
        ("population", choosing in GUIDED),
    ):
        if key in explore and not needed:
            raise SpatemError(
                f"{file}: explore.{key} has no effect with method = {choosing}; leave it out"
            )
    goals = _goals(_table(table, "objectives", file), file)
    images = _images(values, file) if values else None
    for goal in goals:
        if goal.metric in SHARES and images is None:
            raise SpatemError(
                f"{file}: objective {goal.metric} needs values: add a table [values] with "
                "images = 100"
            )
    axes = tuple(_axes(_table(table, "axes", file), f"{file}: axes"))
    space = Space(
        file,
        in_order(axes, f"{file}: axes"),
        goals,
        choosing,
        points,
        _number(explore, "seed", f"{file}: explore", 0, 0),
        _number(explore, "population", f"{file}: explore", DEFAULT_POPULATION, 2),
        _number(explore, "images_in_flight", f"{file}: explore", 1, 1),
        images,
    )
    check_axes(space)
    return space


def _table(table: Mapping[str, Any], name: str, file: Path) -> Mapping[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, Mapping):
        raise SpatemError(f"{file}: '{name}' must be a table: [{name}]")
    return found


def _choosing(name: object, file: Path) -> Choosing:
    if name not in list(Choosing):
        raise SpatemError(
            f"{file}: explore.method is {name!r}; it must be one of {', '.join(Choosing)}"
        )
    return Choosing(str(name))


def _number(table: Mapping[str, Any], key: str, where: str, default: int | None, least: int) -> int:
    """A whole number of a table."""
    value = table.get(key, default)
    if value is None:
        raise SpatemError(f"{where}.{key} is missing; say how many, as {key} = 200")
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SpatemError(f"{where}.{key} is {value!r}; it must be a whole number from {least} on")
    return value


def _goals(table: Mapping[str, Any], file: Path) -> tuple[Goal, ...]:
    """The objectives: numbers that there will be one of for each point."""
    known = [*SHARES, *(name for name, each in all_metrics().items() if each.is_number)]
    for name, direction in table.items():
        if name not in known:
            raise SpatemError(
                f"{file}: unknown objective '{name}'; one of {', '.join(known)} "
                "(spatem-run --list says what they are)"
            )
        if direction not in list(DIRECTIONS):
            raise SpatemError(f'{file}: objectives.{name} is {direction!r}; write "min" or "max"')
    if not table:
        return DEFAULT_GOALS
    return tuple(Goal(name, DIRECTIONS[direction]) for name, direction in table.items())


def _images(table: Mapping[str, Any], file: Path) -> ImagesOfValues:
    known = ("images", "inputs", "labels")
    for key, value in table.items():
        if key not in known:
            raise SpatemError(
                f"{file}: unknown key 'values.{key}'; the known ones are {', '.join(known)}"
            )
        if key != "images" and not (isinstance(value, str) and (file.parent / value).is_file()):
            raise SpatemError(
                f"{file}: values.{key} is {value!r}; it must be a file, relative to this one"
            )
    if "labels" in table and "inputs" not in table:
        raise SpatemError(f"{file}: values.labels are those of values.inputs, which is missing")
    return ImagesOfValues(
        _number(table, "images", f"{file}: values", None, 1),
        file.parent / table["inputs"] if "inputs" in table else None,
        file.parent / table["labels"] if "labels" in table else None,
    )


def _axes(table: Mapping[str, Any], where: str) -> Iterator[SpaceAxis]:
    """The axes of a table of tables: a word, or a name in a group."""
    for group, given in table.items():
        if "." in group:
            raise SpatemError(f"{where}: write {group} without quotes: it is a key in a table")
        if group in WORDS:
            yield read_axis(group, given, f"{where}.{group}")
        elif not isinstance(given, Mapping):
            raise SpatemError(
                f"{where}: unknown axis '{group}'; it is {', '.join(WORDS)}, or a key with its "
                f"group: {MACHINE_WORDS}, import.weight_bits, order.buffers"
            )
        else:
            for name, values in given.items():
                yield read_axis(f"{group}.{name}", values, f"{where}.{group}.{name}")
