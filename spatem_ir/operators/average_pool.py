"""Average pooling over windows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial, reduce
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType, UnitAttr, f32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, opt_prop_def

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn.attributes import Quantization, WindowAttr
from spatem_ir.dialects.cnn.checks import quantized, works_on_codes
from spatem_ir.dialects.cnn.operators import PoolOp
from spatem_ir.geometry.shapes.window import PADDING, Window
from spatem_ir.operators.affine import scaled
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.global_average_pool import global_average
from spatem_ir.operators.onnx_export.pooling import (
    has_large_pads,
    trimmed,
    window_attributes,
    without_large_pads,
)
from spatem_ir.operators.onnx_import.pooling import (
    as_maps,
    as_signal,
    pooled_shape,
    refuse_channels_last,
)
from spatem_ir.operators.onnx_import.tensors import Constant
from spatem_ir.operators.onnx_import.volumes import DIMENSIONS, Volume
from spatem_ir.operators.onnx_import.windows import map_size, pooling_window, stated_window
from spatem_ir.operators.pad import PadOp
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spatem_ir.numerics.codes import Array, Codes, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class AveragePoolOp(PoolOp):
    """Mean of each window.

    Where both tensors are quantised the mean is rounded after adding the output's zero point.
    Padded activations count as zeros only with `count_include_pad`.
    """

    name = "cnn.average_pool"

    count_include_pad = opt_prop_def(UnitAttr)

    assembly_format = (
        "$sym_name $input $window (`count_include_pad` $count_include_pad^)? "
        "attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        window: WindowAttr,
        output: TensorType,
        *,
        count_include_pad: bool = False,
    ):
        super().__init__(sym_name, input, window, output)
        if count_include_pad:
            self.count_include_pad = UnitAttr()

    @property
    def counts_padding(self) -> bool:
        """Whether padded activations count as zeros."""
        return self.count_include_pad is not None


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """AveragePool."""
    operand = network.floats(node)
    if len(shape_of(operand)) == 1 + DIMENSIONS:
        return _of_volumes(node, network, operand)
    return _converted(node, network, operand, f32)


def convert_codes(node: OnnxNode, network: NetworkBuilder) -> Value:
    """QLinearAveragePool of onnxruntime."""
    refuse_channels_last(node)
    codes = network.stated_codes(node, 0)
    return _converted(node, network, codes, network.stated_type(node, 3))


def _converted(
    node: OnnxNode, network: NetworkBuilder, operand: SSAValue, result: Attribute
) -> SSAValue:
    """An average pooling whose window is in the node's attributes."""
    counts_padding = bool(node.attribute("count_include_pad", 0))
    maps, is_signal = as_maps(node, network, operand)
    size = map_size(node, shape_of(maps))
    window = pooling_window(node, size, is_signal=is_signal)
    stated = stated_window(node, size, is_signal=is_signal)
    if counts_padding and any(m > g for m, g in zip(window.pads, stated.pads, strict=True)):
        maps, window = _framed(node, network, maps, window, stated)
        counts_padding = False
    if _is_whole(window, size):
        pooled = global_average(node, network, maps, result)
        return as_signal(network, pooled, is_signal=is_signal)
    op = AveragePoolOp(
        node.name,
        maps,
        WindowAttr(window),
        TensorType(result, pooled_shape(node, maps, window)),
        count_include_pad=counts_padding,
    )
    return as_signal(network, network.append(op, node.name), is_signal=is_signal)


def _is_whole(window: Window, size: tuple[int, int]) -> bool:
    """Whether the one window is the whole map, of which onnxruntime takes the global mean."""
    return window.extent == window.kernel == size and not any(window.pads)


def _of_volumes(node: OnnxNode, network: NetworkBuilder, operand: SSAValue) -> SSAValue:
    """The means of windows over volumes, of the activations that count.

    Padding is zeros: where it does not count, means are those of all times a factor.
    """
    import numpy as np

    counts_padding = bool(node.attribute("count_include_pad", 0))
    channels, *_ = shape_of(operand)
    kernel = tuple(node.attribute("kernel_shape"))
    volume = Volume.of(node, kernel, shape_of(operand))
    maps = volume.as_map(node, network, operand, repeats=False)
    depth, rows, columns = volume.shape
    result = TensorType(f32, (channels, depth * rows, columns))
    window = WindowAttr(volume.window)
    name = f"{node.name}.all"
    op = AveragePoolOp(name, maps, window, result, count_include_pad=True)
    means = network.append(op, name)
    factors = np.float32(prod(kernel)) / volume.counts(with_padding=counts_padding)
    means = network.regrouped(means, (channels, depth, rows, columns))
    return scaled(node, network, means, Constant(factors)) if (factors != 1).any() else means


def _framed(
    node: OnnxNode, network: NetworkBuilder, maps: SSAValue, window: Window, stated: Window
) -> tuple[SSAValue, Window]:
    """The maps with the stated padding, which counts, and a window with the rest, which does not.

    The rest is what `ceil_mode` adds.
    """
    if not is_floating(maps):
        node.fail("has ceil_mode and count_include_pad with a window that leaves the padded input")
    top, left, bottom, right = stated.pads
    name = f"{node.name}.padding"
    framed = network.append(PadOp(name, maps, (0, top, left), (0, bottom, right)), name)
    rest = (max(window.pads[2] - bottom, 0), max(window.pads[3] - right, 0))
    inner = replace(window, pads=(0, 0, *rest))
    if pooled_shape(node, framed, inner) != pooled_shape(node, maps, window):
        node.fail("has ceil_mode and count_include_pad with a window that starts in the padding")
    return framed, inner


def evaluate(op: AveragePoolOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`average_pool` and :func:`average_pool_codes`."""
    window, counted = op.window.data, op.counts_padding
    if not works_on_codes(op):
        mean = partial(average_pool, window=window, count_include_pad=counted)
        return computed(op, operands, mean)
    source, target = quantized(op, op.input), quantized(op, op.output)
    return average_pool_codes(operands[0], window, source, target, count_include_pad=counted)


def average_pool(images: Reals, window: Window, *, count_include_pad: bool) -> Reals:
    """The mean of each window, of the activations that count.

    Summed as onnxruntime does: kernel column after kernel column, the sums of the columns then from
    left to right; with dilations in raster order.
    """
    import numpy as np

    from spatem_ir.numerics.planes import kernel_planes

    planes = list(kernel_planes(images, window, 0))
    if window.dilations == (1, 1):
        width = window.kernel[1]
        planes = [reduce(np.add, planes[column::width]) for column in range(width)]
    return np.divide(reduce(np.add, planes), _counts(images, window, count_include_pad))


def average_pool_codes(
    images: Codes,
    window: Window,
    source: Quantization,
    target: Quantization,
    *,
    count_include_pad: bool,
) -> Codes:
    """The mean of each window of codes, as a code of `target`.

    ``saturate(round_half_even((Σ (x − source zero point) · source scale) / n / target scale +
    target zero point))`` in float32, summed in raster order, where n counts padded activations only
    with `count_include_pad`.  The zero point is added before rounding, as onnxruntime's
    QLinearAveragePool does: ties differ from those of requantisation where it is odd.
    """
    import numpy as np

    from spatem_ir.numerics.codes import dequantize, to_codes_after_shift
    from spatem_ir.numerics.planes import kernel_planes

    sums = reduce(np.add, kernel_planes(dequantize(images, source), window, 0))
    means = np.divide(sums, _counts(images, window, count_include_pad), dtype=np.float32)
    return to_codes_after_shift(np.divide(means, target.scale, dtype=np.float32), target)


def _counts(images: Array, window: Window, count_include_pad: bool) -> Reals:
    """How many activations count in each window: [1, 1, rows, columns]."""
    import numpy as np

    from spatem_ir.numerics.planes import kernel_planes

    ones = np.ones((1, 1, *images.shape[2:]), np.float32)
    return reduce(np.add, kernel_planes(ones, window, float(count_include_pad)))


def export(op: AveragePoolOp, graph: GraphBuilder, operands: list[str]) -> str:
    """AveragePool, with or without its padding, or what it computes on codes."""
    if works_on_codes(op):
        return _export_codes(op, graph, operands[0])
    return graph.in_float(op, operands, partial(_export_floats, op, graph))


def _export_floats(op: AveragePoolOp, graph: GraphBuilder, operand: str) -> str:
    """AveragePool of float32."""
    window = trimmed(op)
    if op.counts_padding:
        operand, window = without_large_pads(op, graph, operand, 0.0, None)
    elif has_large_pads(window):
        raise SpatemError(
            f"{op.name} @{op.sym_name.data}: onnxruntime averages no windows with pads as large as "
            "the kernel; use smaller pads"
        )
    count, attributes = int(op.counts_padding), window_attributes(window)
    return graph.add("AveragePool", operand, count_include_pad=count, **attributes)


def _export_codes(op: AveragePoolOp, graph: GraphBuilder, operand: str) -> str:
    """QLinearAveragePool, or what it computes, spelled out.

    It knows no dilations, no pads as large as the kernel, and no codes but those of 8 bits; of a
    whole map it computes the global mean.
    """
    import numpy as np

    source, target, window = quantized(op, op.input), quantized(op, op.output), trimmed(op)
    _, height, width = shape_of(op.input)
    is_narrow = source.bits <= 8 and source.storage == target.storage
    is_known = window.dilations == (1, 1) and not has_large_pads(window)
    if is_narrow and is_known and not _is_whole(window, (height, width)):
        result = graph.add(
            "QLinearAveragePool",
            operand,
            *graph.scale_and_zero_point("input", source),
            *graph.scale_and_zero_point("output", target),
            count_include_pad=int(op.counts_padding),
            **window_attributes(window),
        )
        return graph.saturated(result, target)
    rows, columns = op.window.data.output_size(height, width)
    inside = op.window.data.positions(height, width) != PADDING
    counts = inside.sum(axis=1).reshape(rows, columns)
    if op.counts_padding:
        counts = np.full_like(counts, inside.shape[1])
    top, left, bottom, right = op.window.data.pads
    pads = [(0, 0), (top, bottom), (left, right)]
    maps = graph.padded(graph.dequantized(operand, source), pads, 0.0, None)
    sums = ""
    for plane in _planes(graph, maps, op.window.data, (rows, columns)):
        sums = graph.add("Add", sums, plane) if sums else plane
    steps = graph.add("Div", sums, graph.constant("counts", counts.astype(np.float32)))
    steps = graph.add("Div", steps, graph.scalar("output.scale", target.scale, np.float32))
    return graph.rounded_after_shift(steps, target)


def _planes(
    graph: GraphBuilder, maps: str, window: Window, output: tuple[int, int]
) -> Iterator[str]:
    """The activation at each kernel position of every window of padded maps, in raster order."""
    import numpy as np

    axes = graph.constant("axes", [2, 3])
    steps = graph.constant("strides", window.strides)
    for position in product(*map(range, window.kernel)):
        first = np.array(position) * window.dilations
        last = first + (np.array(output) - 1) * window.strides + 1
        bounds = [
            graph.constant(name, values) for name, values in (("first", first), ("last", last))
        ]
        yield graph.add("Slice", maps, *bounds, axes, steps)


OPERATOR = Operator(
    AveragePoolOp,
    {
        "AveragePool": Import(convert),
        "com.microsoft.QLinearAveragePool": Import(convert_codes, stating=(0,)),
    },
    evaluate,
    export,
)
