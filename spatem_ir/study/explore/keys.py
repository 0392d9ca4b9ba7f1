"""What an axis of a design space may be: of the machine, the import, a pass, or a word of its own.

Every value is checked alone, before anything is run; whether values suit each other turns out at
each point.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, get_type_hints

from xdsl.universe import Universe
from xdsl.utils.arg_spec import ArgSpec

from spatem_ir.dialects.level import Level
from spatem_ir.driver.pipeline import pass_text, passes_of, remaining_pipeline
from spatem_ir.frontend.load import PACKAGED_MODELS, network_names
from spatem_ir.frontend.options import ImportOptions
from spatem_ir.hardware.components import GROUPS, KINDS
from spatem_ir.hardware.loader import (
    DEFAULT_ACCELERATOR,
    checked_value,
    load_accelerator,
    preset_names,
)
from spatem_ir.hardware.overrides import KIND
from spatem_ir.passes.partition.register import default_strategy, strategy_from_spec, strategy_spec
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.explain import message_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spatem_ir.hardware.parameters import Value
    from spatem_ir.study.explore.axes import SpaceAxis
    from spatem_ir.study.explore.space import Space

WORDS = ("network", "accelerator", "strategy", "passes")
"""The axes that have no group."""

MACHINE_WORDS = "ou.wordlines, noc.kind"
"""Examples of axes of the machine."""

IMPORT = "import"
"""The group of the options of the import."""

NOT_OF_AXES = ("given", "shapes")
"""Fields of :class:`ImportOptions` that no axis can be."""


def group_of(name: str) -> tuple[str, str]:
    """The group of an axis, empty for a word, and its name in it."""
    group, _, key = name.rpartition(".")
    return group, key


def network_of_name(space: Space, name: str) -> str:
    """What a network of a space is read from: a known name, or a file beside the space's."""
    return name if name in network_names() else space.path(name)


def accelerator_of_name(space: Space, name: str) -> str:
    """What an accelerator of a space is read from: a preset, or a file beside the space's."""
    return name if name in preset_names() else space.path(name)


def check_axes(space: Space) -> None:
    """Check that all axes are known and that each of their values is possible.

    Raises:
        SpatemError: one is not; the line names the file, the axis and what is possible.
    """
    where = f"{space.file}: axes"
    if "network" not in space.by_name:
        raise SpatemError(f'{where}.network is missing; name a network, as network = "lenet"')
    for axis in space.axes:
        group, _ = group_of(axis.name)
        own = f"{where}.{axis.name}"
        if group == "":
            _check_word(space, axis, own)
        elif group in GROUPS:
            _check_key(space, axis, own)
        elif group == IMPORT:
            _check_import(space, axis, own)
        elif group in Universe.get_multiverse().all_passes:
            _check_option(space, axis, own)
        else:
            raise SpatemError(
                f"{own}: there is no group '{group}'; it is one of the machine "
                f"({', '.join(GROUPS)}), {IMPORT}, or a pass"
            )
    if "passes" in space.by_name and "strategy" in space.by_name:
        raise SpatemError(
            f"{where}.strategy: with an axis passes, the strategy is an option of one of them: "
            "name the axis partition.strategy"
        )
    goals = {goal.metric for goal in space.goals}
    if space.values is not None and "accuracy" in goals and space.values.labels is None:
        for name in space.all_values("network"):
            if name not in PACKAGED_MODELS or space.values.inputs is not None:
                raise SpatemError(
                    f"{space.file}: objective accuracy: no labels are known for {name}; give "
                    "values.inputs and values.labels, or take agreement"
                )


def _check_word(space: Space, axis: SpaceAxis, where: str) -> None:
    for value in space.all_values(axis.name):
        if not isinstance(value, str):
            raise SpatemError(f"{where} is {value!r}; it must be a text")
        if axis.name == "accelerator":
            load_accelerator(accelerator_of_name(space, value))
        elif axis.name == "strategy":
            try:
                strategy_from_spec(strategy_spec(value))
            except SpatemError as error:
                raise SpatemError(f"{where}: {error}") from error
        elif axis.name == "passes":
            _passes(value, where)
        elif value not in network_names() and not (space.file.parent / value).is_file():
            raise SpatemError(
                f"{where}: unknown network '{value}'; it is neither a name (spatem-run --list) nor "
                "a file, relative to this one"
            )


def _check_key(space: Space, axis: SpaceAxis, where: str) -> None:
    """Check a key of the machine: a kind of component that may be there has it, with the values."""
    group, name = group_of(axis.name)
    values = space.all_values(axis.name)
    if name == KIND and group in KINDS:
        for value in values:
            if value not in KINDS[group]:
                raise SpatemError(
                    f"{where} is {value!r}; it must be one of {', '.join(KINDS[group])}"
                )
        return
    classes = _possible_classes(space, group)
    declared = [(own, field) for own in classes for field in fields(own) if field.name == name]
    if not declared:
        names = dict.fromkeys(field.name for own in classes for field in fields(own))
        kind = f"{KIND}, " if group in KINDS else ""
        raise SpatemError(
            f"{where}: there is no such key; those of [{group}] are {kind}{', '.join(names)}"
        )
    for value in values:
        problems = []
        for own, field in declared:
            try:
                checked_value(field, get_type_hints(own)[name], value, where)
            except SpatemError as error:
                problems.append(error)
        if len(problems) == len(declared):
            raise problems[0]


def _possible_classes(space: Space, group: str) -> list[type]:
    """The parameters that a table of the machine may have: those of all kinds that may be there."""
    given = space.all_values("accelerator", (DEFAULT_ACCELERATOR,))
    bases = [load_accelerator(accelerator_of_name(space, str(name))) for name in given]
    kinds = space.all_values(f"{group}.{KIND}")
    classes = [type(getattr(base, group)) for base in bases]
    classes += [KINDS[group][str(kind)].Parameters for kind in kinds if kind in KINDS[group]]
    return list(dict.fromkeys(classes))


def _check_import(space: Space, axis: SpaceAxis, where: str) -> None:
    _, name = group_of(axis.name)
    known = {field.name: str(field.type) for field in fields(ImportOptions)}
    for each in NOT_OF_AXES:
        del known[each]
    if name not in known:
        raise SpatemError(f"{where}: there is no such option; those are {', '.join(known)}")
    wanted = next(kind for kind in (bool, int, str) if kind.__name__ in known[name])
    for value in space.all_values(axis.name):
        if type(value) is not wanted:
            raise SpatemError(f"{where} is {value!r}; it must be of type {wanted.__name__}")
        if name == "calibration" and not (space.file.parent / str(value)).is_file():
            raise SpatemError(f"{where}: there is no file '{value}', relative to this one")


def _check_option(space: Space, axis: SpaceAxis, where: str) -> None:
    """Check an option of a pass; one of partition may be an option of some strategy only."""
    name, option = group_of(axis.name)
    usual = remaining_pipeline(Level.CNN)
    running = {
        each
        for passes in (*map(str, space.all_values("passes")), usual)
        for each in _passes(passes, where)
    }
    if name not in running:
        raise SpatemError(f"{where}: {name} does not run; these do: {', '.join(sorted(running))}")
    made = Universe.get_multiverse().all_passes[name]()
    specs: list[dict[str, tuple[Value, ...]]] = [{}]
    if name == "partition":
        strategies = map(str, space.all_values("strategy", (default_strategy(),)))
        given = [strategy_spec(each) for each in strategies]
        for spec in given:
            if option in spec.parameters and "strategy" not in axis.when:
                raise SpatemError(
                    f"{where}: strategy {pass_text(spec)} says it already; leave one of them out"
                )
        specs = [{"strategy": (spec.name,)} for spec in given] if option != "strategy" else [{}]
    for value in space.all_values(axis.name):
        problems = []
        for spec in specs:
            try:
                made.from_spec(ArgSpec(name, {**spec, option: (value,)}))
            except Exception as error:
                problems.append(message_of(error) if isinstance(error, SpatemError) else str(error))
        if len(problems) == len(specs):
            raise SpatemError(f"{where} = {value}: {problems[0]}")


def _passes(pipeline: str, where: str) -> Iterable[str]:
    """The names of the passes of a pipeline."""
    try:
        return [text.partition("{")[0] for text in passes_of(pipeline)]
    except SpatemError as error:
        raise SpatemError(f"{where}: {error}") from error
