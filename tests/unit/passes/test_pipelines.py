"""Whole pipelines: what is printed parses again, and the benchmark networks reach level ou."""

from __future__ import annotations

from pathlib import Path

import pytest
from differential.dealt import ANYWHERE, dealt
from differential.machines import machines
from differential.networks import Network, networks
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import applied, context, network_on, parsed
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.driver.pipeline import remaining_pipeline, run_pipeline
from spatem_ir.frontend import calibrate
from spatem_ir.frontend.load import ImportOptions, load_network
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes import (
    assign,
    expand_ou,
    fold_batch_norm,
    fold_clips,
    fold_scales,
    fuse_quantization,
    join_functions,
    map_weights,
    order,
    pack,
    remove_identities,
    sink_transposes,
    synchronize,
    tabulate,
    verify_deployment,
)
from spatem_ir.passes.dead_positions import remove_dead_positions
from spatem_ir.passes.partition import partition
from spatem_ir.passes.quantize import quantize
from spatem_ir.universe import SPATEM_UNIVERSE

FILECHECK = Path(__file__).parents[2] / "filecheck" / "passes"

MODULES = {
    remove_identities.RemoveIdentitiesPass: remove_identities,
    sink_transposes.SinkTransposesPass: sink_transposes,
    fold_batch_norm.FoldBatchNormPass: fold_batch_norm,
    calibrate.CalibratePass: calibrate,
    quantize.QuantizePass: quantize,
    fuse_quantization.FuseQuantizationPass: fuse_quantization,
    join_functions.JoinFunctionsPass: join_functions,
    fold_scales.FoldScalesPass: fold_scales,
    fold_clips.FoldClipsPass: fold_clips,
    tabulate.TabulatePass: tabulate,
    remove_dead_positions.RemoveDeadPositionsPass: remove_dead_positions,
    partition.PartitionPass: partition,
    pack.PackPass: pack,
    assign.AssignPass: assign,
    map_weights.MapWeightsPass: map_weights,
    synchronize.SynchronizePass: synchronize,
    order.OrderPass: order,
    expand_ou.ExpandOuPass: expand_ou,
    verify_deployment.VerifyDeploymentPass: verify_deployment,
}
"""Every pass and the module that holds it."""


def printed_again(module: ModuleOp) -> str:
    """The text of what the text of a module is parsed to."""
    return str(parsed(str(module)))


@examples(12)
@given(
    networks(),
    machines(),
    st.sampled_from(ANYWHERE),
    st.sampled_from(pack.METHODS),
    st.sampled_from(assign.METHODS),
    st.sampled_from(order.METHODS),
)
def test_what_every_level_prints_parses_again(
    network: Network,
    machine: Accelerator,
    partitioning: str,
    packing: str,
    assignment: str,
    ordering: str,
) -> None:
    module = network_on(network, machine, slack=2)
    passes: list[ModulePass] = [
        partition.PartitionPass(strategy=dealt(partitioning, "cyclic")),
        pack.PackPass(method=packing),
        assign.AssignPass(method=assignment),
        order.OrderPass(method=ordering),
    ]
    assert printed_again(module) == str(module)
    for step in passes:
        applied(module, [step])
        assert printed_again(module) == str(module)


@examples(5)
@given(networks(), machines())
def test_a_pipeline_in_steps_through_text_is_the_pipeline_in_one_go(
    network: Network, machine: Accelerator
) -> None:
    module = network_on(network, machine, slack=2)
    text = str(module)
    pipeline = remaining_pipeline(Level.CNN, strategy=None)
    for step in pipeline.split(","):
        read = parsed(text)
        run_pipeline(context(), read, step)
        text = str(read)
    run_pipeline(context(), module, pipeline)
    assert text == str(module)


def test_every_pass_is_registered_under_the_name_of_its_file_and_of_its_tests() -> None:
    for pass_type, module in MODULES.items():
        file = module.__name__.rpartition(".")[2]
        assert pass_type.name == file.replace("_", "-")
        assert SPATEM_UNIVERSE.all_passes[pass_type.name]() is pass_type
        assert list((FILECHECK / file).glob("*.mlir"))
    assert set(SPATEM_UNIVERSE.all_passes) == {pass_type.name for pass_type in MODULES}


MOST_OPS = 5000
MOST_CHARACTERS = 200_000
LONGEST_LINE = 500


STRATEGIES = {
    "lenet": "spatem",
    "deepid": "spatem",
    "deepface": "spatem",
    "caffenet": "spatem",
    "overfeat": "spatem",
    "resnet50": "isaac",
}
"""How benchmark networks are partitioned here."""


@pytest.mark.parametrize(("name", "strategy"), STRATEGIES.items())
def test_benchmark_networks_reach_level_ou(name: str, strategy: str) -> None:
    """Their text is short at every level: an op speaks about a set of tiles or crossbars."""
    module = load_network(name, ImportOptions()).module
    accelerator = load_accelerator("isaac-ou")
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    for step in (
        partition.PartitionPass(strategy),
        pack.PackPass(),
        assign.AssignPass(),
        order.OrderPass(),
    ):
        step.apply(context(), module)
        assert sum(1 for _ in module.walk()) <= MOST_OPS
        text = str(module)
        assert len(text) <= MOST_CHARACTERS
        assert max(map(len, text.splitlines())) <= LONGEST_LINE
    assert level_of(module) is Level.OU
    stage = next(op for op in module.ops if isinstance(op, OuStageOp))
    stage.verify()
    programs = programs_of(stage, dataflow_of(module))
    used = [crossbar for program in programs for crossbar in program.crossbars.tolist()]
    assert len(used) == len(set(used)) <= accelerator.crossbars
