"""R8 in whole programs: packets of a deployment share links and wait for each other."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import (
    arrivals,
    convolution,
    dense,
    deployment,
    machine,
    row_of_pes,
    run,
)

from spatem_ir.hardware.accelerator import Accelerator

ACROSS = deployment(
    input="4xui8",
    ops=[
        dense("a", "input", "4xui8 -> 2xui8"),
        dense("b", "a", "2xui8 -> 1xui8"),
    ],
    places=["@a tiles 0 crossbars 0 at [0, 0]", "@b tiles 0 crossbars 12 at [0, 0]"],
    homes=["@a pes 0", "@b pes 3"],
    streams=[
        "crossbars 0 { ou.mvm @a windows 0 }",
        "crossbars 12 { ou.mvm @b windows 0 }",
    ],
)
"""A layer in PE 0 whose result of 2 bytes, there at 37, is read in PE 3."""


def test_the_distance_decides_over_the_time_of_a_piece() -> None:
    """3 hops in a row of PEs, 2 in a mesh of 2 x 2."""
    assert arrivals(run(ACROSS, row_of_pes(4)), 3)[0] == (37 + 3 * 1, 2)
    assert arrivals(run(ACROSS, machine()), 3)[0] == (37 + 2 * 1, 2)
    slow = row_of_pes(4, noc={"hop_cycles": 5, "link_bytes_per_cycle": 1})
    assert arrivals(run(ACROSS, slow), 3)[0] == (37 + 3 * 5 + 1, 2)


def test_the_result_travels_back_to_the_port() -> None:
    execution = run(ACROSS, row_of_pes(4))
    # There at 40, fetched by 41, visit of 8 · 4 cycles, valid at 74, activated by 75,
    # 1 byte over 3 hops by 78, out by 79.
    assert execution.visit_starts[12] == [41]
    assert execution.finished == [79]
    assert execution.byte_hops == 2 * 3 + 1 * 3


def test_packets_in_raster_order_queue_on_a_slow_link() -> None:
    """Positions of 4 bytes enter one per cycle and need 2 cycles each on the link to PE 1."""
    text = deployment(
        input="4x1x4xui8",
        ops=[convolution("a", "input", "4x1x4xui8 -> 1x1x4xui8", "1x1")],
        places=["@a tiles 0 crossbars 4 at [0, 0]"],
        homes=["@a pes 1"],
        streams=["crossbars 4 { ou.mvm @a windows 0 to 4 }"],
    )
    execution = run(text)
    # On the link from 1, 3, 5, 7; the head is there after 1 cycle, the last byte after 1 more.
    assert [time for time, size in arrivals(execution, 1) if size == 4] == [3, 5, 7, 9]


def test_partial_sums_and_activations_wait_for_the_same_link() -> None:
    """A result of one layer follows the partial sums of another from PE 1 to PE 0."""
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 4xui8"),
            dense("b", "input", "4xui8 -> 2xui8"),
        ],
        output="%a, %b : tensor<4xui8>, tensor<2xui8>",
        places=["@a tiles 0 crossbars 4 at [0, 0]", "@b tiles 0 crossbars 5 at [0, 0]"],
        homes=["@a pes 0", "@b pes 1"],
        streams=[
            "crossbars 4 { ou.mvm @a windows 0 }",
            "crossbars 5 { ou.mvm @b windows 0 }",
        ],
    )
    execution = run(text)
    # 4 bytes are in PE 1 at 3.  The operands differ in their layer: fetched by 4 and 5, valid at
    # 37 and 38.  @a: 16 bytes of partial sums, on the link 37 → 45, home at 37 + 1 + 7 = 45,
    # activated by 49.  @b: activated in PE 1 by 40, on the link from 45, home at 46.
    assert execution.visit_starts == {4: [4], 5: [5]}
    assert arrivals(execution, 0) == [(46, 2), (49, 4)]
    assert execution.finished == [50]


def local(width: int, link: int = 2) -> Accelerator:
    """A row of four PEs with local ports of so many bytes per cycle; a hop takes 5 cycles."""
    return row_of_pes(
        4, noc={"hop_cycles": 5, "link_bytes_per_cycle": link, "local_bytes_per_cycle": width}
    )


def test_a_packet_takes_the_local_ports_of_its_ends() -> None:
    """Over 3 links and 2 ports: 5 hops, and 2 bytes in a cycle."""
    execution = run(ACROSS, local(2))
    assert arrivals(execution, 3)[0] == (37 + 5 * 5, 2)
    assert execution.byte_hops == (2 + 1) * 5


@pytest.mark.parametrize(("local_width", "link"), [(1, 8), (8, 1), (1, 1)])
def test_bytes_come_no_faster_than_on_the_narrowest_link(local_width: int, link: int) -> None:
    assert arrivals(run(ACROSS, local(local_width, link)), 3)[0] == (37 + 5 * 5 + 1, 2)


@pytest.mark.parametrize(
    ("local_width", "times"),
    [
        # Positions of 4 bytes enter one per cycle; into the router from 1, 2, 3 and 4.  The link
        # takes 2 cycles each, from 2, 4, 6, 8; out of the router a cycle later, as long.
        (4, [5, 7, 9, 11]),
        # Into the router from 1, 5, 9, 13, over the link a cycle later, out of it another one.
        (1, [7, 11, 15, 19]),
    ],
)
def test_packets_queue_at_local_ports(local_width: int, times: list[int]) -> None:
    text = deployment(
        input="4x1x4xui8",
        ops=[convolution("a", "input", "4x1x4xui8 -> 1x1x4xui8", "1x1")],
        places=["@a tiles 0 crossbars 4 at [0, 0]"],
        homes=["@a pes 1"],
        streams=["crossbars 4 { ou.mvm @a windows 0 to 4 }"],
    )
    execution = run(text, machine(noc={"local_bytes_per_cycle": local_width}))
    assert [time for time, size in arrivals(execution, 1) if size == 4] == times
