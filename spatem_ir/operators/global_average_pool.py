"""Average pooling over whole feature maps."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import Quantization, WindowAttr
from spatem_ir.dialects.cnn.checks import quantized, works_on_codes
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.global_pools import GlobalPoolOp, of_windows, windows_in_onnx
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.pooling import as_maps, as_signal, refuse_channels_last
from spatem_ir.operators.onnx_import.reductions import reduced
from spatem_ir.operators.onnx_import.windows import map_size

if TYPE_CHECKING:
    import numpy as np

    from spatem_ir.numerics.codes import Array, Codes, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore

LANES = 4
"""Sums that onnxruntime's global average pooling keeps side by side, in one vector register."""


@irdl_op_definition
class GlobalAveragePoolOp(GlobalPoolOp):
    """Mean of each window, in general the whole of a channel.

    Where both tensors are quantised it rounds before it adds the zero point, `cnn.average_pool`
    after, as onnxruntime does.
    """

    name = "cnn.global_average_pool"


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """GlobalAveragePool."""
    return _converted(node, network, network.floats(node), f32)


def convert_mean(node: OnnxNode, network: NetworkBuilder) -> Value:
    """ReduceMean, whose mean is that of feature maps."""
    return reduced(node, network, network.floats(node), GlobalAveragePoolOp)


def convert_codes(node: OnnxNode, network: NetworkBuilder) -> Value:
    """QLinearGlobalAveragePool of onnxruntime."""
    refuse_channels_last(node)
    codes = network.stated_codes(node, 0)
    return _converted(node, network, codes, network.stated_type(node, 3))


def _converted(
    node: OnnxNode, network: NetworkBuilder, operand: SSAValue, result: Attribute
) -> SSAValue:
    maps, is_signal = as_maps(node, network, operand)
    pooled = global_average(node, network, maps, result)
    return as_signal(network, pooled, is_signal=is_signal)


def global_average(
    node: OnnxNode, network: NetworkBuilder, maps: SSAValue, result: Attribute
) -> SSAValue:
    """The mean of each channel of a feature map: [channels, 1, 1], of elements `result`."""
    window = WindowAttr(Window(map_size(node, shape_of(maps))))
    output = TensorType(result, (shape_of(maps)[0], 1, 1))
    return network.append(GlobalAveragePoolOp(node.name, maps, window, output), node.name)


def evaluate(op: GlobalAveragePoolOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`global_average_pool` and :func:`scaled_sums`."""
    if not works_on_codes(op):
        return computed(op, operands, global_average_pool)
    source, target = quantized(op, op.input), quantized(op, op.output)
    return scaled_sums(operands[0], source, target, prod(op.window.data.kernel))


def global_average_pool(images: Reals) -> Reals:
    """The mean of each channel: [images, channels, 1, 1].

    Summed as onnxruntime does: :data:`LANES` sums of every fourth element, added crosswise, then
    the elements that are left over.
    """
    import numpy as np

    flat = images.reshape(*images.shape[:2], -1)
    whole = flat.shape[2] // LANES * LANES
    lanes = np.zeros((*flat.shape[:2], LANES), np.float32)
    for first in range(0, whole, LANES):
        lanes += flat[:, :, first : first + LANES]
    sums = (lanes[:, :, 0] + lanes[:, :, 2]) + (lanes[:, :, 1] + lanes[:, :, 3])
    for last in range(whole, flat.shape[2]):
        sums += flat[:, :, last]
    return np.divide(sums, np.float32(flat.shape[2]))[:, :, None, None]


def scaled_sums(images: Codes, source: Quantization, target: Quantization, count: int) -> Codes:
    """The sum of each channel of codes over `count`, as a code of `target`.

    ``saturate(round_half_even((Σ (x − source zero point)) · float32(source scale /
    float32(target scale · count))) + target zero point)``: where `count` is the number of positions
    the mean, as onnxruntime's QLinearGlobalAveragePool.  The result is [images, channels, 1, 1].
    """
    import numpy as np

    from spatem_ir.numerics.codes import centred, to_codes

    sums = centred(images, source).sum(axis=(2, 3), keepdims=True)
    return to_codes(sums.astype(np.float32) * _factor(source, target, count), target)


def _factor(source: Quantization, target: Quantization, count: int) -> np.float32:
    """What leads from the sum of codes to the code of the sum over `count`."""
    import numpy as np

    return np.float32(source.scale) / (np.float32(target.scale) * np.float32(count))


def scaled_sums_in_onnx(
    graph: GraphBuilder, operand: str, source: Quantization, target: Quantization, count: int
) -> str:
    """What :func:`scaled_sums` computes, as nodes of a graph; returns the result's name."""
    axes = graph.constant("axes", [2, 3])
    sums = graph.add("ReduceSum", graph.centred(operand, source), axes)
    factor = graph.scalar("multiplier", float(_factor(source, target, count)), "float32")
    return graph.rounded(graph.add("Mul", graph.cast(sums, "float32"), factor), target)


def export(op: GlobalAveragePoolOp, graph: GraphBuilder, operands: list[str]) -> str:
    """GlobalAveragePool, QLinearGlobalAveragePool, or what it computes, spelled out."""
    if not works_on_codes(op):
        return graph.in_float(op, operands, lambda x: graph.add("GlobalAveragePool", x))
    source, target = quantized(op, op.input), quantized(op, op.output)
    if source.bits <= 8 and source.storage == target.storage:
        result = graph.add(
            "QLinearGlobalAveragePool",
            operands[0],
            *graph.scale_and_zero_point("input", source),
            *graph.scale_and_zero_point("output", target),
        )
        return graph.saturated(result, target)
    return scaled_sums_in_onnx(graph, operands[0], source, target, prod(op.window.data.kernel))


OPERATOR = Operator(
    GlobalAveragePoolOp,
    {
        "GlobalAveragePool": Import(convert),
        "ReduceMean": Import(convert_mean),
        "com.microsoft.QLinearGlobalAveragePool": Import(convert_codes, stating=(0,)),
    },
    of_windows(evaluate),
    windows_in_onnx(export),
)
