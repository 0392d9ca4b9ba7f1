"""Import of ONNX models: float32, QDQ (quantise/dequantise pairs) or QOperator (integer) form."""

from __future__ import annotations

import os
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.frontend.load import ImportOptions, LoadedNetwork
from spatem_ir.frontend.onnx_constants import fold_constants
from spatem_ir.frontend.onnx_graph import Graph, load_graph
from spatem_ir.frontend.onnx_network import Network
from spatem_ir.frontend.onnx_operators import FLOAT_OPERATORS, Handler
from spatem_ir.frontend.onnx_parameters import Parameters
from spatem_ir.frontend.onnx_quantized import QUANTIZED_OPERATORS
from spatem_ir.frontend.quantize_calibration import calibrate
from spatem_ir.frontend.weights import PACKAGE_SCHEME, packaged_file

OPERATORS: dict[str, Handler] = {**FLOAT_OPERATORS, **QUANTIZED_OPERATORS}
"""Every operator that can be imported, with its handler."""

DEFAULT_WEIGHTS_FILE = "weights.npz"


def import_onnx(
    source: str,
    options: ImportOptions,
    weights_file: str | None = None,
    folder: Path | None = None,
) -> LoadedNetwork:
    """Import an ONNX model as a module with one network at level `cnn`.

    A float model is quantised after training, with `options`; an already quantised model keeps its
    quantisation.  Parameters that the model holds are referred to under `source`; others are
    returned as arrays and referred to under `weights_file`; both relative to `folder`, that of the
    IR file, if it is given.

    Raises:
        SpatemError: the model is unreadable, invalid, or has something that is not supported.
    """
    path = str(packaged_file(source)) if source.startswith(PACKAGE_SCHEME) else source
    graph = fold_constants(load_graph(path, source))
    _check_operators(graph)
    is_float = not any(node.operator in QUANTIZED_OPERATORS for node in graph.nodes)
    post_training = calibrate(graph, source, options) if is_float else None
    parameters = Parameters(
        graph,
        relative_path(source, folder),
        relative_path(weights_file or DEFAULT_WEIGHTS_FILE, folder),
        post_training,
    )
    network = Network(graph, parameters)
    for node in graph.nodes:
        network.define(node, OPERATORS[node.operator](node, network))
    name = Path(source.removeprefix(PACKAGE_SCHEME)).stem
    module = ModuleOp([NetworkOp(name, network.finish())])
    try:
        module.verify()
    except VerifyException as error:
        graph.fail(str(error).splitlines()[-1].strip())
    return LoadedNetwork(name, module, parameters.arrays)


def relative_path(path: str, folder: Path | None) -> str:
    """A path as IR in `folder` names it; unchanged without a folder or if it is packaged."""
    if folder is None or path.startswith(PACKAGE_SCHEME):
        return path
    return Path(os.path.relpath(path, folder)).as_posix()


def _check_operators(graph: Graph) -> None:
    for node in graph.nodes:
        if node.operator not in OPERATORS:
            node.fail("this operator is not supported")
