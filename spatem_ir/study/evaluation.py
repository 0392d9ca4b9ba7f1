"""One point of a study: compile, verify, simulate, measure."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING

from xdsl.utils.exceptions import ArgSpecParseError

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.level import Level
from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.dialects.stages import is_staged
from spatem_ir.driver.compile import deploy
from spatem_ir.driver.sources import Source, read_source
from spatem_ir.geometry.estimate.latency import grid_latency
from spatem_ir.hardware.overrides import overridden
from spatem_ir.runtime.machine.fast.computer import MemoryShortError
from spatem_ir.study.points import Outcome
from spatem_ir.study.traffic import partial_sum_bytes
from spatem_ir.support.errors import IneffectiveOptionError, SpatemError
from spatem_ir.support.explain import message_of

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.frontend.load import ImportOptions
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.study.points import Point, Setting


def evaluate(point: Point, setting: Setting) -> Outcome:
    """The outcome of a point; an error of any kind is the reason why there are no results.

    Raises:
        IneffectiveOptionError: an option has no effect on the network, so that there is no point.
    """
    started = process_time()
    try:
        return measured(point, setting)
    except IneffectiveOptionError:
        raise
    except (Exception, ArgSpecParseError) as error:
        seconds = {"until it failed": process_time() - started}
        lasting = not isinstance(error, MemoryError | MemoryShortError | OSError)
        return Outcome(point, failure=message_of(error), seconds=seconds, is_lasting=lasting)


def measured(point: Point, setting: Setting) -> Outcome:
    """Compile, verify and simulate a point.

    Raises:
        SpatemError: the network cannot be loaded, does not fit, or is too much for the engine.
    """
    started = process_time()
    source = network_source(point.network, setting.importing)
    accelerator = overridden(setting.accelerator, dict(point.changes))
    source.put_on(accelerator)
    deployment = deploy(source, passes=point.pipeline)
    compiled = process_time()
    simulation = deployment.simulate(engine=setting.engine, critical_path=point.is_compared)
    simulated = process_time()
    module, path = deployment.module, simulation.critical_path
    layers = [node.layer for node in dataflow_of(module).layers if node.layer is not None]
    return Outcome(
        point,
        metrics=simulation.metrics,
        estimated_cycles=None if is_staged(module) else estimated_cycles(module, accelerator),
        least_cells=sum(
            layer.weights * accelerator.cells_per_weight(layer.weight_bits) for layer in layers
        ),
        partial_sums=partial_sum_bytes(module),
        path=None if path is None else replace(path, segments=()),
        seconds={
            "compile": compiled - started,
            "simulate": simulated - compiled,
            "measure": process_time() - simulated,
        },
    )


def network_source(network: str, importing: ImportOptions) -> Source:
    """A network at level `cnn`: of a name, an .onnx file, or an .mlir file.

    Raises:
        SpatemError: it cannot be loaded, or the IR is partitioned already.
    """
    source = read_source(network, importing)
    if source.level is not Level.CNN:
        raise SpatemError(f"{network}: is partitioned already; a study needs level cnn")
    return source


def estimated_cycles(module: ModuleOp, accelerator: Accelerator) -> int:
    """The latency of a partitioned network by the additive model, digital cycles."""
    layers = layer_ops(module)
    return sum(grid_latency(op.layer, op.grid.data, accelerator) for op in layers)
