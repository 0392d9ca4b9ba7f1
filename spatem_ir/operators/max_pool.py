"""Maximum pooling, over windows and over whole feature maps."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, traits_def

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import WindowAttr, quantization_of
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.operators import CommutesWithQuantization, PoolOp
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_export.pooling import window_attributes, without_large_pads
from spatem_ir.operators.onnx_import.pooling import as_maps, as_signal, pooled_shape
from spatem_ir.operators.onnx_import.reductions import reduced
from spatem_ir.operators.onnx_import.shapes import element_of
from spatem_ir.operators.onnx_import.volumes import DIMENSIONS, Volume
from spatem_ir.operators.onnx_import.windows import map_size, pooling_window
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class MaxPoolOp(PoolOp):
    """Largest value of each window; input and output have the same quantisation."""

    name = "cnn.max_pool"

    traits = traits_def(CommutesWithQuantization())

    def verify_(self) -> None:
        super().verify_()
        same_quantization(self, self.input, self.output)


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """MaxPool."""
    node.attribute("storage_order")
    operand = network.activation(node)
    if len(shape_of(operand)) == 1 + DIMENSIONS:
        return _of_volumes(node, network, operand)
    maps, is_signal = as_maps(node, network, operand)
    window = pooling_window(node, map_size(node, shape_of(maps)), is_signal=is_signal)
    result = TensorType(element_of(maps), pooled_shape(node, maps, window))
    pooled = network.append(MaxPoolOp(node.name, maps, WindowAttr(window), result), node.name)
    return as_signal(network, pooled, is_signal=is_signal)


def _of_volumes(node: OnnxNode, network: NetworkBuilder, operand: SSAValue) -> SSAValue:
    """The largest values of windows over volumes."""
    channels, *_ = shape_of(operand)
    volume = Volume.of(node, tuple(node.attribute("kernel_shape")), shape_of(operand))
    maps = volume.as_map(node, network, operand, repeats=True)
    depth, rows, columns = volume.shape
    result = TensorType(element_of(maps), (channels, depth * rows, columns))
    pooled = MaxPoolOp(node.name, maps, WindowAttr(volume.window), result)
    return network.regrouped(network.append(pooled, node.name), (channels, depth, rows, columns))


def convert_global(node: OnnxNode, network: NetworkBuilder) -> Value:
    """GlobalMaxPool."""
    maps, is_signal = as_maps(node, network, network.activation(node))
    window = Window(map_size(node, shape_of(maps)))
    result = TensorType(element_of(maps), (shape_of(maps)[0], 1, 1))
    pooled = network.append(MaxPoolOp(node.name, maps, WindowAttr(window), result), node.name)
    return as_signal(network, pooled, is_signal=is_signal)


def convert_maximum(node: OnnxNode, network: NetworkBuilder) -> Value:
    """ReduceMax, whose maxima are those of feature maps."""
    return reduced(node, network, network.activation(node), MaxPoolOp)


def evaluate(op: MaxPoolOp, operands: list[Array], _: ParameterStore) -> Array:
    """The largest element of each window; padding never wins."""
    import numpy as np

    from spatem_ir.numerics.planes import kernel_planes

    images = operands[0]
    is_real = np.issubdtype(images.dtype, np.floating)
    lowest = -np.inf if is_real else np.iinfo(images.dtype).min
    return reduce(np.maximum, kernel_planes(images, op.window.data, lowest))


def export(op: MaxPoolOp, graph: GraphBuilder, operands: list[str]) -> str:
    """MaxPool, which knows codes of 8 bits and float32 only, in which wider codes are exact."""
    import numpy as np

    from spatem_ir.numerics.codes import storage_dtype
    from spatem_ir.numerics.exact import FLOAT32_BITS

    code = quantization_of(op.input.type)
    if code is None or code.bits <= 8:
        lowest = -np.inf if code is None else np.iinfo(storage_dtype(code)).min
        return _maxima(op, graph, operands[0], lowest)
    if code.bits > FLOAT32_BITS:
        raise SpatemError(
            f"{op.name} @{op.sym_name.data}: onnxruntime has no MaxPool of {code.bits} bits; pool "
            f"codes of at most {FLOAT32_BITS} bits"
        )
    maxima = _maxima(op, graph, graph.cast(operands[0], "float32"), -np.inf)
    return graph.cast(maxima, storage_dtype(code))


def _maxima(op: MaxPoolOp, graph: GraphBuilder, operand: str, lowest: float) -> str:
    """MaxPool of a tensor that onnxruntime pools; padding is the lowest value."""
    operand, window = without_large_pads(op, graph, operand, lowest, quantization_of(op.input.type))
    return graph.add("MaxPool", operand, **window_attributes(window))


OPERATOR = Operator(
    MaxPoolOp,
    {
        "MaxPool": Import(convert, passes_code=True),
        "GlobalMaxPool": Import(convert_global, passes_code=True),
        "ReduceMax": Import(convert_maximum, passes_code=True),
    },
    evaluate,
    export,
)
