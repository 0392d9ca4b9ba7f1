"""R8: routes, trees, and the time a packet takes.

A packet of b bytes is c = ⌈b / link⌉ cycles on each link; with the links free it is at a PE h hops
away after h · hop + c − 1 cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations

import pytest
from unit.runtime.machine.programs import machine

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.interconnect.mesh import EAST, NORTH, SOUTH, WEST
from spatem_ir.runtime.machine.reference.clock import Clock
from spatem_ir.runtime.machine.reference.packets import Hop, Packets, tree

Sent = tuple[int, int, list[int], int]
"""Cycle, source, destinations and bytes of a packet."""


def mesh(
    columns: int, hop: int, link: int, *, rows: int = 3, multicast: bool = True
) -> Accelerator:
    return machine(
        chip={"pe_rows": rows, "pe_columns": columns},
        noc={"hop_cycles": hop, "link_bytes_per_cycle": link, "multicast": multicast},
    )


def deliver(
    accelerator: Accelerator, packets: list[Sent], order: Sequence[int] = ()
) -> tuple[dict[tuple[int, int], int], Packets]:
    """Send packets, ranked by their number; the arrival of packet n at each PE, by (n, PE).

    `order` is the order in which packets of the same cycle are handed over.
    """
    clock = Clock()
    links = Packets(clock, accelerator.components.interconnect)
    arrived: dict[tuple[int, int], int] = {}

    def send(number: int) -> None:
        _, source, destinations, size = packets[number]

        def note(pe: int) -> None:
            assert (number, pe) not in arrived
            arrived[number, pe] = clock.now

        links.send("activations", source, destinations, size, (number,), note)

    for number in order or range(len(packets)):
        clock.at(packets[number][0], lambda number=number: send(number))
    clock.run()
    return arrived, links


@pytest.mark.parametrize(
    ("source", "destination", "route"),
    [
        (0, 0, [0]),
        (0, 3, [0, 1, 2, 3]),
        (3, 1, [3, 2, 1]),
        (1, 9, [1, 5, 9]),
        (9, 1, [9, 5, 1]),
        (0, 10, [0, 1, 2, 6, 10]),
        (11, 4, [11, 10, 9, 8, 4]),
        (8, 2, [8, 9, 10, 6, 2]),
    ],
)
def test_routes_go_along_the_row_first(source: int, destination: int, route: list[int]) -> None:
    """3 x 4 PEs: 0 to 3 in the first row, 4 to 7 in the second, 8 to 11 in the third."""
    mesh_of_12 = mesh(4, 1, 1).components.interconnect
    direction = {1: EAST, -1: WEST, 4: SOUTH, -4: NORTH}
    links = [4 * here + direction[there - here] for here, there in pairwise(route)]
    assert mesh_of_12.route(source, destination) == links


def test_the_tree_is_the_union_of_the_routes() -> None:
    def row(pe: int, *following: Hop, targets: tuple[int, ...] = ()) -> Hop:
        return Hop(4 * pe + EAST, list(following), list(targets))

    def column(pe: int, *following: Hop, targets: tuple[int, ...] = ()) -> Hop:
        return Hop(4 * pe + SOUTH, list(following), list(targets))

    from_2 = [row(2, targets=(3,)), column(2, column(6, targets=(10,)), targets=(6,))]
    first = [row(0, row(1, *from_2)), column(0, column(4, targets=(8,)))]
    assert tree(mesh(4, 1, 1).components.interconnect, 0, [3, 6, 10, 8]) == first


@pytest.mark.parametrize(
    ("size", "link", "hop", "hops", "time"),
    [
        (1, 4, 1, 1, 1 * 1 + 1 - 1),
        (4, 4, 1, 3, 3 * 1 + 1 - 1),
        (5, 4, 1, 3, 3 * 1 + 2 - 1),
        (16, 4, 1, 1, 1 * 1 + 4 - 1),
        (16, 4, 2, 3, 3 * 2 + 4 - 1),
        (17, 4, 2, 3, 3 * 2 + 5 - 1),
        (100, 3, 5, 2, 2 * 5 + 34 - 1),
    ],
)
def test_only_the_head_pays_for_every_hop(
    size: int, link: int, hop: int, hops: int, time: int
) -> None:
    """Virtual cut-through: the packet's length counts once."""
    arrived, links = deliver(mesh(4, hop, link), [(7, 0, [hops], size)])
    assert arrived == {(0, hops): 7 + time}
    assert links.traffic.injected["activations"] == size
    assert links.traffic.byte_hops == size * hops
    assert {link.busy_cycles for link in links.links.values()} == {-(-size // link)}


def test_a_packet_waits_for_the_whole_packet_before_it() -> None:
    """12 bytes are 6 cycles; the second packet has the link from 6, the third from 12."""
    packets = [(0, 0, [1], 12), (0, 0, [1], 12), (3, 0, [1], 2)]
    arrived, _ = deliver(mesh(4, 1, 2), packets)
    assert arrived == {(0, 1): 6, (1, 1): 12, (2, 1): 13}


def test_the_first_to_come_has_the_link_first_whatever_its_rank() -> None:
    arrived, _ = deliver(mesh(4, 1, 2), [(1, 0, [1], 12), (0, 0, [1], 12)])
    assert arrived == {(1, 1): 0 + 6, (0, 1): 6 + 6}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_packets_of_one_cycle_go_by_their_rank(order: tuple[int, ...]) -> None:
    """4, 8 and 2 bytes, all ready for the same link at 5."""
    packets = [(5, 0, [1], 4), (5, 0, [1], 8), (5, 0, [2], 2)]
    arrived, _ = deliver(mesh(4, 1, 2), packets, order)
    # On the link 0 → 1 from 5 to 7, 7 to 11, 11 to 12; PE 2 is one hop further.
    assert arrived == {(0, 1): 7, (1, 1): 11, (2, 2): 13}


def test_a_packet_that_comes_in_the_cycle_in_which_the_link_is_free_does_not_wait() -> None:
    arrived, _ = deliver(mesh(4, 1, 2), [(0, 0, [1], 12), (6, 0, [1], 2)])
    assert arrived == {(0, 1): 6, (1, 1): 7}


def test_a_head_waits_on_its_way_and_its_tail_frees_the_links_behind() -> None:
    """Packet 0 holds link 1 → 2 from 0 to 10; packet 1 comes from PE 0, packet 2 follows it."""
    packets = [(0, 1, [2], 20), (0, 0, [3], 4), (0, 0, [1], 2)]
    arrived, _ = deliver(mesh(4, 1, 2), packets)
    # Packet 0: head 1, last byte 1 + 9.
    # Packet 1: link 0 → 1 from 0 to 2, at PE 1 at 1, link 1 → 2 from 10, 2 → 3 from 11,
    # head at 12, last byte at 13.
    # Packet 2: link 0 → 1 from 2, though packet 1 still waits: there at 3.
    assert arrived == {(0, 2): 10, (1, 3): 13, (2, 1): 3}


def test_the_two_directions_between_neighbours_are_two_links() -> None:
    arrived, _ = deliver(mesh(4, 1, 2), [(0, 0, [1], 12), (0, 1, [0], 12)])
    assert arrived == {(0, 1): 6, (1, 0): 6}


def test_packets_that_share_no_link_do_not_wait() -> None:
    """Both turn at PE 1, in different directions: 0 → 1 → 5 and 2 → 1, 9 → 5."""
    packets = [(0, 0, [5], 8), (0, 2, [1], 8), (0, 9, [5], 8)]
    arrived, _ = deliver(mesh(4, 1, 2), packets)
    assert arrived == {(0, 5): 2 + 3, (1, 1): 1 + 3, (2, 5): 1 + 3}


def test_branches_of_a_tree_wait_on_their_own() -> None:
    """Packet 1 to PEs 2 and 5 branches at PE 1; only its branch to PE 2 waits for packet 0."""
    packets = [(0, 1, [2], 20), (0, 0, [2, 5], 4)]
    arrived, links = deliver(mesh(4, 1, 2), packets)
    # The head is at PE 1 at 1: link 1 → 5 at once, there at 2 + 1; link 1 → 2 from 10, 11 + 1.
    assert arrived == {(0, 2): 10, (1, 5): 3, (1, 2): 12}
    assert links.traffic.injected["activations"] == 20 + 4
    assert links.traffic.byte_hops == 20 + 4 * 3


def test_a_destination_on_the_way_to_another_gets_the_packet_as_it_passes() -> None:
    arrived, links = deliver(mesh(4, 2, 1), [(0, 0, [3, 1], 5)])
    assert arrived == {(0, 1): 2 + 4, (0, 3): 6 + 4}
    assert links.traffic.byte_hops == 5 * 3


def test_copies_of_a_packet_leave_one_after_the_other() -> None:
    arrived, links = deliver(mesh(4, 1, 2, multicast=False), [(0, 0, [3, 1], 8)])
    # The copy for PE 1 has link 0 → 1 from 0 to 4, the copy for PE 3 from 4.
    assert arrived == {(0, 1): 1 + 3, (0, 3): 4 + 3 + 3}
    assert links.traffic.injected["activations"] == 2 * 8
    assert links.traffic.byte_hops == 8 * (1 + 3)
    assert links.link(4 * 0 + EAST).busy_cycles == 8
    assert links.link(4 * 1 + EAST).busy_cycles == 4


def test_a_packet_without_destinations_is_none() -> None:
    arrived, links = deliver(mesh(4, 1, 2), [(0, 0, [], 8)])
    assert arrived == {}
    assert links.traffic.injected["activations"] == 0
