"""The mesh: routes one by one and all at once, distances, and what bounds and estimates ask."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from unit.runtime.machine.programs import machine

from spatem_ir.hardware.interconnect.interconnect import Interconnect, PortCut
from spatem_ir.hardware.interconnect.mesh import EAST, Mesh


def mesh(rows: int, columns: int, *, hop: int = 1, link: int = 4) -> Mesh:
    found = machine(
        chip={"pe_rows": rows, "pe_columns": columns},
        noc={"hop_cycles": hop, "link_bytes_per_cycle": link},
    ).components.interconnect
    assert isinstance(found, Mesh)
    return found


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 5), (4, 1), (3, 4), (5, 2)])
def test_all_routes_at_once_are_those_one_by_one(rows: int, columns: int) -> None:
    own, pes = mesh(rows, columns), rows * columns
    pairs = [(here, there) for here in range(pes) for there in range(pes)]
    Random(0).shuffle(pairs)
    sources, destinations = np.array(pairs).T
    found = own.routes(sources, destinations)
    expected = Interconnect.routes(own, sources, destinations)
    assert found.first.tolist() == expected.first.tolist()
    assert found.links.tolist() == expected.links.tolist()
    assert found.links.max(initial=0) < own.links == 4 * pes


def test_no_routes() -> None:
    none = np.zeros(0, np.int64)
    for routes in (mesh(2, 2).routes(none, none), Interconnect.routes(mesh(2, 2), none, none)):
        assert routes.first.tolist() == [0]
        assert routes.links.tolist() == []


def test_hops() -> None:
    row, column = np.divmod(np.arange(12), 4)
    expected = abs(row[:, None] - row) + abs(column[:, None] - column)
    assert mesh(3, 4).hops.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("rows", "columns", "cuts"),
    [
        (1, 1, ()),
        (1, 3, (PortCut(1, 1), PortCut(1, 1))),
        (3, 1, (PortCut(1, 1),)),
        (3, 4, (PortCut(1, 2), PortCut(3, 1))),
    ],
)
def test_cuts(rows: int, columns: int, cuts: tuple[PortCut, ...]) -> None:
    own = mesh(rows, columns)
    assert own.cuts == cuts
    routes = [own.route(0, pe) for pe in range(rows * columns)]
    leaving = {links[0] for links in routes[1:]}
    for cut, crossed in zip(cuts, (leaving, {EAST}), strict=False):
        assert len(crossed) == cut.links
        assert sum(crossed.isdisjoint(links) for links in routes) == cut.pes


def test_packets_as_bounds_and_estimates_see_them() -> None:
    own = mesh(3, 4, hop=2, link=4)
    assert own.least_cycles(9) == own.packet_cycles(9) == 3
    assert own.packet_cycles(np.array([1, 8, 9])).tolist() == [1, 2, 3]
    assert own.least_transit(9) == 2 + 3 - 1
