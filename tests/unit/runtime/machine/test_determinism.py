"""The result depends on the program alone: not on the run, the order of the text or of events."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import permutations
from random import Random

import pytest
from unit.runtime.machine.programs import (
    convolution,
    dense,
    departures,
    deployment,
    machine,
    program,
    run,
)

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.reference import engine as reference
from spatem_ir.runtime.machine.reference.clock import Clock
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine

STREAMS = (
    "crossbars 0 { ou.mvm @a windows 0 to 4 }",
    "crossbars [1, 2] { ou.mvm @a windows 0 to 4 }",
    "crossbars 5 { ou.mvm @a windows 0 to 4\n ou.mvm @b windows 0 }",
    "crossbars 12 { ou.mvm @b windows 0 }",
)


def everywhere(streams: tuple[str, ...]) -> str:
    """Two layers and a pooling over three PEs; most requests of a PE come in the same cycles."""
    return deployment(
        input="4x2x2xui8",
        ops=[
            convolution("a", "input", "4x2x2xui8 -> 8x2x2xui8", "1x1", hwm=2, wwm=2),
            "%p = cnn.max_pool @p %a <2x1> : tensor<8x2x2xui8> -> tensor<8x1x2xui8>",
            "%f = cnn.flatten %p : tensor<8x1x2xui8> -> tensor<16xui8>",
            dense("b", "f", "16xui8 -> 3xui8", hwm=2),
        ],
        places=[
            "@a tiles 0 to 4 crossbars [0, 1, 2, 5] at [0, 0]",
            "@b tiles 0 to 2 crossbars [5, 12] at [8, 0]",
        ],
        homes=["@a pes [0, 1]", "@p pes [1, 0]", "@b pes 3"],
        streams=streams,
    )


SLOW = machine(pe={"port_bytes_per_cycle": 1}, io={"bytes_per_cycle": 16})


def facts(execution: Execution) -> dict[str, object]:
    """All that happened, in a form that does not depend on the order of tables."""
    occupancy = {pe: sorted(changes) for pe, changes in execution.buffers.changes.items()}
    ran = execution.schedule
    order = None if ran is None else {name: values.tolist() for name, values in vars(ran).items()}
    return {**vars(execution), "buffers": occupancy, "schedule": order}


def test_two_runs_are_identical() -> None:
    again = [ReferenceEngine(program(everywhere(STREAMS), SLOW), images=2).run() for _ in "12"]
    assert again[0] == again[1]


def test_an_engine_leaves_its_program_as_it_was() -> None:
    shared = program(everywhere(STREAMS), SLOW)
    assert ReferenceEngine(shared).run() == ReferenceEngine(shared).run()


def test_the_order_of_streams_in_the_text_does_not_matter() -> None:
    expected = facts(run(everywhere(STREAMS), SLOW, images=2))
    for streams in permutations(STREAMS):
        assert facts(run(everywhere(streams), SLOW, images=2)) == expected


def test_the_order_of_tables_does_not_matter() -> None:
    """The same program with its dictionaries filled in the opposite order."""
    shared = program(everywhere(STREAMS), SLOW)
    expected = facts(ReferenceEngine(shared).run())
    for table in ("streams", "operand_pieces", "contributors", "readers"):
        setattr(shared, table, dict(reversed(getattr(shared, table).items())))
    shared.digital.reverse()
    for piece, pes in shared.readers.items():
        shared.readers[piece] = type(pes)(dict(reversed(pes.items())))
    assert facts(ReferenceEngine(shared).run()) == expected


def shuffled_clock(random: Random) -> type[Clock]:
    """A clock that processes the events of a cycle in a random order."""

    class Shuffled(Clock):
        def at(self, time: int, action: Callable[[], None]) -> None:
            number = random.getrandbits(64) << 32 | next(self._numbers)
            heapq.heappush(self._events, (time, number, action, self.cause))

    return Shuffled


def expect_the_same_in_any_order(
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    accelerator: Accelerator,
    dispatch: Dispatch = Dispatch.STATIC,
) -> Execution:
    execution = run(text, accelerator, 2, dispatch)
    expected = facts(execution)
    for seed in range(10):
        monkeypatch.setattr(reference, "Clock", shuffled_clock(Random(seed)))
        assert facts(run(text, accelerator, 2, dispatch)) == expected
    return execution


@pytest.mark.parametrize("dispatch", Dispatch)
def test_the_order_of_events_in_a_cycle_does_not_matter(
    dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_the_same_in_any_order(monkeypatch, everywhere(STREAMS), SLOW, dispatch)


def test_sums_of_a_pe_and_of_its_pieces_at_home_share_its_adders_in_a_fixed_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Crossbar 1 of PE 0 contributes when the packet of PE 1 arrives: the numbers are equal."""
    text = deployment(
        input="20xui8",
        ops=[dense("a", "input", "20xui8 -> 3xui8", hwm=3, tile="8x3")],
        places=["@a tiles 0 to 3 crossbars [0, 1, 4] at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars [0, 1, 4] { ou.mvm @a windows 0 }"],
        merges=["@a at <pe, home>"],
    )
    accelerator = machine(pe={"port_bytes_per_cycle": 2}, noc={"hop_cycles": 12})
    execution = expect_the_same_in_any_order(monkeypatch, text, accelerator)
    # 20 bytes enter by 5.  8 bytes are fetched by 9 and 13; visits of 2 · 8 · 4 cycles, valid at
    # 74 and 78.  PE 1: there at 5 + 12 + 9 = 26, fetched by 28, valid at 61, 12 bytes are home
    # at 61 + 12 + 5 = 78.  Adders: 74 → 77, crossbar 1 78 → 81, PE 1 81 → 84, sum of PE 0 84 → 87.
    assert departures(execution, 0)[2:4] == [(81, 24), (87, 24)]
    assert execution.finished[0] == 87 + 3 + 1
