"""Digital operators and views in ONNX.

Operators on codes become operators on the codes themselves where those give the result (Clip, Pad,
Mul of integers), and float32 operators between DequantizeLinear and QuantizeLinear otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import Attribute

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import (
    AddOp,
    AffineOp,
    BatchNormOp,
    ClipOp,
    ConcatOp,
    DequantizeOp,
    FlattenOp,
    IdentityOp,
    LeakyReluOp,
    LrnOp,
    MulOp,
    PadOp,
    QuantizeOp,
    ReluOp,
    RequantizeOp,
    SigmoidOp,
    SoftmaxOp,
    TransposeOp,
)
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.digital import UnaryDigitalOp
from spatem_ir.dialects.cnn.elementwise import ElementwiseOp
from spatem_ir.exchange.onnx_codes import (
    centred,
    clipped,
    dequantized,
    multiplier,
    padded,
    rounded_after_shift,
)
from spatem_ir.exchange.onnx_codes import (
    quantized as quantized_codes,
)
from spatem_ir.exchange.onnx_graph import GraphBuilder
from spatem_ir.numerics.codes import element_of


def relu(op: ReluOp, graph: GraphBuilder, operands: list[str]) -> str:
    """max(x, 0); codes below the zero point become the zero point."""
    if is_floating(op.input):
        return graph.add("Relu", operands[0])
    code = quantized(op, op.input)
    return clipped(graph, operands[0], code, code.zero_point, None)


def clip(op: ClipOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Codes between the codes of the bounds, or floats between the bounds."""
    bounds = [_optional(op.lowest), _optional(op.highest)]
    if is_floating(op.input):
        names = [None if b is None else graph.scalar("bound", b, np.float32) for b in bounds]
        return graph.add("Clip", operands[0], *names)
    code = quantized(op, op.input)
    lowest, highest = (None if b is None else element_of(b, code).item() for b in bounds)
    return clipped(graph, operands[0], code, lowest, highest)


def _optional(bound: FloatAttr | None) -> float | None:
    return None if bound is None else bound.value.data


def identity(_: IdentityOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The same values."""
    return graph.add("Identity", operands[0])


def leaky_relu(op: LeakyReluOp, graph: GraphBuilder, operands: list[str]) -> str:
    """X or slope · x."""
    return _in_float(
        op, graph, operands, lambda x: graph.add("LeakyRelu", x, alpha=op.slope.value.data)
    )


def sigmoid(op: SigmoidOp, graph: GraphBuilder, operands: list[str]) -> str:
    """1 / (1 + exp(−x))."""
    return _in_float(op, graph, operands, lambda x: graph.add("Sigmoid", x))


def affine(op: AffineOp, graph: GraphBuilder, operands: list[str]) -> str:
    """X · scale + shift."""
    trailing = (1,) * (len(shape_of(op.input)) - 1)

    def constant(what: str, parameter: Attribute) -> str:
        return graph.constant(what, graph.store.values(parameter).reshape(-1, *trailing))

    def compute(x: str) -> str:
        scaled = graph.add("Mul", x, constant("scale", op.scale))
        return graph.add("Add", scaled, constant("shift", op.shift))

    return _in_float(op, graph, operands, compute)


def batch_norm(op: BatchNormOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The normalisation, on float32 alone."""
    names = [
        graph.constant(what, graph.store.values(op.properties[what]))
        for what in ("scale", "shift", "mean", "variance")
    ]
    epsilon = op.epsilon.value.data
    return graph.add("BatchNormalization", operands[0], *names, epsilon=epsilon)


def lrn(op: LrnOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Local response normalisation; onnxruntime does it on four dimensions only."""
    shape = shape_of(op.input)
    maps = (shape[0], int(np.prod(shape[1:])), 1)

    def compute(x: str) -> str:
        wide = x if len(shape) == 3 else reshaped(graph, x, maps)
        result = graph.add(
            "LRN",
            wide,
            size=op.size.value.data,
            alpha=op.alpha.value.data,
            beta=op.beta.value.data,
            bias=op.bias.value.data,
        )
        return result if len(shape) == 3 else reshaped(graph, result, shape)

    return _in_float(op, graph, operands, compute)


def softmax(op: SoftmaxOp, graph: GraphBuilder, operands: list[str]) -> str:
    """exp(x) / Σ exp(x)."""
    axis = op.axis.value.data + 1
    return _in_float(op, graph, operands, lambda x: graph.add("Softmax", x, axis=axis))


def add(op: AddOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The sum, one operand after the other."""

    def compute(first: str, *others: str) -> str:
        for other in others:
            first = graph.add("Add", first, other)
        return first

    return _in_float(op, graph, operands, compute)


def mul(op: MulOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The product; of codes in int64, times the product of their scales."""
    if is_floating(op.output):
        return graph.add("Mul", *operands)
    first, second = (quantized(op, value) for value in op.inputs)
    target = quantized(op, op.output)
    factors = [centred(graph, *pair) for pair in zip(operands, (first, second), strict=True)]
    product = graph.cast(graph.add("Mul", *factors), np.float32)
    factor = multiplier(first, np.array(second.scale, np.float32), target)
    scaled = graph.add("Mul", product, graph.scalar("multiplier", float(factor), np.float32))
    return rounded_after_shift(graph, scaled, target)


def pad(op: PadOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The tensor surrounded by the value, or by its code."""
    code, value = quantization_of(op.input.type), op.value.value.data
    if code is not None:
        value = element_of(value, code).item()
    return padded(graph, operands[0], op.pads, value, code)


def flatten(op: FlattenOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The same elements under another shape."""
    return reshaped(graph, operands[0], shape_of(op.output))


def transpose(op: TransposeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Permuted dimensions, behind the batch."""
    return graph.add("Transpose", operands[0], perm=[0, *(n + 1 for n in op.order)])


def concat(_: ConcatOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The tensors one after the other, along the dimension behind the batch."""
    return graph.add("Concat", *operands, axis=1)


def quantize(op: QuantizeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Float32 as codes."""
    return quantized_codes(graph, operands[0], quantized(op, op.output))


def dequantize(op: DequantizeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Codes as float32."""
    return dequantized(graph, operands[0], quantized(op, op.input))


def requantize(op: RequantizeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Codes under another quantisation."""
    return _in_float(op, graph, operands, lambda x: x)


def reshaped(graph: GraphBuilder, operand: str, shape: tuple[int, ...]) -> str:
    """A tensor under another shape, behind the batch; a 0 keeps an extent."""
    return graph.add("Reshape", operand, graph.constant("shape", np.array([0, *shape])))


def _in_float(
    op: UnaryDigitalOp | ElementwiseOp,
    graph: GraphBuilder,
    operands: list[str],
    compute: Callable[..., str],
) -> str:
    """An operator in float32, between dequantisation and quantisation if it works on codes."""
    if is_floating(op.output):
        return compute(*operands)
    codes = [quantized(op, value) for value in op.operands]
    values = [dequantized(graph, *pair) for pair in zip(operands, codes, strict=True)]
    return quantized_codes(graph, compute(*values), quantized(op, op.output))
