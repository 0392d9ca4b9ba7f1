"""One point of a study: compile, verify, simulate, measure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.utils.exceptions import ArgSpecParseError

from spatem_ir.cli.engines import engine_for
from spatem_ir.cli.errors import message_of
from spatem_ir.cli.lowering import run_pipeline
from spatem_ir.cli.parsing import parse_module
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr, accelerator_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.frontend.load import load_network
from spatem_ir.geometry.estimate.latency_network import network_latency
from spatem_ir.hardware.overrides import overridden
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.critical_path import critical_path
from spatem_ir.runtime.metrics import metrics_of
from spatem_ir.study.points import Outcome
from spatem_ir.study.traffic import partial_sum_bytes
from spatem_ir.support.errors import SpatemError
from spatem_ir.universe import register_dialects

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.frontend.load import ImportOptions
    from spatem_ir.study.points import Point, Setting


def evaluate(point: Point, setting: Setting) -> Outcome:
    """The outcome of a point; an error of any kind is the reason why there are no results."""
    started = process_time()
    try:
        return measured(point, setting)
    except (Exception, ArgSpecParseError) as error:
        seconds = {"until it failed": process_time() - started}
        return Outcome(point, failure=message_of(error), seconds=seconds)


def measured(point: Point, setting: Setting) -> Outcome:
    """Compile, verify and simulate a point.

    Raises:
        SpatemError: the network cannot be loaded, does not fit, or is too much for the engine.
    """
    started = process_time()
    context = Context()
    register_dialects(context)
    module = network_module(point.network, setting.importing, context)
    accelerator = overridden(setting.accelerator, dict(point.changes))
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    run_pipeline(context, module, point.pipeline)
    VerifyDeploymentPass().apply(context, module)
    compiled = process_time()
    traced = point.is_compared
    execution = engine_for(setting.engine, point.network, module, 1, trace=traced)(1)
    simulated = process_time()
    metrics = metrics_of(module, execution)
    layers = [node.layer for node in dataflow_of(module).layers if node.layer is not None]
    return Outcome(
        point,
        metrics=metrics,
        estimated_cycles=estimated_cycles(module),
        least_cells=sum(
            layer.weights * accelerator.cells_per_weight(layer.weight_bits) for layer in layers
        ),
        partial_sums=partial_sum_bytes(module),
        path=replace(critical_path(execution, module), segments=()) if traced else None,
        seconds={
            "compile": compiled - started,
            "simulate": simulated - compiled,
            "measure": process_time() - simulated,
        },
    )


def network_module(network: str, importing: ImportOptions, context: Context) -> ModuleOp:
    """A network at level `cnn`: of a name, an .onnx file, or an .mlir file.

    Raises:
        SpatemError: it cannot be loaded, or the IR is partitioned already.
    """
    if not network.endswith(".mlir"):
        return load_network(network, importing).module
    module = parse_module(context, Path(network).read_bytes(), network)
    module.verify()
    if level_of(module) is not Level.CNN:
        raise SpatemError(f"{network}: is partitioned already; a study needs level cnn")
    return module


def estimated_cycles(module: ModuleOp) -> int:
    """The estimated latency of a module at level `pxb` or `ou` with one stage, digital cycles."""
    (stage,) = (op for op in module.ops if isinstance(op, PxbStageOp))
    dataflow, accelerator = dataflow_of(module), accelerator_of(module)
    return network_latency(dataflow, accelerator, placements=stage.placements()).cycles
