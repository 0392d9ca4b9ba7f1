"""R13: cores that add to partial sums in a shared memory, in turns; both engines."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from unit.runtime.machine import random_programs
from unit.runtime.machine.random_programs import at_random, random_machine, random_module
from unit.runtime.machine.shared_machines import random_shared, synchronized

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.geometry.safety.deadlock import deadlock
from spatem_ir.geometry.safety.occupancy import Occupancy
from spatem_ir.geometry.safety.residents import Deployed
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.parameters import AdcMode
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.critical_path import critical_path
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.machine.reference.program import only_stage
from spatem_ir.runtime.metrics.register import metrics_of

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines

SEEDS = range(12)


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random machines have a memory that all PEs share, over random buses, and exact converters."""

    def machine(random: Random) -> Accelerator:
        made = random_shared(random, random_machine(random))
        return replace(made, analog=replace(made.analog, adc_mode=AdcMode.LOSSLESS))

    monkeypatch.setattr(random_programs, "random_machine", machine)


@pytest.mark.parametrize("seed", SEEDS)
def test_programs_of_the_passes(seed: int) -> None:
    """Equal events, a deployment that is proven safe, and metrics that fit together."""
    module = synchronized(Random(seed))
    VerifyDeploymentPass().apply(None, module)  # type: ignore[arg-type]
    execution = expect_equal_engines(module, 1)
    assert execution is not None
    metrics = metrics_of(module, execution)
    assert metrics.latency_cycles is not None
    assert max(metrics.lower_bounds_cycles.values()) <= metrics.latency_cycles
    path = critical_path(execution, module)
    assert path.total.total == execution.finished[0] <= metrics.latency_cycles
    assert execution.byte_hops == sum(execution.injected_bytes.values())
    assert list(execution.buffers.peaks()) == [0]
    stage, dataflow = only_stage(module), dataflow_of(module)
    placed, machine = stage.placed(), accelerator_of(module)
    deployed = Deployed(
        dataflow, machine, placed.placements(), placed.homes(dataflow), stage.merges
    )
    waits = [op.wait(dataflow) for op in stage.waits]
    assert execution.buffers.peak(0) <= Occupancy(deployed, waits).bytes[0]
    assert lower_bounds(dataflow, machine).largest > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_values_are_those_of_the_network(seed: int) -> None:
    """Several layers, residual ones among them, in turns by any scheme."""
    network, module = random_module(Random(seed)), synchronized(Random(seed))
    argument = network_of(network).body.block.args[0]  # type: ignore[union-attr]
    code = quantization_of(argument.type)
    assert code is not None
    shape = (2, *shape_of(argument))
    values = np.random.default_rng(seed).integers(code.minimum, code.maximum + 1, shape)
    (expected,), (found,) = (execute(each, [values]) for each in (network, module))
    assert (found == expected).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_programs_made_at_random(seed: int) -> None:
    """Engines are equal, and what the verifier calls a deadlock is one."""
    random = Random(seed)
    module = at_random(random)
    stage, dataflow = only_stage(module), dataflow_of(module)
    waits = [op.wait(dataflow) for op in stage.waits]
    turns = stage.placed().turns(dataflow)
    found = deadlock(dataflow, programs_of(stage, dataflow), waits, turns=turns)
    execution = expect_equal_engines(module, random.choice([1, 1, 2]))
    assert (execution is None) == (found is not None)
