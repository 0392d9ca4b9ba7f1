"""Import of ONNX models: float32, QDQ (quantise/dequantise pairs) or QOperator (integer) form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.dialects.cnn.sizes import check_sizes
from spatem_ir.frontend.onnx_constants import fold_constants
from spatem_ir.frontend.onnx_graph import OnnxGraph, load_graph
from spatem_ir.frontend.onnx_late_constants import of_constants
from spatem_ir.frontend.onnx_network import Network
from spatem_ir.frontend.onnx_refusals import Refusals, unsupported
from spatem_ir.frontend.onnx_views import BatchFreeViews
from spatem_ir.operators.core.register import imports
from spatem_ir.operators.onnx_import.parameters import Parameters
from spatem_ir.operators.onnx_import.tensors import OnnxNode
from spatem_ir.weights.store import PACKAGE_SCHEME, ParameterStore, packaged_file, relative_path


@dataclass(frozen=True)
class ImportedModel:
    """A module with a network, and the model's outputs that it has not: they are constant."""

    module: ModuleOp
    constant_outputs: tuple[str, ...]


def import_onnx(
    source: str,
    store: ParameterStore,
    folder: Path | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> ImportedModel:
    """Import an ONNX model, operator by operator, as a module with one network at level `cnn`.

    Parameters that the model holds are referred to under `source`, relative to `folder`, that of
    the IR file, if it is given; others are kept in `store`.  `shapes` has full shapes of inputs
    whose sizes are unknown.

    Raises:
        SpatemError: the model is unreadable, invalid, or has something that is not supported.
    """
    path = str(packaged_file(source)) if source.startswith(PACKAGE_SCHEME) else source
    name = Path(source.removeprefix(PACKAGE_SCHEME)).stem
    graph = load_graph(path, source, shapes)
    return import_graph(graph, name, relative_path(source, folder), store)


def import_graph(graph: OnnxGraph, name: str, source: str, store: ParameterStore) -> ImportedModel:
    """Import a graph, whose file IR names `source`, as a module with one network called `name`.

    Raises:
        SpatemError: the graph has something that is not supported, or is too large.
    """
    graph = fold_constants(graph)
    network, refusals = Network(graph, Parameters(source, store)), Refusals(graph.file)
    views = BatchFreeViews(network, graph)
    for node in graph.nodes:
        if node.operator not in imports():
            refusals.add(node, unsupported(node.operator))
        elif not refusals.concerns(node):
            with refusals.noting(node):
                _define(node, network, views)
    refusals.check()
    views.check_outputs()
    imported = NetworkOp(name, network.finish())
    module = ModuleOp([imported])
    try:
        module.verify()
    except VerifyException as error:
        graph.fail(str(error).splitlines()[-1].strip())
    check_sizes(imported, graph.file)
    return ImportedModel(module, network.constant_outputs)


def _define(node: OnnxNode, network: Network, views: BatchFreeViews) -> None:
    """Set the values of a node's results.

    Raises:
        SpatemError: the node has something that is not supported.
    """
    if views.takes(node):
        views.define(node)
        return
    results = of_constants(node, network.values, network.graph)
    network.define(node, results or imports()[node.operator].convert(node, network))
