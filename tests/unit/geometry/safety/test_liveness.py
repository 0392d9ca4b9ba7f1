"""The quick look at programs: what it says to end does, and it says so of what the passes make."""

from __future__ import annotations

from random import Random

import pytest
from differential.deployments import add_waits
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.runtime.machine.programs import convolution, deployment, machine, parse
from unit.runtime.machine.random_programs import at_random, through_the_passes
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.safety.liveness import come_to_their_end
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of

SEEDS = st.integers(0, 2**32 - 1)


def comes_to_its_end(module: ModuleOp) -> bool:
    dataflow = dataflow_of(module)
    stage = next(op for op in module.ops if isinstance(op, OuStageOp))
    programs = programs_of(stage, dataflow)
    return come_to_their_end(dataflow, programs, [op.wait(dataflow) for op in stage.waits])


@examples(20)
@given(SEEDS, st.booleans())
def test_the_engine_runs_what_is_said_to_end(seed: int, waiting: bool) -> None:
    random = Random(seed)
    module = at_random(random)
    if waiting:
        add_waits(random, module)
    if comes_to_its_end(module):
        ReferenceEngine(program_of(module)).run()


@examples(20)
@given(SEEDS)
def test_what_the_passes_make_comes_to_its_end(seed: int) -> None:
    assert comes_to_its_end(through_the_passes(Random(seed)))


@pytest.mark.parametrize(
    ("by", "waits", "ends"),
    [
        ("[0, 0, 1, 1]", "", True),
        ("[0, 1, 0, 1]", "", True),
        ("[1, 0, 0, 1]", "", False),
        ("[0, 1, 0, 1]", "ou.wait @input for @b until [0, 1]", True),
        ("[0, 0, 1, 1]", "ou.wait @input for @b until [0, 1]", False),
    ],
)
def test_two_layers_in_turn_on_one_crossbar(by: str, waits: str, ends: bool) -> None:
    """Each window of @b reads the one of @a at its position."""
    module = parse(
        deployment(
            input="1x1x2xui8",
            ops=[
                convolution("a", "input", "1x1x2xui8 -> 1x1x2xui8", "1x1"),
                convolution("b", "a", "1x1x2xui8 -> 1x1x2xui8", "1x1"),
            ],
            places=["@a tiles 0 crossbars 0 at [0, 0]", "@b tiles 0 crossbars 0 at [1, 0]"],
            homes=["@a pes 0", "@b pes 0"],
            streams=[
                f"crossbars 0 {{ ou.interleave by {by} {{ "
                "ou.mvm @a windows 0 to 2 ou.mvm @b windows 0 to 2 } }"
            ],
        ).replace("ou.stream", f"{waits}\n ou.stream", 1),
        machine(),
    )
    assert comes_to_its_end(module) is ends
