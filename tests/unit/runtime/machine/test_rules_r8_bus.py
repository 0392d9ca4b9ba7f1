"""R8 on buses: by hand, and random programs in both engines."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from differential.deployments import add_waits
from unit.runtime.machine import random_programs
from unit.runtime.machine.bus_machines import random_bus
from unit.runtime.machine.lockstep_machines import random_lockstep
from unit.runtime.machine.programs import TINY, dense, deployment, parse
from unit.runtime.machine.random_programs import at_random, random_machine, through_the_passes

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.interconnect.bus import BusParameters
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.critical_path import PathPart, critical_path
from spatem_ir.runtime.machine.engine import executor
from spatem_ir.runtime.metrics.register import metrics_of

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines

TWO_READERS = deployment(
    input="4xui8",
    ops=[dense("a", "input", "4xui8 -> 4xui8", wwm=2)],
    places=["@a tiles 0 to 2 crossbars [4, 8] at [0, 0]"],
    homes=["@a pes [1, 2]"],
    streams=["crossbars [4, 8] { ou.mvm @a windows 0 }"],
)
"""The input at PE 0 is read in PEs 1 and 2, whose results go back to it."""


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize(("broadcast", "fetched"), [(True, (5, 5)), (False, (5, 7))])
def test_a_bus_by_hand(engine: str, broadcast: bool, fetched: tuple[int, int]) -> None:
    """4 bytes enter by 1; a transfer holds the bus for 2 cycles, its bytes come 2 cycles later.

    So they are in PE 1 at 5, and in PE 2 at 5 or, after a transfer of their own, at 7; a fetch
    takes a cycle.
    """
    bus = replace(TINY, noc=BusParameters(2, 2, multicast=broadcast))
    module = parse(TWO_READERS, bus)
    execution = executor(engine, module, source="bus", trace=True)(1)
    (work,) = {
        node.layer.input_bits * 2 * TINY.ou.cycles // 2
        for node in dataflow_of(module).layers
        if node.layer is not None
    }
    inputs = 4 if broadcast else 8
    assert execution.injected_bytes == {
        "inputs": inputs,
        "activations": 4,
        "partial_sums": 0,
        "calls": 0,
    }
    assert execution.byte_hops == inputs + 4
    # fetch, visit, pipeline, activation of 2 values; 2 bytes hold the bus for a cycle, 2 follow.
    ready = [time + 1 + work + 1 + 2 for time in fetched]
    second = max(ready[1], ready[0] + 1) + 3
    assert execution.finished == [second + 1]
    path = critical_path(execution, module).total
    assert path.cycles[PathPart.HOPS] == 2 * 3
    assert path.total == second + 1


@pytest.fixture(params=["free", "lockstep"])
def on_buses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random machines have PEs on buses, with compute units of each kind."""

    def machine(random: Random) -> Accelerator:
        made = random_bus(random, random_machine(random))
        return random_lockstep(random, made) if request.param == "lockstep" else made

    monkeypatch.setattr(random_programs, "random_machine", machine)


@pytest.mark.usefixtures("on_buses")
@pytest.mark.parametrize("seed", range(15))
def test_programs_of_the_passes(seed: int) -> None:
    """Equal events, a deployment that is proven safe, and metrics that fit together."""
    module = through_the_passes(Random(seed))
    execution = expect_equal_engines(module, 1)
    assert execution is not None
    VerifyDeploymentPass().apply(None, module)  # type: ignore[arg-type]
    assert lower_bounds(dataflow_of(module), accelerator_of(module)).largest > 0
    metrics = metrics_of(module, execution)
    assert metrics.latency_cycles is not None
    assert max(metrics.lower_bounds_cycles.values()) <= metrics.latency_cycles
    parts, bus = metrics.energy_parts_nj, accelerator_of(module)
    assert parts is not None
    transfers = execution.byte_hops * bus.energy.link_byte_pj / 1000
    assert parts["transfers"] == round(transfers, 6)
    assert execution.byte_hops <= sum(execution.injected_bytes.values())
    assert metrics.area_parts_mm2["buses"] == bus.components.interconnect.links * 0.5
    assert metrics.area_mm2 == pytest.approx(sum(metrics.area_parts_mm2.values()))
    path = critical_path(execution, module)
    assert path.total.total == execution.finished[0] <= metrics.latency_cycles


@pytest.mark.usefixtures("on_buses")
@pytest.mark.parametrize("seed", range(15))
def test_programs_made_at_random(seed: int) -> None:
    random = Random(seed)
    module = at_random(random)
    if random.random() < 0.5:
        add_waits(random, module)
        module.verify()
    expect_equal_engines(module, random.choice([1, 1, 2]))
