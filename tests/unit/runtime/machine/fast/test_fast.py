"""The fast engine against the reference engine: every event, on random networks and deployments."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random

import pytest
from differential.deployments import add_waits
from unit.runtime.machine.programs import dense, deployment, parse
from unit.runtime.machine.random_programs import at_random, place_on, through_the_passes

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.runtime.machine.log import EVERYTHING
from spatem_ir.support.errors import SpatemError

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines

from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
from spatem_ir.runtime.machine.fast.engine import FastEngine, LateError
from spatem_ir.runtime.machine.fast.records import Records
from spatem_ir.runtime.machine.fast.start import chained

PROGRAMS = int(os.environ.get("SPATEM_EXAMPLES", 100))


@pytest.mark.parametrize("seed", range(PROGRAMS // 2))
def test_programs_of_the_passes(seed: int) -> None:
    random = Random(1000 + seed)
    execution = expect_equal_engines(through_the_passes(random), random.choice([1, 1, 2, 3]))
    assert execution is not None


@pytest.mark.parametrize("seed", range(PROGRAMS - PROGRAMS // 2))
def test_programs_made_at_random(seed: int) -> None:
    random = Random(1000 + seed)
    expect_equal_engines(at_random(random), random.choice([1, 1, 2, 3]))


@pytest.mark.parametrize("seed", range(PROGRAMS // 2))
def test_programs_with_waits(seed: int) -> None:
    random = Random(2000 + seed)
    module = random.choice([through_the_passes, at_random])(random)
    add_waits(random, module)
    module.verify()
    expect_equal_engines(module, random.choice([1, 1, 2, 3]))


@pytest.mark.parametrize("cycles", [1000, 16384, 5_000_000, 2**31 - 1])
def test_programs_that_last_long(cycles: int) -> None:
    """Many epochs of events, most of them without any."""
    for seed in range(3):
        module = through_the_passes(Random(seed))
        slow = accelerator_of(module)
        place_on(module, replace(slow, ou=replace(slow.ou, cycles=cycles)))
        execution = expect_equal_engines(module, 2)
        assert execution is not None
        assert execution.finished[0] > cycles


CHAIN = deployment(
    input="4xui8",
    ops=[dense("first", "input", "4xui8 -> 4xui8"), dense("second", "first", "4xui8 -> 2xui8")],
    places=["@first tiles 0 crossbars 3 at [0, 0]", "@second tiles 0 crossbars 4 at [0, 0]"],
    homes=["@first pes 0", "@second pes 1"],
    streams=[
        "crossbars 3 { ou.mvm @first windows 0 }",
        "crossbars 4 { ou.mvm @second windows 0 }",
    ],
)


def test_without_a_log_only_what_metrics_need_is_kept() -> None:
    program = fast_program_of(parse(CHAIN))
    logged, plain = FastEngine(program, log=EVERYTHING).run(), FastEngine(program).run()
    assert logged.log is not None
    assert list(logged.log.visit_starts()) == [3, 4]
    assert sorted(logged.log.buffer_changes()) == sorted(logged.buffers.peaks())
    assert plain.log is None
    assert plain.buffers.peaks() == logged.buffers.peaks() != {}
    assert plain.finished == logged.finished


def test_a_program_is_executed_again_from_the_start() -> None:
    program = fast_program_of(parse(CHAIN))
    assert FastEngine(program).run().finished == FastEngine(program).run().finished


def test_an_execution_ends_where_it_is_too_late() -> None:
    program = fast_program_of(parse(CHAIN))
    whole = FastEngine(program).run()
    assert FastEngine(program, latest=whole.finished[0]).run() == whole
    engine = FastEngine(program, latest=whole.finished[0] - 1)
    with pytest.raises(LateError, match=f"goes on after cycle {whole.finished[0] - 1}"):
        engine.run()
    assert engine.state.totals[0].now <= whole.finished[0]


@pytest.mark.parametrize("seed", [1, 6, 8, 12, 24])
def test_pools_grow_when_they_run_out(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools in which the largest event fits just once are too small after the first event."""
    growths = []

    def counted(old: Records, *more: int) -> Records:
        growths.append(len(old))
        return chained(old, *more)

    monkeypatch.setattr("spatem_ir.runtime.machine.fast.start.RESERVES", 1)
    monkeypatch.setattr("spatem_ir.runtime.machine.fast.start.chained", counted)
    expect_equal_engines(at_random(Random(seed)), 2)
    assert sum(size > 0 for size in growths) >= 2


def test_too_little_memory_is_said_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    program = fast_program_of(parse(CHAIN))
    monkeypatch.setattr("spatem_ir.runtime.machine.fast.computer.available_bytes", lambda: 100)
    with pytest.raises(SpatemError, match=r"needs 0\.00. GB for 2 images in flight, 0\.000 GB"):
        FastEngine(program, 2)


def test_too_many_images_for_ranks_are_refused() -> None:
    program = fast_program_of(parse(CHAIN))
    with pytest.raises(SpatemError, match="images in flight are too many for the fast engine"):
        FastEngine(program, 2**58)
