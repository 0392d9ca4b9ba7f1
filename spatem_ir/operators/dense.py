"""Fully connected layers, and products with constant matrices."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import ConvOp, DenseOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.weight_layers import ACCUMULATOR_TYPE
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.add import AddOp
from spatem_ir.operators.affine import scaled, shifted
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.core.weight_layers import export_weight_layer
from spatem_ir.operators.onnx_import.einsum import EinsteinSum
from spatem_ir.operators.onnx_import.parts import dimension_behind_batch
from spatem_ir.operators.onnx_import.products import dense_form, stacked_form
from spatem_ir.operators.onnx_import.shapes import behind_batch, broadcast
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value
from spatem_ir.operators.onnx_import.weights import (
    constant_shape,
    integer_operands,
    quantized_operand,
)

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.network import NetworkBuilder


def _dense(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    weights: Value | None,
    bias: Value | None,
    result: Attribute,
) -> SSAValue:
    """A product of a flat operand with a constant matrix, as Gemm describes it."""
    shape = constant_shape(node, weights)
    if len(shape) != 2:
        node.fail(f"has weights of {len(shape)} dimensions; they must be a matrix")
    form = dense_form(node, shape_of(operand))
    assert isinstance(weights, Constant | QuantizedConstant)
    if not form.transposed:
        weights, shape = weights.transposed(), shape[::-1]
    if form.alpha != 1:
        weights = _scaled_weights(node, weights, form.alpha)
        if isinstance(bias, QuantizedConstant):
            bias = bias.dequantized()
    if form.beta == 0:
        bias = None
    elif bias is not None and form.beta != 1:
        bias = _scaled_bias(node, bias, form.beta)
    properties = network.parameters.of_layer(node, operand, weights, bias, shape)
    op = DenseOp(operand, TensorType(result, shape[:1]), properties)
    return network.append(op, node.name)


def _product(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    weights: Value | None,
    result: Attribute,
) -> SSAValue:
    """A product of the operand with a constant matrix, a stack of matrices or a vector.

    Of a flat operand it is a dense layer.  In general the last dimension of an operand [others,
    stack, rows, features] is multiplied: a convolution with 1x1 windows over maps [stack ·
    features, others, rows], with a group for each matrix of the stack.
    """
    matrix, shape = constant_shape(node, weights), shape_of(operand)
    if len(matrix) == 2 and len(shape) == 1:
        return _dense(node, network, operand, weights, None, result)
    assert isinstance(weights, Constant | QuantizedConstant)
    if (
        len(matrix) != 2
        and isinstance(weights, QuantizedConstant)
        and max(weights.scale.values.size, weights.zero_points.size) > 1
    ):
        node.fail("has several scales for weights that are not a matrix; give them one")
    form = stacked_form(node, matrix, shape)
    if form.weights != matrix:
        weights = weights.reshaped(form.weights)
    weights = weights.transposed((1, 0) if len(form.weights) == 2 else (0, 2, 1))
    kernel = (form.stack * form.outputs, form.features, 1, 1)

    maps = network.regrouped(operand, (form.others, form.stack, form.rows, form.features))
    maps = network.transposed(maps, (1, 3, 0, 2))
    maps = network.regrouped(maps, (form.stack * form.features, form.others, form.rows))
    properties = network.parameters.of_layer(node, maps, weights.reshaped(kernel), None, kernel)
    output = TensorType(result, (kernel[0], form.others, form.rows))
    op = ConvOp(maps, output, Window((1, 1)), properties, form.stack)
    sums = network.append(op, node.name)
    sums = network.regrouped(sums, (form.stack, form.outputs, form.others, form.rows))
    return network.regrouped(network.transposed(sums, (2, 0, 3, 1)), form.result)


def _product_from_left(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    weights: Constant | QuantizedConstant,
    result: Attribute,
) -> SSAValue:
    """The product of a constant matrix, stack of matrices or vector with the operand.

    It is that of the transposed ones, transposed.
    """
    rank, dimensions = len(shape_of(operand)), len(constant_shape(node, weights))
    if rank < 2:
        node.fail("multiplies along the batch; only dimensions behind it can be multiplied")
    maps = network.transposed(operand, _swapped(rank))
    if dimensions > 1:
        weights = weights.transposed(_swapped(dimensions))
    product = _product(node, network, maps, weights, result)
    return network.transposed(product, _swapped(rank)) if dimensions > 1 else product


def _swapped(dimensions: int) -> tuple[int, ...]:
    """The order of dimensions of which the last two change places."""
    return (*range(dimensions - 2), dimensions - 1, dimensions - 2)


def _scaled_weights(
    node: OnnxNode, weights: Constant | QuantizedConstant, factor: float
) -> Constant | QuantizedConstant:
    """Weights times a factor, which those in integers have in their scale."""
    import numpy as np

    if isinstance(weights, Constant):
        return Constant(weights.values * np.float32(factor))
    if factor == 0:
        return replace(
            weights, codes=Constant(np.zeros_like(weights.codes.values)), zero_points=np.array([0])
        )
    if factor < 0:
        weights = weights.recoded(-weights.centred())
    return replace(weights, scale=Constant(weights.scale.values * np.float32(abs(factor))))


def _scaled_bias(node: OnnxNode, bias: Value, factor: float) -> Constant:
    """A bias times a factor, in float32."""
    import numpy as np

    constant = bias.dequantized() if isinstance(bias, QuantizedConstant) else bias
    if not isinstance(constant, Constant) or constant.values.dtype != np.float32:
        node.fail("has beta other than 1 for a bias that is not float32 or dequantised")
    return Constant(constant.values * np.float32(factor))


def convert_gemm(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Gemm with a constant matrix; an activation that it adds becomes an addition of its own."""
    operand, weights, bias = network.floats(node), network.value(node, 1), network.value(node, 2)
    import numpy as np

    if not isinstance(bias, SSAValue):
        return _dense(node, network, operand, weights, bias, f32)
    addend, beta = network.floats(node, 2), node.attribute("beta", 1.0)
    if beta != 1:
        part = replace(node, name=f"{node.name}.addend")
        addend = scaled(part, network, addend, Constant(np.array(beta, np.float32)))
    summands = [_dense(node, network, operand, weights, None, f32), addend]
    summands, shape = broadcast(node, network, summands)
    op = AddOp(f"{node.name}.sum", summands, TensorType(f32, shape))
    return network.append(op, node.name)


def convert_matmul(node: OnnxNode, network: NetworkBuilder) -> Value:
    """MatMul with constant weights, on either side."""
    first = network.value(node, 0)
    if isinstance(first, Constant | QuantizedConstant):
        return _product_from_left(node, network, network.floats(node, 1), first, f32)
    return _product(node, network, network.floats(node), network.value(node, 1), f32)


def convert_einsum(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Einsum of an activation and constant weights, as a product of matrices or a stack of them."""
    if len(node.inputs) != 2:
        node.fail(f"has {len(node.inputs)} operands; two are supported, of which one is constant")
    first = network.value(node, 0)
    at = 0 if isinstance(first, Constant | QuantizedConstant) else 1
    weights = network.value(node, at)
    shape = constant_shape(node, weights)
    form = EinsteinSum.of(node, at)
    assert isinstance(weights, Constant | QuantizedConstant)
    if isinstance(weights, QuantizedConstant) and len(shape) != 2 and weights.scale.values.size > 1:
        node.fail("has several scales for weights that are not a matrix; give them one")
    operand = network.floats(node, 1 - at)
    extents = dict(zip(form.activation, shape_of(operand), strict=True))
    extents |= zip(form.weights, shape, strict=True)

    def count(labels: str) -> int:
        return prod(extents[label] for label in labels)

    stack, rows, summed, columns = form.stack, form.rows, form.summed, form.columns
    maps = network.transposed(operand, _order(form.activation, stack + rows + summed))
    maps = network.regrouped(maps, (count(stack), count(rows), count(summed)))
    weights = weights.transposed(_order(form.weights, stack + summed + columns))
    matrix = (count(summed), count(columns))
    weights = weights.reshaped((count(stack), *matrix) if stack else matrix)
    product = _product(node, network, maps, weights, f32)
    labels = stack + rows + columns
    product = network.regrouped(product, behind_batch(tuple(extents[each] for each in labels)))
    return network.transposed(product, _order(labels, form.result)) if labels else product


def _order(labels: str, wanted: str) -> tuple[int, ...]:
    """Where the wanted labels are."""
    return tuple(labels.index(label) for label in wanted)


def convert_cumulated(node: OnnxNode, network: NetworkBuilder) -> Value:
    """CumSum behind the batch, as a product with a triangular matrix of ones."""
    import numpy as np

    operand = network.floats(node)
    shape = shape_of(operand)
    axis = int(network.constant(node, 1).values.reshape(()))
    along = dimension_behind_batch(node, axis, shape)
    first = int(bool(node.attribute("exclusive", 0)))
    ones = np.triu(np.ones((shape[along], shape[along]), np.float32), first)
    matrix = Constant(ones.T if node.attribute("reverse", 0) else ones)
    order = (*(each for each in range(len(shape)) if each != along), along)
    sums = _product(node, network, network.transposed(operand, order), matrix, f32)
    return network.transposed(sums, tuple(order.index(each) for each in range(len(shape))))


def convert_matmul_codes(node: OnnxNode, network: NetworkBuilder) -> Value:
    """QLinearMatMul with constant weights, on either side."""
    result = network.stated_type(node, 6)
    if isinstance(network.value(node, 0), Constant):
        codes, weights = network.stated_codes(node, 3), quantized_operand(node, network, 0, axis=-2)
        return _product_from_left(node, network, codes, weights, result)
    codes, weights = network.stated_codes(node, 0), quantized_operand(node, network, 3, axis=-1)
    return _product(node, network, codes, weights, result)


def convert_gemm_codes(node: OnnxNode, network: NetworkBuilder) -> Value:
    """QGemm of onnxruntime, whose result is float32 unless it has a scale."""
    axis = 0 if node.attribute("transB", 0) else 1
    codes, weights = network.stated_codes(node, 0), quantized_operand(node, network, 3, axis)
    result = network.stated_type(node, 7) if node.input(7) else f32
    return _dense(node, network, codes, weights, network.value(node, 6), result)


def convert_matmul_to_float(node: OnnxNode, network: NetworkBuilder) -> Value:
    """MatMulIntegerToFloat of onnxruntime: codes, weights, their scales, their zero points, bias.

    The codes may be those of a DynamicQuantizeLinear, which stay float32.
    """
    from spatem_ir.operators.onnx_import.parameters import (
        activation_quantization,
        quantized_constant,
    )

    operand = network.activation(node)
    known = quantization_of(operand.type)
    if known is not None:
        scale, zero_point = network.value(node, 2), network.value(node, 4)
        code = activation_quantization(node, scale, zero_point, (known.bits, known.signed))
        if code != known:
            node.fail(f"reads '{node.input(0)}' with another code than it is written with")
    numbers = network.value(node, 3), network.value(node, 5)
    weights = quantized_constant(node, network.constant(node, 1), *numbers, axis=-1)
    if known is None:
        weights = weights.dequantized()
    return _with_bias(node, network, _product(node, network, operand, weights, f32), 6)


def convert_dynamic_matmul(node: OnnxNode, network: NetworkBuilder) -> Value:
    """DynamicQuantizeMatMul of onnxruntime: float32, weights, their scale, their zero point, bias.

    The operand stays float32; `calibrate` finds its range.
    """
    from spatem_ir.operators.onnx_import.parameters import quantized_constant

    numbers = network.value(node, 2), network.value(node, 3)
    weights = quantized_constant(node, network.constant(node, 1), *numbers, axis=-1)
    sums = _product(node, network, network.floats(node), weights.dequantized(), f32)
    return _with_bias(node, network, sums, 4)


def _with_bias(node: OnnxNode, network: NetworkBuilder, sums: SSAValue, index: int) -> SSAValue:
    """A result plus the constant at a node's input, if there is one."""
    bias = network.optional_constant(node, index)
    if bias is None:
        return sums
    return shifted(replace(node, name=f"{node.name}.bias"), network, sums, bias)


def convert_matmul_integers(node: OnnxNode, network: NetworkBuilder) -> Value:
    """MatMulInteger with constant weights: sums in int32."""
    operand, weights = integer_operands(node, network, axis=-1)
    result = f32 if isinstance(weights, Constant) else ACCUMULATOR_TYPE
    return _product(node, network, operand, weights, result)


OPERATOR = Operator(
    DenseOp,
    {
        "Gemm": Import(convert_gemm),
        "MatMul": Import(convert_matmul),
        "Einsum": Import(convert_einsum),
        "CumSum": Import(convert_cumulated),
        "MatMulInteger": Import(convert_matmul_integers, zero_point=2),
        "QLinearMatMul": Import(convert_matmul_codes, stating=(0, 3)),
        "com.microsoft.QGemm": Import(convert_gemm_codes, stating=(0,)),
        "com.microsoft.DynamicQuantizeMatMul": Import(convert_dynamic_matmul),
        "com.microsoft.MatMulIntegerToFloat": Import(convert_matmul_to_float),
    },
    export=export_weight_layer,
)
