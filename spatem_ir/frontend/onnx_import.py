"""Import of ONNX models: float32, QDQ (quantise/dequantise pairs) or QOperator (integer) form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.frontend import onnx_layers as layers
from spatem_ir.frontend import onnx_moves as moves
from spatem_ir.frontend import onnx_operators as operators
from spatem_ir.frontend import onnx_quantized as quantized
from spatem_ir.frontend.onnx_constants import fold_constants
from spatem_ir.frontend.onnx_graph import OnnxGraph, OnnxNode, load_graph
from spatem_ir.frontend.onnx_network import Network
from spatem_ir.frontend.onnx_parameters import Parameters
from spatem_ir.frontend.onnx_values import Value
from spatem_ir.weights.store import PACKAGE_SCHEME, ParameterStore, packaged_file, relative_path

Handler = Callable[[OnnxNode, Network], Value]
"""Turns a node into the value of its result."""

OPERATORS: dict[str, Handler] = {
    "Add": operators.add,
    "AveragePool": operators.float_average_pool,
    "BatchNormalization": operators.batch_normalization,
    "Cast": moves.cast,
    "Clip": operators.clip,
    "Concat": moves.concat,
    "Conv": layers.float_convolution,
    "ConvInteger": layers.integer_convolution,
    "DequantizeLinear": quantized.dequantize,
    "Dropout": operators.dropout,
    "Flatten": moves.flatten,
    "Gemm": layers.gemm,
    "GlobalAveragePool": operators.float_global_average_pool,
    "GlobalMaxPool": operators.global_max_pool,
    "Identity": operators.identity,
    "LRN": operators.local_response_normalization,
    "LeakyRelu": operators.leaky_relu,
    "MatMul": layers.matmul,
    "MatMulInteger": layers.integer_matmul,
    "MaxPool": operators.max_pool,
    "Mul": operators.mul,
    "Pad": moves.pad,
    "QLinearConv": layers.qlinear_convolution,
    "QLinearMatMul": layers.qlinear_matmul,
    "QuantizeLinear": quantized.quantize,
    "Relu": operators.relu,
    "Reshape": moves.reshape,
    "Sigmoid": operators.sigmoid,
    "Softmax": operators.softmax,
    "Squeeze": moves.squeeze,
    "Sum": operators.add,
    "Transpose": moves.transpose,
    "Unsqueeze": moves.unsqueeze,
    "com.microsoft.QGemm": layers.qgemm,
    "com.microsoft.QLinearAdd": quantized.qlinear_add,
    "com.microsoft.QLinearAveragePool": quantized.qlinear_average_pool,
    "com.microsoft.QLinearConcat": quantized.qlinear_concat,
    "com.microsoft.QLinearGlobalAveragePool": quantized.qlinear_global_average_pool,
    "com.microsoft.QLinearLeakyRelu": quantized.qlinear_leaky_relu,
    "com.microsoft.QLinearMul": quantized.qlinear_mul,
    "com.microsoft.QLinearSigmoid": quantized.qlinear_sigmoid,
}
"""Every operator that can be imported, with its handler."""


def import_onnx(source: str, store: ParameterStore, folder: Path | None = None) -> ModuleOp:
    """Import an ONNX model, operator by operator, as a module with one network at level `cnn`.

    Parameters that the model holds are referred to under `source`, relative to `folder`, that of
    the IR file, if it is given; others are kept in `store`.

    Raises:
        SpatemError: the model is unreadable, invalid, or has something that is not supported.
    """
    path = str(packaged_file(source)) if source.startswith(PACKAGE_SCHEME) else source
    name = Path(source.removeprefix(PACKAGE_SCHEME)).stem
    return import_graph(load_graph(path, source), name, relative_path(source, folder), store)


def import_graph(graph: OnnxGraph, name: str, source: str, store: ParameterStore) -> ModuleOp:
    """Import a graph, whose file IR names `source`, as a module with one network called `name`.

    Raises:
        SpatemError: the graph has something that is not supported.
    """
    graph = fold_constants(graph)
    _check_operators(graph)
    network = Network(graph, Parameters(source, store))
    for node in graph.nodes:
        network.define(node, OPERATORS[node.operator](node, network))
    module = ModuleOp([NetworkOp(name, network.finish())])
    try:
        module.verify()
    except VerifyException as error:
        graph.fail(str(error).splitlines()[-1].strip())
    return module


def _check_operators(graph: OnnxGraph) -> None:
    for node in graph.nodes:
        if node.operator not in OPERATORS:
            node.fail("this operator is not supported")
