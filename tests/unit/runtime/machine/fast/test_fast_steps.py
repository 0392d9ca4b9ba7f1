"""Steps in the fast engine: kept only where they may lead on, in memory that is there."""

from __future__ import annotations

from random import Random

import pytest
from unit.runtime.machine.programs import convolution, deployment, machine, parse
from unit.runtime.machine.random_programs import through_the_passes

from spatem_ir.support.errors import SpatemError

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines

from spatem_ir.runtime.machine.fast import computer
from spatem_ir.runtime.machine.fast import start as fast
from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram, fast_program_of
from spatem_ir.runtime.machine.fast.engine import FastEngine

POOLED = deployment(
    input="8x1x400xui8",
    ops=[
        convolution("a", "input", "8x1x400xui8 -> 1x1x400xui8", "1x1"),
        "%p = cnn.max_pool @p %a <1x20, strides 1x20> : tensor<1x1x400xui8> -> tensor<1x1x20xui8>",
    ],
    places=["@a tiles 0 crossbars 0 at [0, 0]"],
    homes=["@a pes 0", "@p pes 0"],
    streams=["crossbars 0 { ou.mvm @a windows 0 to 400 }"],
)
"""400 windows, each fetched, visited and activated; 20 outputs."""


@pytest.fixture
def program() -> FastProgram:
    """Each visit ends before the next position has entered: no step waits for the one before."""
    accelerator = machine(io={"bytes_per_cycle": 1}, ou={"dac_bits": 8, "cycles": 1})
    return fast_program_of(parse(POOLED, accelerator))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("room", [1, 2, 100])
def test_the_path_is_the_same_however_often_steps_are_dropped(
    seed: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "FIRST_STEPS", room)
    execution = expect_equal_engines(through_the_passes(Random(seed)), 2)
    assert execution is not None
    assert execution.path


def test_steps_that_lead_nowhere_take_no_room(
    program: FastProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    roomy = FastEngine(program, trace=True)
    expected = roomy.run()
    assert roomy.state.totals[0].steps == 1 + 3 * 400 + 2 * 20
    monkeypatch.setattr(fast, "FIRST_STEPS", 1)
    narrow = FastEngine(program, trace=True)
    assert narrow.run() == expected
    assert len(narrow.state.steps) <= 64


def test_too_little_memory_for_steps_is_said(
    program: FastProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "FIRST_STEPS", 1)
    engine = FastEngine(program, trace=True)
    monkeypatch.setattr(computer, "available_bytes", lambda: 100)
    with pytest.raises(SpatemError, match=r"fast engine needs 0\.000 GB for .*, 0\.000 GB are ava"):
        engine.run()


def test_without_a_trace_there_are_no_steps(program: FastProgram) -> None:
    traced, plain = FastEngine(program, trace=True), FastEngine(program)
    execution = plain.run()
    assert execution.path is None
    assert len(plain.state.bringers) == plain.state.totals[0].steps == 0
    assert execution.finished == traced.run().finished
