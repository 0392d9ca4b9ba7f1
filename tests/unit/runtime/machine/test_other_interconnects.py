"""The seam holds: interconnects that only this file knows run in both engines and in all passes.

A bus has one link for all PEs, or a few; a transfer reaches all readers at once.  A star has a link
from each PE to a switch in the middle, and narrower ones from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from differential.deployments import add_waits
from unit.runtime.machine import random_programs
from unit.runtime.machine.programs import TINY, dense, deployment, parse
from unit.runtime.machine.random_programs import at_random, random_machine, through_the_passes

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import AcceleratorAttr, accelerator_of
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.component import Actions, Part
from spatem_ir.hardware.components import INTERCONNECTS
from spatem_ir.hardware.interconnect.interconnect import (
    Changes,
    Interconnect,
    LinkGroup,
    PortCut,
)
from spatem_ir.hardware.loader import accelerator_from_table
from spatem_ir.hardware.parameters import KindParameters, parameter
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.critical_path import PathPart, critical_path
from spatem_ir.runtime.machine.engine import executor
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.metrics.register import metrics_of

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.hardware.interconnect.interconnect import Ints

WIRES = Part("wires", "network", "wires")
DRIVERS = Part("drivers", "network", "drivers")


class OneSwitch(Interconnect):
    """What the two have in common: everybody is as near as everybody else."""

    energies = (WIRES,)
    areas = (DRIVERS,)

    @property
    def pes(self) -> int:
        return self.description.chip.pe_rows * self.description.chip.pe_columns

    @property
    def cuts(self) -> tuple[PortCut, ...]:
        return (PortCut(1, 1, self.groups[0]),) if self.pes > 1 else ()

    def widths(self) -> Mapping[str, Changes]:
        return {}

    def sizes(self) -> Mapping[str, Changes]:
        return {}

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        return {WIRES: actions.link_bytes * 2.0}

    def area_mm2(self) -> dict[Part, float]:
        return {DRIVERS: self.links * 0.5}


@dataclass(frozen=True)
class BusParameters(KindParameters):
    """The table `[noc]` of a bus."""

    buses: int = parameter("buses")
    bytes_per_cycle: int = parameter("width of a bus, bytes")
    request_cycles: int = parameter("cycles of a bus before the first byte", minimum=0)
    broadcast: bool = parameter("whether all readers listen at once")


class Bus(OneSwitch):
    """Every PE sends over the bus of its number."""

    Parameters = BusParameters

    @property
    def parameters(self) -> BusParameters:
        assert isinstance(self.description.noc, BusParameters)
        return self.description.noc

    @property
    def groups(self) -> tuple[LinkGroup, ...]:
        own = self.parameters
        return (LinkGroup("buses", own.buses, own.bytes_per_cycle, own.request_cycles),)

    @property
    def head_cycles(self) -> int:
        return self.parameters.request_cycles + 1

    @property
    def is_multicast(self) -> bool:
        return self.parameters.broadcast

    def route(self, source: int, destination: int) -> list[int]:
        return [source % self.parameters.buses]

    def most_packets(self, packets: Ints, pes: Ints) -> Ints:
        return -(-packets * pes // self.parameters.buses)


@dataclass(frozen=True)
class StarParameters(KindParameters):
    """The table `[noc]` of a star."""

    up: int = parameter("bytes per cycle to the switch")
    down: int = parameter("bytes per cycle from the switch")


class Star(OneSwitch):
    """A link from every PE to the switch, and one from the switch to every PE."""

    Parameters = StarParameters

    @property
    def groups(self) -> tuple[LinkGroup, ...]:
        own, pes = self.description.noc, self.pes
        assert isinstance(own, StarParameters)
        return (LinkGroup("up", pes, own.up), LinkGroup("down", pes, own.down))

    @property
    def head_cycles(self) -> int:
        return 2

    @property
    def is_multicast(self) -> bool:
        return True

    def route(self, source: int, destination: int) -> list[int]:
        return [source, self.pes + destination]

    def most_packets(self, packets: Ints, pes: Ints) -> Ints:
        return packets


def random_bus(random: Random) -> KindParameters:
    width = random.choice([1, 2, 3, 8])
    return BusParameters(random.randint(1, 2), width, random.randint(0, 3), random.random() < 0.7)


def random_star(random: Random) -> KindParameters:
    return StarParameters(random.choice([1, 2, 8]), random.choice([1, 2, 8]))


KINDS: dict[str, Callable[[Random], KindParameters]] = {"bus": random_bus, "star": random_star}


@pytest.fixture(autouse=True)
def other_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line in a table for each kind."""
    monkeypatch.setitem(INTERCONNECTS, "bus", Bus)
    monkeypatch.setitem(INTERCONNECTS, "star", Star)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Random machines have PEs that are connected in this way."""

    def machine(random: Random) -> Accelerator:
        return replace(random_machine(random), noc=KINDS[request.param](random))

    monkeypatch.setattr(random_programs, "random_machine", machine)
    return request.param


def expect_all_of(module: ModuleOp, images: int) -> Execution | None:
    """Equal events, a deployment that is proven safe, and metrics that fit together."""
    execution = expect_equal_engines(module, images)
    if execution is None or images > 1:
        return execution
    metrics = metrics_of(module, execution)
    assert metrics.latency_cycles is not None
    assert max(metrics.lower_bounds_cycles.values()) <= metrics.latency_cycles
    parts = metrics.energy_parts_nj
    assert parts is not None
    assert parts["wires"] == round(execution.byte_hops * 2.0 / 1000, 6)
    assert metrics.energy_nj == pytest.approx(sum(parts.values()), abs=1e-3)
    links = accelerator_of(module).components.interconnect.links
    assert metrics.area_parts_mm2["drivers"] == links * 0.5
    assert metrics.area_mm2 == pytest.approx(sum(metrics.area_parts_mm2.values()))
    path = critical_path(execution, module)
    assert path.total.total == execution.finished[0] <= metrics.latency_cycles
    return execution


@pytest.mark.parametrize("seed", range(20))
def test_programs_of_the_passes(kind: str, seed: int) -> None:
    random = Random(seed)
    module = through_the_passes(random)
    assert expect_all_of(module, random.choice([1, 1, 2])) is not None
    VerifyDeploymentPass().apply(None, module)  # type: ignore[arg-type]
    dataflow = dataflow_of(module)
    assert lower_bounds(dataflow, accelerator_of(module)).largest > 0


@pytest.mark.parametrize("seed", range(20))
def test_programs_made_at_random(kind: str, seed: int) -> None:
    random = Random(seed)
    module = at_random(random)
    if random.random() < 0.5:
        add_waits(random, module)
        module.verify()
    expect_all_of(module, random.choice([1, 1, 2]))


TWO_READERS = deployment(
    input="4xui8",
    ops=[dense("a", "input", "4xui8 -> 4xui8", wwm=2)],
    places=["@a tiles 0 to 2 crossbars [4, 8] at [0, 0]"],
    homes=["@a pes [1, 2]"],
    streams=["crossbars [4, 8] { ou.mvm @a windows 0 }"],
)
"""The input at PE 0 is read in PEs 1 and 2, whose results go back to it."""


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize(("broadcast", "fetched"), [(True, (5, 5)), (False, (5, 9))])
def test_a_bus_by_hand(engine: str, broadcast: bool, fetched: tuple[int, int]) -> None:
    """4 bytes enter by 1; a transfer takes 2 cycles of request and 2 of data.

    So they are in PE 1 at 5, and in PE 2 at 5 or, after a transfer of their own, at 9; a fetch
    takes a cycle.
    """
    bus = replace(TINY, noc=BusParameters(1, 2, 2, broadcast))
    module = parse(TWO_READERS, bus)
    execution = executor(engine, module, source="bus", trace=True)(1)
    (work,) = {
        node.layer.input_bits * 2 * TINY.ou.cycles // 2
        for node in dataflow_of(module).layers
        if node.layer is not None
    }
    inputs = 4 if broadcast else 8
    assert execution.injected_bytes == {"inputs": inputs, "activations": 4, "partial_sums": 0}
    assert execution.byte_hops == inputs + 4
    # fetch, visit, pipeline, activation of 2 values; 2 bytes take 2 + 1 cycles of the bus.
    ready = [time + 1 + work + 1 + 2 for time in fetched]
    first = ready[0] + 3
    second = max(ready[1], first) + 3
    assert execution.finished == [second + 1]
    path = critical_path(execution, module).total
    assert path.cycles[PathPart.HOPS] == 2 * 3
    assert path.total == second + 1


def test_a_wide_bus_serves_more_layers_at_once_in_estimates() -> None:
    """Rounds of packets of all column blocks share a bus, but not the links of a mesh."""
    mesh = TINY.components.interconnect
    bus = replace(TINY, noc=BusParameters(2, 2, 0, True)).components.interconnect
    packets, homes = np.array([3, 3]), np.array([1, 4])
    assert mesh.most_packets(packets, homes).tolist() == [3, 3]
    assert bus.most_packets(packets, homes).tolist() == [2, 6]


def test_the_description_says_its_kind() -> None:
    bus = replace(TINY, noc=BusParameters(1, 2, 3, False))
    expected = {"buses": 1, "bytes_per_cycle": 2, "request_cycles": 3, "broadcast": False}
    assert bus.tables["noc"] == {"kind": "bus", **expected}
    assert accelerator_from_table({"name": "tiny", **bus.tables}, "bus.toml") == bus
    text = f"builtin.module attributes {{hw.accelerator = {AcceleratorAttr(bus)}}} {{}}"
    assert "noc {kind = bus, buses = 1, " in text
    assert accelerator_of(parse(text, bus)) == bus


def test_distances() -> None:
    for noc, hops in ((BusParameters(1, 1, 0, True), 1), (StarParameters(1, 1), 2)):
        interconnect = replace(TINY, noc=noc).components.interconnect
        assert interconnect.hops.tolist() == (hops * (1 - np.eye(4, dtype=int))).tolist()
        assert interconnect.pes_by_distance.tolist() == [0, 1, 2, 3]
