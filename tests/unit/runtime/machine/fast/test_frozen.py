"""Programs in the order that crossbars chose (R11) take the cycles that they took then."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from differential.deployments import add_waits
from unit.runtime.machine.programs import convolution, dense, deployment, parse
from unit.runtime.machine.random_programs import at_random, through_the_passes
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.runtime.machine.log import EVERYTHING
from spatem_ir.runtime.machine.reference.program import only_stage
from spatem_ir.runtime.machine.schedule import VisitSchedule
from spatem_ir.support.errors import SpatemError

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_executions

from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram, elaborated
from spatem_ir.runtime.machine.fast.engine import FastEngine
from spatem_ir.runtime.machine.fast.results import logged_events, visit_starts


def programs_in(module: ModuleOp) -> list[CrossbarProgram]:
    return programs_of(only_stage(module), dataflow_of(module))


def with_programs(module: ModuleOp, programs: Sequence[CrossbarProgram]) -> FastProgram:
    """The deployment of a module whose crossbars run other programs."""
    stage, dataflow = only_stage(module), dataflow_of(module)
    return elaborated(
        dataflow,
        accelerator_of(module),
        homes=stage.placed().homes(dataflow),
        programs=programs,
        merges=stage.merges,
        waits=[op.wait(dataflow) for op in stage.waits],
    )


def ran_freely(module: ModuleOp, images: int = 1) -> FastEngine:
    program = with_programs(module, programs_in(module))
    return FastEngine(program, images, dispatch=Dispatch.FREE, log=EVERYTHING, trace=True)


@pytest.mark.parametrize("seed", range(60))
def test_a_frozen_order_takes_the_same_cycles(seed: int) -> None:
    """Every grant, arrival and change of a buffer, and the critical path, step by step."""
    random = Random(seed)
    module = random.choice([through_the_passes, at_random])(random)
    if random.random() < 0.5:
        add_waits(random, module)
        module.verify()
    free = ran_freely(module)
    try:
        expected = free.run()
    except SpatemError:
        return
    assert expected.schedule is not None
    frozen = list(expected.schedule.frozen(programs_in(module)))
    static = FastEngine(with_programs(module, frozen), log=EVERYTHING, trace=True)
    execution = static.run()
    assert sorted(logged_events(static.machine, static.state)) == sorted(
        logged_events(free.machine, free.state)
    )
    expect_equal_executions(execution, expected)
    again = FastEngine(with_programs(module, frozen), dispatch=Dispatch.FREE).run()
    assert again.schedule is not None
    assert again.finished == expected.finished


TWO_COPIES = deployment(
    input="1x1x3xui8",
    ops=[convolution("a", "input", "1x1x3xui8 -> 2x1x3xui8", "1x1", wwm=2, iw="2 cyclic")],
    places=["@a tiles 0 to 4 crossbars [0, 1, 0, 4] at [[0, 0, 1, 0], 0]"],
    homes=["@a pes 0 times 2"],
    streams=[
        "crossbars 0 { ou.mvm @a tile 1 windows 0 to 2\n ou.mvm @a windows 0 }",
        "crossbars 1 { ou.mvm @a windows 0 to 2 }",
        "crossbars 4 { ou.mvm @a windows 0 }",
    ],
)
"""Copies of two windows (0, 2) and one (1), each in two columns."""


def test_when_each_visit_started_by_tile_and_window() -> None:
    module = parse(TWO_COPIES)
    program = with_programs(module, programs_in(module))
    execution = FastEngine(program, 2, dispatch=Dispatch.FREE, log=EVERYTHING).run()
    assert execution.schedule is not None and execution.log is not None
    by_crossbar = execution.log.visit_starts()
    for image in range(2):
        starts = visit_starts(program, execution.schedule, image)["a"]
        # Tiles: copy 0 column 0, column 1, copy 1 column 0, column 1.
        assert starts.shape == (4, 2)
        assert starts[2:, 1].tolist() == [-1, -1]
        assert sorted([*starts[0], starts[2, 0]]) == by_crossbar[0][3 * image : 3 * image + 3]
        assert starts[1].tolist() == by_crossbar[1][2 * image : 2 * image + 2]
        assert starts[3, 0] == by_crossbar[4][image]
    pieces = execution.schedule.finished
    assert pieces.shape == (2, len(program.tables.pieces))
    assert (pieces[1] > pieces[0]).all()
    assert pieces.max(axis=1).tolist() == execution.finished


SHARED = deployment(
    input="4xui8",
    ops=[dense("a", "input", "4xui8 -> 4xui8", hwm=2, wwm=2)],
    places=["@a tiles 0 to 4 crossbars [0, 0, 4, 4] at [[0, 4, 0, 4], 0]"],
    homes=["@a pes 0 times 2"],
    streams=["crossbars [0, 4] { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
)
"""Two crossbars, each with both row parts of a column, run one stream."""


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([1, 0, 1, 0], [([0, 4], [[0, 2], [1, 3]], [1, 0])]),
        ([1, 0, 0, 1], [([0], [[0], [1]], [1, 0]), ([4], [[2], [3]], [0, 1])]),
        ([1, 3, 0, 2, 2, 0, 1, 3], [([0], [[0], [1]], [1, 0]), ([4], [[2], [3]], [0, 1])]),
    ],
)
def test_crossbars_that_ran_the_same_order_share_a_program(
    places: list[int], expected: list[tuple[list[int], list[list[int]], list[int]]]
) -> None:
    """The last case has two images in flight, of which the first one's order is taken."""
    visits = len(places) // 2
    schedule = VisitSchedule(
        crossbars=np.array([0, 4], np.int32),
        first=np.array([0, visits, 2 * visits]),
        places=np.array(places, np.int32),
        starts=np.zeros(2 * visits, np.int64),
        finished=np.zeros((1, 1), np.int64),
    )
    frozen = schedule.frozen(programs_in(parse(SHARED)))
    found = [(p.crossbars.tolist(), p.tiles.tolist(), p.bursts.tolist()) for p in frozen]
    assert found == expected
