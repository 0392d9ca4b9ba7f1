"""What a bus says of itself, to passes, estimates and bounds."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from unit.runtime.machine.programs import TINY, parse

from spatem_ir.dialects.hw import AcceleratorAttr, accelerator_of
from spatem_ir.hardware.interconnect.bus import Bus, BusParameters
from spatem_ir.hardware.interconnect.interconnect import Interconnect
from spatem_ir.hardware.loader import accelerator_from_table


def bus(parameters: BusParameters, rows: int = 2, columns: int = 2) -> Bus:
    chip = replace(TINY.chip, pe_rows=rows, pe_columns=columns)
    found = replace(TINY, chip=chip, noc=parameters).components.interconnect
    assert isinstance(found, Bus)
    return found


def test_the_description_says_its_kind() -> None:
    machine = replace(TINY, noc=BusParameters(2, 3, buses=4))
    assert machine.tables["noc"] == {
        "kind": "bus",
        "bytes_per_cycle": 2,
        "request_cycles": 3,
        "buses": 4,
    }
    assert accelerator_from_table({"name": "tiny", **machine.tables}, "bus.toml") == machine
    text = f"builtin.module attributes {{hw.accelerator = {AcceleratorAttr(machine)}}} {{}}"
    assert "noc {kind = bus, bytes_per_cycle = 2, request_cycles = 3, buses = 4}" in text
    assert accelerator_of(parse(text, machine)) == machine


@pytest.mark.parametrize("seed", range(10))
def test_closed_forms_are_what_routes_say(seed: int) -> None:
    """Distances, routes, means and shares of all pairs, as any interconnect counts them."""
    random = Random(seed)
    parameters = BusParameters(random.randint(1, 9), random.randint(0, 4), random.randint(1, 5))
    found = bus(parameters, random.randint(1, 4), random.randint(1, 3))
    pes = np.arange(found.pes)
    assert found.hops.tolist() == Interconnect.distances(found, pes[:, None], pes).tolist()
    sources, destinations = np.repeat(pes, len(pes)), np.tile(pes, len(pes))
    for own, every in zip(
        found.routes(sources, destinations),
        Interconnect.routes(found, sources, destinations),
        strict=True,
    ):
        assert own.tolist() == every.tolist()
    assert found.mean_hops == found.hops.sum() / max(found.pes * (found.pes - 1), 1)
    links = found.routes(sources, destinations).links
    busiest = np.bincount(links, minlength=1).max() / max(len(links), 1)
    assert found.busiest_share == pytest.approx(busiest)
    assert found.pes_by_distance.tolist() == pes.tolist()


def test_bytes_follow_a_request() -> None:
    """A transfer holds the bus for its bytes; the last is there so many cycles later."""
    found = bus(BusParameters(4, 3))
    assert (found.head_cycles, found.packet_cycles(9)) == (4, 3)
    assert found.least_transit(9) == 3 + 3


def test_a_wide_bus_serves_more_layers_at_once_in_estimates() -> None:
    """Rounds of packets of all column blocks share a bus, but not the links of a mesh."""
    packets, homes = np.array([3, 3]), np.array([1, 4])
    assert TINY.components.interconnect.most_packets(packets, homes).tolist() == [3, 3]
    assert bus(BusParameters(2, 0, buses=2)).most_packets(packets, homes).tolist() == [2, 6]


def test_what_a_study_varies() -> None:
    found = bus(BusParameters(4, 3))
    assert list(found.widths()) == ["2 B", "4 B", "8 B", "16 B"]
    assert list(found.sizes()) == ["2 PEs", "4 PEs", "8 PEs", "16 PEs"]
