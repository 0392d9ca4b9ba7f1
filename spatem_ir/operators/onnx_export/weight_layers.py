"""Weight layers in ONNX: QLinearConv and QGemm, ConvInteger and MatMulInteger, Conv and Gemm.

onnxruntime's quantised operators requantise as the `cnn` dialect does, but take codes of 8 bits
only.  Wider codes are cut into bytes and their sums are formed with integer operators; sums wrap,
so that the parts may be added in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.weight_layers import SUM_BITS, Requantization, WeightLayerOp
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.numerics.codes import multiplier, storage_dtype
from spatem_ir.operators.onnx_export.graph import GraphBuilder
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.parameters import is_accumulator

BYTE = 256
MOST_BYTE_PRODUCTS = (1 << 31) // BYTE**2 - 1
"""Products of bytes whose sum is below 2^31."""

SIGN = BYTE // 2
"""What separates signed from unsigned codes of 8 bits."""


@dataclass(frozen=True)
class Weights:
    """The parameters of a layer, or of one region of a locally connected layer.

    Values have the shape of an ONNX weight, [channels, inputs] or [channels, inputs, kernel height,
    kernel width]; `code` is None for float32 values; `scale` has one element or one per channel.
    """

    values: NDArray[Any]
    code: Quantization | None
    scale: NDArray[np.float32]
    bias: NDArray[Any] | None

    def region(self, number: int) -> Weights:
        """The parameters of a region."""
        regions = len(self.values)
        bias = None if self.bias is None else self.bias.reshape(regions, -1)[number]
        return replace(self, values=self.values[number], bias=bias)


def weight_layer(op: WeightLayerOp, graph: GraphBuilder, operands: list[str]) -> str:
    """A convolution, dense or locally connected layer; returns the name of its result.

    Raises:
        SpatemError: the layer requantises in fixed point, which no ONNX operator does.
    """
    if op.requantization is Requantization.FIXED_POINT:
        raise SpatemError(
            f"{op.name} @{op.sym_name.data}: no ONNX operator requantises in fixed point; leave "
            'requantize "fixed-point" out'
        )
    weights = _weights_of(op, graph)
    if op.layer.region is not None:
        result = _by_region(op, graph, operands[0], weights)
    else:
        window = None if weights.values.ndim == 2 else op.layer.window
        result = _product(op, graph, operands[0], weights, window)
    if op.saturation is None:
        return result
    return graph.clipped(result, quantized(op, op.output), *op.saturation)


def _weights_of(op: WeightLayerOp, graph: GraphBuilder) -> Weights:
    code, scale = None, np.ones((), np.float32)
    if not op.has_float_weights:
        stored = quantization_of(op.weight_element)
        assert stored is not None
        code = replace(stored, zero_point=op.weight_zero_point.value.data)
        assert op.weight_scale is not None
        scale = np.asarray(graph.store.values(op.weight_scale), np.float32)
    bias = None if op.bias is None else graph.store.values(op.bias)
    return Weights(graph.store.values(op.weights), code, scale, bias)


def _product(
    op: WeightLayerOp, graph: GraphBuilder, operand: str, weights: Weights, window: Window | None
) -> str:
    """A convolution, or a dense layer if there is no window."""
    if is_floating(op.input):
        return _float_product(op, graph, operand, weights, window)
    assert weights.code is not None
    source, target = quantized(op, op.input), quantization_of(op.output.type)
    is_wide = op.accumulator_bits > SUM_BITS
    if target is not None and not is_wide and _are_bytes(source, weights.code, target):
        return _quantized_product(op, graph, operand, weights, window)
    sums = _integer_product(op, graph, operand, weights, window)
    bias, is_real = None, False
    if weights.bias is not None:
        is_real = weights.bias.dtype == np.float32
        stored = weights.bias.astype(np.int64) if is_wide and not is_real else weights.bias
        bias = graph.constant("bias", _per_channel(stored, window))
    if bias is not None and not is_real:
        sums = graph.add("Add", sums, bias)
    if is_accumulator(op.output.type):
        return sums
    factor = _per_channel(multiplier(source, weights.scale, target), window)
    steps = graph.add("Mul", graph.cast(sums, np.float32), graph.constant("multiplier", factor))
    if target is not None:
        return graph.rounded(steps, target)
    return graph.add("Add", steps, bias) if bias is not None and is_real else steps


def _are_bytes(*codes: Quantization) -> bool:
    return max(code.bits for code in codes) <= 8


def _convolution(window: Window, groups: int) -> dict[str, Any]:
    """The attributes of a convolution."""
    return {
        "kernel_shape": window.kernel,
        "strides": window.strides,
        "pads": window.pads,
        "dilations": window.dilations,
        "group": groups,
    }


def _float_product(
    op: WeightLayerOp, graph: GraphBuilder, operand: str, weights: Weights, window: Window | None
) -> str:
    values = graph.constant("weights", weights.values)
    if weights.code is not None:
        scale = graph.constant("weights.scale", weights.scale)
        zeros = np.full(weights.scale.shape, weights.code.zero_point, storage_dtype(weights.code))
        zero_points = graph.constant("weights.zero_point", zeros)
        values = graph.add("DequantizeLinear", values, scale, zero_points, axis=0)
    bias = None
    if weights.bias is not None:
        bias = graph.constant("bias", weights.bias)
        if weights.bias.dtype != np.float32:
            assert op.input_code is not None
            scale = np.float32(op.input_code.scale) * weights.scale
            bias = graph.add("DequantizeLinear", bias, graph.constant("bias.scale", scale), axis=0)
    if window is None:
        return graph.add("Gemm", operand, values, bias, transB=1)
    return graph.add("Conv", operand, values, bias, **_convolution(window, op.layer.groups))


def _quantized_product(
    op: WeightLayerOp, graph: GraphBuilder, operand: str, weights: Weights, window: Window | None
) -> str:
    """QLinearConv or QGemm, whose result has the input's storage type, as do signed weights."""
    source, target, code = quantized(op, op.input), quantized(op, op.output), weights.code
    assert code is not None
    values, zero_point = weights.values, code.zero_point
    if source.signed and not code.signed:
        values = (values.astype(np.int16) - SIGN).astype(np.int8)
        zero_point -= SIGN
    offset = SIGN * (source.signed - target.signed)
    dtype = storage_dtype(source)
    constants = [
        graph.scalar("input.scale", source.scale, np.float32),
        graph.scalar("input.zero_point", source.zero_point, dtype),
        graph.constant("weights", values),
        graph.constant("weights.scale", weights.scale),
        graph.constant("weights.zero_point", np.full_like(weights.scale, zero_point, values.dtype)),
    ]
    result = [
        graph.scalar("output.scale", target.scale, np.float32),
        graph.scalar("output.zero_point", target.zero_point - offset, dtype),
    ]
    bias = None if weights.bias is None else graph.constant("bias", weights.bias)
    if window is None:
        inputs = (operand, *constants, bias, *result)
        codes = graph.add("QGemm", *inputs, transB=1)
    else:
        attributes = _convolution(window, op.layer.groups)
        codes = graph.add("QLinearConv", operand, *constants, *result, bias, **attributes)
    if offset:
        codes = _shifted(graph, codes, offset, storage_dtype(target))
    return graph.saturated(codes, target)


def _integer_product(
    op: WeightLayerOp, graph: GraphBuilder, operand: str, weights: Weights, window: Window | None
) -> str:
    """The sums in wrapping int32, byte by byte where codes have more than 8 bits.

    Sums of more bits are int64; no sum of products of bytes may wrap then.
    """
    assert weights.code is not None
    is_wide = op.accumulator_bits > SUM_BITS
    if is_wide and op.layer.rows > MOST_BYTE_PRODUCTS:
        raise SpatemError(
            f"{op.name} @{op.sym_name.data}: sums of {op.layer.rows} products in "
            f"{op.accumulator_bits} bits have no ONNX operator"
        )
    parts: list[tuple[int, str]] = []
    inputs = _input_bytes(graph, operand, quantized(op, op.input))
    for (place, part, zero_point), (weight_place, weight_part, weight_zero_point) in product(
        inputs, _constant_bytes(weights.values, weights.code)
    ):
        zero_points = (
            graph.constant("input.zero_point", zero_point),
            graph.constant("weights.zero_point", weight_zero_point),
        )
        if window is None:
            matrix = graph.constant("weights", weight_part.T)
            sums = graph.add("MatMulInteger", part, matrix, *zero_points)
        else:
            attributes = _convolution(window, op.layer.groups)
            kernels = graph.constant("weights", weight_part)
            sums = graph.add("ConvInteger", part, kernels, *zero_points, **attributes)
        parts.append((place * weight_place, sums))
    if len(parts) == 1 and not is_wide:
        return parts[0][1]
    return _weighted_sum(graph, parts, np.int64 if is_wide else np.int32)


def _shifted(graph: GraphBuilder, operand: str, offset: int, dtype: DTypeLike) -> str:
    """Codes of 8 bits plus an offset, in another type of 8 bits that holds the sums."""
    sums = graph.add("Add", graph.cast(operand, np.int32), graph.scalar("offset", offset, np.int32))
    return graph.cast(sums, dtype)


def _weighted_sum(graph: GraphBuilder, parts: list[tuple[int, str]], dtype: DTypeLike) -> str:
    """Sums times their places, added in int64, then int64 or wrapping int32."""
    total = None
    for place, sums in parts:
        weighted = graph.add(
            "Mul", graph.cast(sums, np.int64), graph.scalar("place", place, np.int64)
        )
        total = weighted if total is None else graph.add("Add", total, weighted)
    assert total is not None
    return total if dtype == np.int64 else graph.cast(total, np.int32)


Bytes = list[tuple[int, NDArray[np.integer], NDArray[np.integer]]]
"""Parts of 8 bits of some codes: the place of each, its values and its zero point."""


def _constant_bytes(values: NDArray[Any], code: Quantization) -> Bytes:
    """The lower and the upper byte of constants, or only the one that there is."""
    zero_point = np.array(code.zero_point, values.dtype)
    if code.bits <= 8:
        return [(1, values, zero_point)]
    upper = np.int8 if code.signed else np.uint8
    return [
        (1, (values % BYTE).astype(np.uint8), (zero_point % BYTE).astype(np.uint8)),
        (BYTE, (values // BYTE).astype(upper), (zero_point // BYTE).astype(upper)),
    ]


def _input_bytes(
    graph: GraphBuilder, operand: str, code: Quantization
) -> list[tuple[int, str, NDArray[np.integer]]]:
    """The bytes of activations, as :func:`_constant_bytes` cuts them."""
    zero_points = [
        zero_point for _, _, zero_point in _constant_bytes(np.zeros(1, storage_dtype(code)), code)
    ]
    if code.bits <= 8:
        return [(1, operand, zero_points[0])]
    wide, base = graph.cast(operand, np.int32), graph.scalar("byte", BYTE, np.int32)
    lower = graph.add("Mod", wide, base)
    upper = graph.add("Div", graph.add("Sub", wide, lower), base)
    return [
        (1, graph.cast(lower, np.uint8), zero_points[0]),
        (BYTE, graph.cast(upper, zero_points[1].dtype), zero_points[1]),
    ]


def _per_channel(values: NDArray[Any], window: Window | None) -> NDArray[Any]:
    """Values per channel in a shape that fits the layer's results."""
    return values if window is None or values.ndim == 0 else values.reshape(-1, 1, 1)


def _by_region(op: WeightLayerOp, graph: GraphBuilder, operand: str, weights: Weights) -> str:
    """One convolution per region, on the part of the padded input that its windows read."""
    layer = op.layer
    assert layer.region is not None
    top, left, bottom, right = layer.window.pads
    pads, code = [(0, 0), (top, bottom), (left, right)], quantization_of(op.input.type)
    input_map = graph.padded(operand, pads, 0 if code is None else code.zero_point, code)
    window = replace(layer.window, pads=(0, 0, 0, 0))
    rows, columns = (size // own for size, own in zip(layer.output_size, layer.region, strict=True))
    strips = []
    for row in range(rows):
        maps = [
            _product(
                op,
                graph,
                _read_by(graph, input_map, layer, (row, column)),
                weights.region(row * columns + column),
                window,
            )
            for column in range(columns)
        ]
        strips.append(graph.add("Concat", *maps, axis=3))
    return graph.add("Concat", *strips, axis=2)


def _read_by(graph: GraphBuilder, input_map: str, layer: Layer, region: tuple[int, int]) -> str:
    """The rows and columns of the padded input that the windows of a region read."""
    assert layer.region is not None
    starts, ends = [], []
    for axis in range(2):
        stride, extent = layer.window.strides[axis], layer.region[axis]
        span = (layer.window.kernel[axis] - 1) * layer.window.dilations[axis] + 1
        starts.append(region[axis] * extent * stride)
        ends.append(starts[axis] + (extent - 1) * stride + span)
    bounds = [graph.constant(what, np.array(n)) for what, n in (("starts", starts), ("ends", ends))]
    return graph.add("Slice", input_map, *bounds, graph.constant("axes", np.array([2, 3])))
