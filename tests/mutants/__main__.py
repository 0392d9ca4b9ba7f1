"""Breaks one rule of one engine after the other: `python -m mutants`, in the folder `tests`.

The engines are compared on random programs in a temporary copy of the package.  Every mutation must
make the comparison fail, and without one it must not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from differential.deployments import add_waits
from mutants.rules import FAST, PACKAGE, REFERENCE, Mutant
from unit.runtime.machine import random_programs
from unit.runtime.machine.bus_machines import random_bus
from unit.runtime.machine.engines import expect_equal_engines
from unit.runtime.machine.lockstep_machines import random_lockstep
from unit.runtime.machine.random_programs import at_random, through_the_passes
from unit.runtime.machine.shared_machines import random_shared, synchronized
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.machine.dispatch import Dispatch

LONGEST = 900.0
"""Seconds that a comparison may take: a mutated program might not end."""


def main() -> int:
    """Print what every mutant comes to; returns how many were not noticed."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument(
        "--rules",
        nargs="+",
        default=[""],
        help="those alone that begin so, as in R12 or 'R8 buses'",
    )
    parser.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=[*KINDS], help="programs that are compared"
    )
    parser.add_argument("--compare", action="store_true", help="compare, in this very package")
    arguments = parser.parse_args()
    if arguments.compare:
        compare(arguments.programs, arguments.kinds)
        return 0
    unnoticed = 0
    print("engine     rule                         result")
    for engine, mutants in (("neither", [None]), ("fast", FAST), ("reference", REFERENCE)):
        for mutant in mutants:
            if mutant is not None and not mutant.rule.startswith(tuple(arguments.rules)):
                continue
            found = noticed(mutant, arguments.programs, arguments.kinds)
            unnoticed += (found is None) != (mutant is None)
            result = f"equal on {arguments.programs} programs" if found is None else found
            print(f"{engine:10} {'' if mutant is None else mutant.rule:28} {result}", flush=True)
    print(f"{unnoticed} unexpected")
    return unnoticed


def noticed(mutant: Mutant | None, programs: int, kinds: Sequence[str]) -> str | None:
    """Where the engines differ in a copy of the package with a mutation; None if nowhere."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / PACKAGE.name
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("*.pyc"))
        if mutant is not None:
            (copy / mutant.file).write_text(mutant.source())
        tests = Path(__file__).parents[1]
        paths = os.pathsep.join([folder, str(tests)])
        command = [sys.executable, "-m", "mutants", "--compare", "--programs", str(programs)]
        command += ["--kinds", *kinds]
        try:
            result = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": paths},
                timeout=LONGEST,
                capture_output=True,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"does not end within {LONGEST:.0f} s"
    if result.returncode == 0:
        return None
    lines = result.stdout.splitlines()
    return f"fails at {lines[-1]}" if lines else result.stderr.splitlines()[-1]


def compare(programs: int, kinds: Sequence[str]) -> None:
    """Compare the engines program by program; says which one it is first."""
    assert PACKAGE.parent == Path.cwd()
    for seed in range(programs // len(kinds)):
        for kind in kinds:
            print(f"program {kind} {seed}", flush=True)
            random = Random(1000 + seed)
            module, images = KINDS[kind](random), random.choice([1, 1, 2, 3])
            for dispatch in Dispatch:
                expect_equal_engines(module, images, dispatch)


def with_waits(random: Random) -> ModuleOp:
    """A random network deployed at random, some of whose nodes wait for others."""
    module = at_random(random)
    add_waits(random, module)
    return module


def in_lockstep(random: Random) -> ModuleOp:
    """A random deployment on a machine whose crossbars work in lockstep (R12)."""
    return on_another_machine(random, random_lockstep)


def on_a_bus(random: Random) -> ModuleOp:
    """A random deployment on a machine whose PEs share a bus."""
    return on_another_machine(random, random_bus)


def with_shared_memory(random: Random) -> ModuleOp:
    """A random deployment on a machine whose crossbars take turns (R13)."""
    make = random.choice([synchronized, synchronized, at_random])
    return on_another_machine(random, random_shared, [make])


def on_another_machine(
    random: Random,
    other: Callable[[Random, Accelerator], Accelerator],
    makers: Sequence[Callable[[Random], ModuleOp]] = (through_the_passes, at_random),
) -> ModuleOp:
    """A random deployment on a machine that is made of a usual one."""
    usual = random_programs.random_machine
    random_programs.random_machine = lambda random: other(random, usual(random))
    try:
        return random.choice(makers)(random)
    finally:
        random_programs.random_machine = usual


KINDS: dict[str, Callable[[Random], ModuleOp]] = {
    "passes": through_the_passes,
    "random": at_random,
    "waits": with_waits,
    "lockstep": in_lockstep,
    "bus": on_a_bus,
    "shared": with_shared_memory,
}
"""What makes a random program, by what the program is like."""


if __name__ == "__main__":
    sys.exit(main())
