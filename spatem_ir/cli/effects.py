"""Options of `spatem-run` that would do nothing beside others are errors that say so."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from spatem_ir.cli.analog import OPTIONS
from spatem_ir.cli.pictures import PICTURES
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.dialects.level import Level
    from spatem_ir.hardware.overrides import Key
    from spatem_ir.hardware.parameters import Value

ALONE = ("--list", "--list-operators", "--print-preset", "--copy-examples")
"""Options that print something, in place of a run."""

OF_CYCLES = ("--images-in-flight", "--dispatch", "--critical-path", *PICTURES)
"""Options of the simulation."""


def check_alone(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Check that nothing stands beside an option that prints something in place of a run.

    Raises:
        SpatemError: something does.
    """
    given = [name for name, value in vars(arguments).items() if value != parser.get_default(name)]
    for option in ALONE:
        others = [_option(name) for name in given if _option(name) != option]
        if _name(option) in given and others:
            raise SpatemError(f"{others[0]} has no effect beside {option}; give {option} alone")


def check_effects(
    arguments: argparse.Namespace, level: Level, overrides: Mapping[Key, tuple[Value, ...]]
) -> None:
    """Check that each option has an effect at a level, and in a sweep if there are several values.

    Raises:
        SpatemError: one has none.
    """
    from spatem_ir.dialects.level import Level

    sweeps = any(len(values) > 1 for values in overrides.values())
    if sweeps:
        for option in ("--engine", *OF_CYCLES, "--level"):
            if _given(arguments, option):
                raise SpatemError(f"{option} is for a single run: a sweep counts no cycles")
        return
    if level is Level.CNN and _given(arguments, "--prefer"):
        raise SpatemError("--prefer has no effect at --level cnn: nothing is partitioned")
    of_cycles = [option for option in OF_CYCLES if _given(arguments, option)]
    if level is not Level.OU and _given(arguments, "--engine"):
        of_cycles.append("--engine")
    if of_cycles and (level is not Level.OU or arguments.engine == "none"):
        raise SpatemError(f"{of_cycles[0]} needs cycles: --level ou and an engine")
    if level not in (Level.PXB, Level.OU):
        for option in OPTIONS:
            if _given(arguments, option):
                raise SpatemError(
                    f"{option} has no effect at level {level}: operation units compute from level "
                    "pxb on"
                )


def _given(arguments: argparse.Namespace, option: str) -> bool:
    return bool(getattr(arguments, _name(option)))


def _name(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _option(name: str) -> str:
    return "INPUT" if name == "input" else f"--{name.replace('_', '-')}"
