"""Where reports draw PEs and links, and what they call them."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.interconnect.bus import BusParameters
from spatem_ir.hardware.interconnect.interconnect import Interconnect
from spatem_ir.hardware.interconnect.mesh import MeshParameters
from spatem_ir.hardware.loader import named_preset


def mesh(local_bytes_per_cycle: int = 0) -> Interconnect:
    machine = chip(MeshParameters(4, 2, True, local_bytes_per_cycle))
    return machine.components.interconnect


def chip(noc: MeshParameters | BusParameters) -> Accelerator:
    """Two rows of three PEs."""
    tiny = named_preset("tiny")
    return replace(tiny, chip=replace(tiny.chip, pe_rows=2, pe_columns=3), noc=noc)


@pytest.mark.parametrize("local_bytes_per_cycle", [0, 8])
def test_links_of_a_mesh_lead_from_pe_to_pe(local_bytes_per_cycle: int) -> None:
    found = mesh(local_bytes_per_cycle)
    used = set()
    for source in range(found.pes):
        for destination in set(range(found.pes)) - {source}:
            route = found.route(source, destination)
            used.update(route)
            between = [link for link in route if found.link_name(link).count("PE") == 2]
            names = [found.link_name(link) for link in between]
            ends = [name.split(" → ") for name in names]
            assert ends[0][0] == f"PE {source}"
            assert ends[-1][1] == f"PE {destination}"
            assert all(one[1] == other[0] for one, other in itertools.pairwise(ends))
    drawn = {link for link in range(found.links) if found.line(link) is not None}
    assert drawn == used
    assert len({found.line(link) for link in drawn}) == len(drawn)


def test_links_of_a_mesh_are_drawn_between_their_pes() -> None:
    found = mesh()
    east = found.route(1, 2)[0]
    line = found.line(east)
    assert found.link_name(east) == "PE 1 → PE 2"
    assert line is not None
    assert (line.x0, line.x1) == (1, 2)
    assert found.place(1) == (1, 0)
    assert found.place(5) == (2, 1)
    back = found.line(found.route(2, 1)[0])
    assert back is not None and back.y0 != line.y0


def test_local_ports_are_named() -> None:
    into, *_, out = mesh(8).route(0, 4)
    assert mesh(8).link_name(into) == "PE 0 → router"
    assert mesh(8).link_name(out) == "router → PE 4"


def test_buses_are_drawn_below_the_pes() -> None:
    found = chip(BusParameters(8, 1, buses=2)).components.interconnect
    lines = [found.line(link) for link in range(2)]
    assert [found.link_name(link) for link in range(2)] == ["bus 0", "bus 1"]
    assert lines[0] is not None and lines[1] is not None
    assert found.place(5)[1] < lines[0].y0 < lines[1].y0
