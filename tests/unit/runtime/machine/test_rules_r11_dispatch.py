"""R11: crossbars that run, of the visits whose operands are there, the first of their stream."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from differential.deployments import add_waits
from unit.runtime.machine.programs import convolution, dense, deployment, machine, parse, run
from unit.runtime.machine.random_programs import at_random, through_the_passes
from unit.runtime.machine.test_deadlock import FIRST, SECOND, chain

from spatem_ir.runtime.machine.dispatch import Dispatch, dispatch_named
from spatem_ir.runtime.machine.engine import ENGINES, executor
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.runtime.metrics.register import metrics_of
from spatem_ir.support.errors import SpatemError

LATE_FIRST = deployment(
    input="4xui8",
    ops=[
        dense("mid", "input", "4xui8 -> 2xui8"),
        dense("late", "mid", "2xui8 -> 2xui8"),
        dense("early", "input", "4xui8 -> 2xui8"),
        "%sum = cnn.add @sum %late, %early : tensor<2xui8>, tensor<2xui8> -> tensor<2xui8>",
    ],
    places=[
        "@mid tiles 0 crossbars 1 at [0, 0]",
        "@late tiles 0 crossbars 0 at [0, 0]",
        "@early tiles 0 crossbars 0 at [4, 4]",
    ],
    homes=["@mid pes 0", "@late pes 0", "@early pes 0", "@sum pes 0"],
    streams=[
        "crossbars 0 { ou.mvm @late windows 0\n ou.mvm @early windows 0 }",
        "crossbars 1 { ou.mvm @mid windows 0 }",
    ],
)
"""The stream of crossbar 0 has first what takes longest to come."""


def test_what_is_ready_overtakes_what_is_not() -> None:
    """4 bytes enter by 1; a fetch takes a cycle, a visit 8 · 4 = 32, pipeline 1, activation 2."""
    static = run(LATE_FIRST)
    # @mid: fetched by 2, valid at 35, activated at 37.  @late: 38 to 70, then @early: to 102, valid
    # at 103, activated at 105.  The sum of 4 values takes 4 cycles, 2 bytes leave in one.
    assert static.visit_starts == {0: [38, 70], 1: [2]}
    assert static.finished == [105 + 4 + 1]
    assert static.schedule is None
    free = run(LATE_FIRST, dispatch=Dispatch.FREE)
    # @early is fetched first, by 2; @mid by 3, valid at 36, activated after @early, 37 to 39.
    # @late: fetched by 40, visit to 72, valid at 73, activated at 75.
    assert free.visit_starts == {0: [2, 40], 1: [3]}
    assert free.finished == [75 + 4 + 1]
    schedule = free.schedule
    assert schedule is not None
    assert schedule.places[schedule.of(0)].tolist() == [1, 0]
    assert schedule.starts[schedule.of(0)].tolist() == [2, 40]
    assert schedule.starts[schedule.of(1)].tolist() == [3]
    # Pieces: input, mid, late, early, sum, output.
    assert schedule.finished.tolist() == [[1, 39, 75, 37, 79, 80]]
    with pytest.raises(KeyError):
        schedule.of(2)


@pytest.mark.parametrize("engine", ENGINES)
def test_both_engines_do_it(engine: str) -> None:
    pytest.importorskip("numba")
    execute = executor(engine, parse(LATE_FIRST), source="late", trace=True)
    assert [execute(1).finished, execute(1, Dispatch.FREE).finished] == [[110], [80]]


def test_the_first_of_the_stream_is_chosen_of_those_that_are_ready() -> None:
    """The other order of the same stream, in which both are there when the crossbar is free."""
    first = run(chain(FIRST + SECOND), dispatch=Dispatch.FREE)
    assert first.visit_starts == run(chain(FIRST + SECOND)).visit_starts


def test_a_stream_that_deadlocks_in_order_need_not_freely() -> None:
    with pytest.raises(SpatemError, match="deadlocks"):
        run(chain(SECOND + FIRST))
    free = run(chain(SECOND + FIRST), dispatch=Dispatch.FREE)
    assert free.visit_starts == run(chain(FIRST + SECOND)).visit_starts


THREE_ROWS = deployment(
    input="20xui8",
    ops=[dense("a", "input", "20xui8 -> 2xui8", hwm=3, tile="8x2")],
    places=["@a tiles 0 to 3 crossbars 0 at [[0, 8, 0], [0, 0, 2]]"],
    homes=["@a pes 0"],
    streams=[
        "crossbars 0 { " + "\n".join(f"ou.mvm @a tile {n} windows 0" for n in range(3)) + " }"
    ],
)
"""Operands of 8, 8 and 4 bytes, all of which are there at cycle 5."""


def test_an_operand_that_does_not_fit_is_waited_for() -> None:
    """A share of 12 bytes: the second operand comes when the first visit has ended.

    The third would have fitted, but the stream has the second before it.
    """
    accelerator = machine(cu={"input_register_bytes": 24})
    free = run(THREE_ROWS, accelerator, dispatch=Dispatch.FREE)
    # Fetches of 2 cycles, visits of 2 · 8 · 4 = 64.
    assert free.visit_starts == {0: [7, 71 + 2, 137]}
    assert free.visit_starts == run(THREE_ROWS, accelerator).visit_starts


def test_the_windows_of_a_tile_keep_their_order() -> None:
    """Window 1 of the second layer could be visited before window 0: the stream has it so."""
    text = deployment(
        input="1x1x2xui8",
        ops=[
            convolution("a", "input", "1x1x2xui8 -> 1x1x2xui8", "1x1"),
            convolution("b", "a", "1x1x2xui8 -> 1x1x2xui8", "1x1"),
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]", "@b tiles 0 crossbars 1 at [0, 0]"],
        homes=["@a pes 0", "@b pes 0"],
        streams=[
            "crossbars 0 { ou.mvm @a windows [1, 0] }",
            "crossbars 1 { ou.mvm @b windows [0, 1] }",
        ],
    )
    free = run(text, dispatch=Dispatch.FREE)
    assert free.visit_starts == run(text).visit_starts
    assert free.schedule is not None
    assert free.schedule.places.tolist() == [0, 1, 0, 1]


def test_images_in_flight_go_on_while_others_wait() -> None:
    """The next image's visit of @early comes before that of @late of the image before."""
    free = run(LATE_FIRST, images=2, dispatch=Dispatch.FREE)
    assert free.schedule is not None
    assert free.schedule.places[free.schedule.of(0)].tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize("seed", range(40))
def test_every_visit_runs_once_and_figures_fit_together(seed: int) -> None:
    random = Random(seed)
    module = random.choice([through_the_passes, at_random])(random)
    if random.random() < 0.5:
        add_waits(random, module)
        module.verify()
    program, images = program_of(module), random.choice([1, 2, 3])
    engine = ReferenceEngine(program, images, dispatch=Dispatch.FREE)
    try:
        ReferenceEngine(program, images).run()
    except SpatemError:
        return
    execution = engine.run()
    schedule, units = execution.schedule, program.accelerator.components.compute_unit
    assert schedule is not None
    for crossbar, visits in program.streams.items():
        places = schedule.places[schedule.of(crossbar)]
        starts = schedule.starts[schedule.of(crossbar)]
        assert sorted(places.tolist()) == list(range(images * len(visits)))
        ran = [visits[place % len(visits)] for place in places.tolist()]
        for tile in {(visit.operand.node, visit.tile) for visit in ran}:
            own = [(visit.operand.node, visit.tile) == tile for visit in ran]
            assert (np.diff(places[own]) > 0).all()
        lasting = np.array([units.visit_cycles(visit.operations) for visit in ran])
        assert (np.diff(starts) >= lasting[:-1]).all()
    assert (schedule.finished >= 0).all()
    assert schedule.finished.max() <= execution.ended
    if images == 1:
        metrics_of(module, execution)


def test_an_unknown_dispatch() -> None:
    assert dispatch_named("free") is Dispatch.FREE
    with pytest.raises(SpatemError, match="unknown dispatch 'quick'; there are static, free"):
        dispatch_named("quick")
