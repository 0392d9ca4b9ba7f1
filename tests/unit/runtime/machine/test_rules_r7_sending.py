"""R7: a finished piece goes at once to every other PE that reads it."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import arrivals, dense, deployment, machine, run

from spatem_ir.runtime.machine.execution import Execution


def read_in(crossbars: list[int], *, multicast: bool, columns: int = 1) -> Execution:
    """An input of 8 bytes, there at 2, read by a tile in each of the given crossbars."""
    k = len(crossbars)
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", f"8xui8 -> {k * columns}xui8", wwm=k)],
        places=[f"@a tiles 0 to {k} crossbars {crossbars} at [0, 0]"],
        homes=[f"@a pes {[crossbar // 4 for crossbar in crossbars]}"],
        streams=[f"crossbars {crossbars} {{ ou.mvm @a windows 0 }}"],
    )
    return run(text, machine(noc={"multicast": multicast}))


def test_one_packet_follows_the_tree() -> None:
    """PEs 1, 2, 3 of 2 x 2: links 0 → 1, 0 → 2 and, along the row first, 1 → 3."""
    execution = read_in([4, 8, 12], multicast=True)
    # 8 bytes are 4 cycles on a link: the head is there after 1 hop, the last byte 3 later.
    assert arrivals(execution, 1)[0] == (2 + 1 + 3, 8)
    assert arrivals(execution, 2)[0] == (2 + 1 + 3, 8)
    assert arrivals(execution, 3)[0] == (2 + 2 + 3, 8)
    assert execution.injected_bytes["inputs"] == 8
    results = 1 + 1 + 2  # bytes times hops of the results, 1 byte each, back to PE 0
    assert execution.byte_hops == 8 * 3 + results


def test_without_multicast_every_reader_gets_a_copy() -> None:
    execution = read_in([4, 8, 12], multicast=False)
    # The copies for PEs 1 and 3 share the link 0 → 1: the second gets it 4 cycles later.
    assert arrivals(execution, 1)[0] == (2 + 1 + 3, 8)
    assert arrivals(execution, 2)[0] == (2 + 1 + 3, 8)
    assert arrivals(execution, 3)[0] == (2 + 4 + 2 + 3, 8)
    assert execution.injected_bytes["inputs"] == 3 * 8
    assert execution.byte_hops == 8 * (1 + 1 + 2) + 1 + 1 + 2


@pytest.mark.parametrize("multicast", [True, False])
def test_the_home_reads_its_own_buffer(multicast: bool) -> None:
    execution = read_in([0, 4], multicast=multicast)
    assert arrivals(execution, 0)[0] == (2, 8)
    assert arrivals(execution, 1)[0] == (6, 8)
    assert execution.injected_bytes["inputs"] == 8


@pytest.mark.parametrize("multicast", [True, False])
def test_a_pe_with_several_readers_gets_one_packet(multicast: bool) -> None:
    execution = read_in([4, 5, 6], multicast=multicast)
    assert execution.injected_bytes["inputs"] == 8
    assert [size for _, size in arrivals(execution, 1)] == [8]


def test_pieces_are_sent_to_the_pes_that_read_them_only() -> None:
    """Two slices of 2 bytes; each of the next layer's two row slices reads one of them."""
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 4xui8", wwm=2),
            dense("b", "a", "4xui8 -> 1xui8", hwm=2),
        ],
        places=[
            "@a tiles 0 to 2 crossbars 0 to 2 at [0, 0]",
            "@b tiles 0 to 2 crossbars [4, 8] at [0, 0]",
        ],
        homes=["@a pes 0 times 2", "@b pes 1"],
        streams=[
            "crossbars 0 to 2 { ou.mvm @a windows 0 }",
            "crossbars [4, 8] { ou.mvm @b windows 0 }",
        ],
    )
    execution = run(text)
    # Valid at 35; activated by 37 and 39; one hop, 2 bytes in one cycle.
    assert arrivals(execution, 1)[0] == (37 + 1, 2)
    assert arrivals(execution, 2) == [(39 + 1, 2)]
    # One byte from PE 1 back to the port.
    assert execution.injected_bytes["activations"] == 2 + 2 + 1
