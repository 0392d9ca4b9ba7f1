"""The model, the simulation step by step and the cycle-accurate machine on the same copies."""

from __future__ import annotations

from dataclasses import dataclass

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.driver.compile import deploy
from spatem_ir.driver.sources import read_source
from spatem_ir.frontend.options import ImportOptions
from spatem_ir.geometry.allocation.model import PipelineModel
from spatem_ir.geometry.allocation.steps import pipeline_steps
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition.pipelines import layer_pipeline, machine_buses
from spatem_ir.passes.partition.strategy import Problem
from spatem_ir.passes.partition.whole_crossbars import whole_crossbars
from spatem_ir.study.causes import PART_LABELS
from spatem_ir.support.messages import SILENT, Messages

PRESET, ACTIVATION_BITS = "li-isaac", 16
"""The published machine, and the bits of its data."""

NETWORKS = ("li-alexnet", "li-vgg-a", "li-resnet-18", "li-mobilenet")

STRATEGIES = ("li", "li-published", "li{buses=false}", "isaac", "hitm")
"""Those by the model, and others, whose copies the model also gives a time to."""


@dataclass(frozen=True)
class MachineRun:
    """One network and strategy; all times in cycles, with buses.

    `operations` is Op and `simulated` the steps, both of `step` cycles, the longest T_step;
    `machine` is what the cycle-accurate machine takes, and `cause` on what.
    """

    network: str
    strategy: str
    step: float
    operations: int
    simulated: int
    machine: int
    cause: str

    @property
    def accuracy(self) -> float:
        """1 − |model − simulation| / simulation, as the paper defines it."""
        return 1 - abs(self.operations - self.simulated) / self.simulated

    @property
    def machine_accuracy(self) -> float:
        """The same against the machine."""
        return 1 - abs(self.operations * self.step - self.machine) / self.machine


def machine_runs(say: Messages = SILENT) -> list[MachineRun]:
    """All networks and strategies on the preset."""
    found = []
    for network in NETWORKS:
        for strategy in STRATEGIES:
            say.step(f"executing {network}, strategy {strategy}")
            found.append(machine_run(network, strategy))
    return found


def machine_run(network: str, strategy: str) -> MachineRun:
    """Deploy a network, execute it, and ask the model about its copies."""
    accelerator = load_accelerator(PRESET)
    source = read_source(network, ImportOptions(activation_bits=ACTIVATION_BITS))
    source.put_on(accelerator)
    layers = [op for op in source.module.walk() if isinstance(op, WeightLayerOp)]
    problem = Problem(layers, accelerator)
    pipeline = layer_pipeline(problem, whole_crossbars(problem.layers, accelerator))
    deployment = deploy(source, strategy=strategy)
    copies = [op.grid.data.iw for op in layer_ops(deployment.module)]
    found = PipelineModel(pipeline, clamp=True, buses=machine_buses(problem)).evaluated(copies)
    simulation = deployment.simulate(critical_path=True)
    path = simulation.critical_path
    assert path is not None
    total = path.total
    part = max(PART_LABELS, key=lambda each: total.cycles[each])
    layer = max(path.layers, key=lambda each: each.total)
    waiting = sum(total.queueing.values()) / path.cycles
    return MachineRun(
        network=network,
        strategy=strategy,
        step=float(found.steps[0]),
        operations=int(found.operations[0]),
        simulated=pipeline_steps(pipeline, copies),
        machine=int(simulation.metrics.latency_cycles or 0),
        cause=f"{PART_LABELS[part]} {total.cycles[part] / path.cycles:.0%}, "
        f"{layer.name} {layer.total / path.cycles:.0%}, queueing {waiting:.0%}",
    )
