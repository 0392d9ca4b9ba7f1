"""The mesh: routes one by one and all at once, distances, and what bounds and estimates ask."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from unit.runtime.machine.programs import machine

from spatem_ir.hardware.interconnect.interconnect import Interconnect
from spatem_ir.hardware.interconnect.mesh import EAST, Mesh


def mesh(rows: int, columns: int, *, hop: int = 1, link: int = 4, local: int = 0) -> Mesh:
    found = machine(
        chip={"pe_rows": rows, "pe_columns": columns},
        noc={"hop_cycles": hop, "link_bytes_per_cycle": link, "local_bytes_per_cycle": local},
    ).components.interconnect
    assert isinstance(found, Mesh)
    return found


@pytest.mark.parametrize("local", [0, 8])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 5), (4, 1), (3, 4), (5, 2)])
def test_all_routes_at_once_are_those_one_by_one(rows: int, columns: int, local: int) -> None:
    own, pes = mesh(rows, columns, local=local), rows * columns
    pairs = [(here, there) for here in range(pes) for there in range(pes)]
    Random(0).shuffle(pairs)
    sources, destinations = np.array(pairs).T
    found = own.routes(sources, destinations)
    expected = Interconnect.routes(own, sources, destinations)
    assert found.first.tolist() == expected.first.tolist()
    assert found.links.tolist() == expected.links.tolist()
    assert found.links.max(initial=0) < own.links == (6 if local else 4) * pes


def test_no_routes() -> None:
    none = np.zeros(0, np.int64)
    for routes in (mesh(2, 2).routes(none, none), Interconnect.routes(mesh(2, 2), none, none)):
        assert routes.first.tolist() == [0]
        assert routes.links.tolist() == []


def test_hops() -> None:
    row, column = np.divmod(np.arange(12), 4)
    expected = abs(row[:, None] - row) + abs(column[:, None] - column)
    assert mesh(3, 4).hops.tolist() == expected.tolist()
    expected += 2 * (expected > 0)
    assert mesh(3, 4, local=1).hops.tolist() == expected.tolist()


def test_packets_take_the_local_ports_of_their_ends() -> None:
    """PEs 1 and 2 of 2 x 2: 16 links, a port of each PE into its router, and one out of it."""
    plain, own = mesh(2, 2).route(1, 2), mesh(2, 2, local=8).route(1, 2)
    assert own == [16 + 1, *plain, 16 + 4 + 2]


@pytest.mark.parametrize("local", [0, 2, 8])
@pytest.mark.parametrize(
    ("rows", "columns", "cuts"),
    [
        (1, 1, []),
        (1, 3, [(1, 1), (1, 1)]),
        (3, 1, [(1, 1)]),
        (3, 4, [(1, 2), (3, 1)]),
    ],
)
def test_cuts(rows: int, columns: int, cuts: list[tuple[int, int]], local: int) -> None:
    """What leaves the port's PE takes its local port, and is no faster over links than there."""
    own = mesh(rows, columns, local=local)
    hops, expected = 1, [*cuts]
    if local and cuts:
        hops = 2
        expected.append((1, 1))
    assert [(cut.pes, cut.links) for cut in own.cuts] == expected
    for cut in own.cuts[: len(cuts)]:
        assert (cut.hops, cut.group.cycles(8)) == (hops, 4 if local == 2 else 2)
    for cut in own.cuts[len(cuts) :]:
        assert (cut.hops, cut.group.cycles(8)) == (3, 8 // local)
    routes = [own.route(0, pe) if pe else [] for pe in range(rows * columns)]
    leaving = {links[hops - 1] for links in routes[1:]}
    for cut, crossed in zip(own.cuts[: len(cuts)], (leaving, {EAST}), strict=False):
        assert len(crossed) == cut.links
        assert sum(crossed.isdisjoint(links) for links in routes) == cut.pes


def test_packets_as_bounds_and_estimates_see_them() -> None:
    own = mesh(3, 4, hop=2, link=4)
    assert own.packet_cycles(9) == 3
    assert own.packet_cycles(np.array([1, 8, 9])).tolist() == [1, 2, 3]
    assert own.least_transit(9) == 2 + 3 - 1
    wide, narrow = (mesh(3, 4, hop=2, link=4, local=local) for local in (9, 1))
    assert wide.packet_cycles(9) == 3
    assert narrow.packet_cycles(9) == 9
    assert wide.least_transit(9) == 3 * 2 + 3 - 1
    assert narrow.least_transit(9) == 3 * 2 + 9 - 1


def test_pes_in_line_go_down_a_column_and_up_the_next() -> None:
    assert mesh(3, 3).pes_in_line.tolist() == [0, 3, 6, 7, 4, 1, 2, 5, 8]
    assert mesh(1, 1).pes_in_line.tolist() == [0]


def test_a_packet_to_pes_in_line_goes_over_few_links() -> None:
    """To six PEs of a column it goes along the row once; to six of a row, down once for each."""
    own = mesh(12, 12)
    line = own.pes_in_line[60:66]
    for ends, most in ((line, 5 + 6 + 6), (np.arange(66, 72), 5 + 6 * 6)):
        links = {link for end in ends.tolist() for link in own.route(0, end)}
        assert len(links) <= most
    assert len({link for end in range(66, 72) for link in own.route(0, end)}) > 5 + 12


def test_traffic_from_all_to_all() -> None:
    """Of a line of three PEs: four routes of one link and two of two; each link is on two."""
    assert mesh(1, 3).mean_hops == pytest.approx(8 / 6)
    assert mesh(1, 3).busiest_share == pytest.approx(2 / 8)
    assert mesh(1, 1).mean_hops == mesh(1, 1).busiest_share == 0
    # With local ports there are 20 crossings: each link is on two routes, each port, too; on wide
    # ports a packet is for a fourth of the time.
    for local, busy in ((4, 2), (16, 2), (1, 2)):
        assert mesh(1, 3, local=local).mean_hops == pytest.approx(8 / 6 + 2)
        assert mesh(1, 3, local=local).busiest_share == pytest.approx(busy / 20)
    # In a row of four, a link is on four routes at most, a port on three.
    for local, busy in ((4, 4), (16, 4), (2, 3), (3, 4 * 3 / 4)):
        assert mesh(1, 4, local=local).busiest_share == pytest.approx(busy / (20 + 24))


@pytest.mark.parametrize("local", [0, 1, 4, 16])
@pytest.mark.parametrize(("rows", "columns"), [(1, 4), (5, 1), (2, 3), (3, 2), (4, 4)])
def test_distances_and_traffic_are_those_of_the_routes(rows: int, columns: int, local: int) -> None:
    own, pes = mesh(rows, columns, local=local), np.arange(rows * columns)
    routes = own.routes(np.repeat(pes, len(pes)), np.tile(pes, len(pes)))
    hops = np.diff(routes.first).reshape(len(pes), len(pes))
    widths = np.repeat([g.bytes_per_cycle for g in own.groups], [g.links for g in own.groups])
    busy = np.bincount(routes.links, minlength=own.links) * (widths.min() / widths)
    assert own.hops.tolist() == hops.tolist()
    assert own.mean_hops == hops.sum() / (len(pes) * (len(pes) - 1))
    assert own.busiest_share == busy.max() / len(routes.links)
    assert own.pes_by_distance.tolist() == np.argsort(hops[0], kind="stable").tolist()


def test_a_line_of_many_pes() -> None:
    """Of its 10^12 links from all to all none is looked at."""
    own = mesh(1, 2**14)
    assert own.mean_hops == pytest.approx(2**14 / 3, rel=1e-3)
    assert own.busiest_share == pytest.approx(2**26 / (2**42 / 3), rel=1e-3)
    assert own.least_returns.max() == 2**14 - 1
