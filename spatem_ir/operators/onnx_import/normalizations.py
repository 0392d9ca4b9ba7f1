"""Normalisations by means and variances of the activations, operator by operator.

Those of layers (Ba, Kiros and Hinton, 2016), of instances and of groups of channels (Wu and He,
2018) are (x − mean) / √(variance + epsilon), times a scale plus a bias: poolings, differences and
quotients, of which each has its code.  All shapes are without the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.operators.abs import AbsOp
from spatem_ir.operators.affine import scaled, shifted
from spatem_ir.operators.div import DivOp
from spatem_ir.operators.global_average_pool import GlobalAveragePoolOp
from spatem_ir.operators.global_sum_pool import GlobalSumPoolOp, square
from spatem_ir.operators.mul import MulOp
from spatem_ir.operators.onnx_import.parts import dimension_behind_batch
from spatem_ir.operators.onnx_import.reductions import pooled_over
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value
from spatem_ir.operators.sqrt import SqrtOp
from spatem_ir.operators.sub import SubOp

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.network import NetworkBuilder

DEFAULT_EPSILON = 1e-5


def convert_layer(node: OnnxNode, network: NetworkBuilder, *, is_centred: bool = True) -> Value:
    """LayerNormalization over the last dimensions, whose scale and bias vary along them.

    They take the place of the channels: each position is normalised for itself.
    """
    operand = network.floats(node)
    shape = shape_of(operand)
    node.attribute("stash_type")
    first = dimension_behind_batch(node, node.attribute("axis", -1), shape)
    if first == 0:
        result = _normalized_maps(node, network, operand, 0, is_centred=is_centred)
    else:
        order = (*range(first, len(shape)), *range(first))
        moved = network.transposed(operand, order)
        positions = (prod(shape[: first - 1]), shape[first - 1])
        maps = network.regrouped(moved, (prod(shape[first:]), *positions))
        normalized = _normalized(node, network, maps, [0], is_centred=is_centred)
        result = network.regrouped(normalized, shape_of(moved))
        inverse = tuple(order.index(axis) for axis in range(len(shape)))
        result = network.transposed(result, inverse)
    return _scaled_and_shifted(node, network, result, network.value(node, 1), len(shape) - first)


def convert_root_mean_square(node: OnnxNode, network: NetworkBuilder) -> Value:
    """RMSNormalization (Zhang and Sennrich, 2019): x / √(mean of x² + epsilon), times a scale.

    As LayerNormalization, but no mean is subtracted.
    """
    return convert_layer(node, network, is_centred=False)


def convert_norm(node: OnnxNode, network: NetworkBuilder) -> Value:
    """LpNormalization: x divided by its L1 or L2 norm along a dimension."""
    operand, order = network.floats(node), node.attribute("p", 2)
    along = dimension_behind_batch(node, node.attribute("axis", -1), shape_of(operand))
    if order not in (1, 2):
        node.fail(f"has p {order}; it must be 1 or 2")
    name = f"{node.name}.norm"
    each = AbsOp(f"{name}.each", operand) if order == 1 else square(f"{name}.each", operand)
    sums = pooled_over(
        network, f"{name}.sums", network.append(each, name), [along], GlobalSumPoolOp
    )
    norm = sums if order == 1 else network.append(SqrtOp(name, sums), name)
    return network.append(DivOp(node.name, [operand, norm], operand.type), node.name)


def convert_instance(node: OnnxNode, network: NetworkBuilder) -> Value:
    """InstanceNormalization: each channel of each image."""
    operand = network.floats(node)
    shape = shape_of(operand)
    result = _normalized_maps(node, network, operand, 1)
    return _scaled_and_shifted(node, network, result, network.value(node, 1), len(shape))


def convert_groups(node: OnnxNode, network: NetworkBuilder) -> Value:
    """GroupNormalization: the channels of each group of each image."""
    operand, count = network.floats(node), node.attribute("num_groups")
    shape = shape_of(operand)
    node.attribute("stash_type")
    if count < 1 or shape[0] % count:
        node.fail(f"has {count} groups of {shape[0]} channels")
    groups = network.regrouped(operand, (count, shape[0] // count, *shape[1:]))
    result = network.regrouped(_normalized_maps(node, network, groups, 1), shape)
    return _scaled_and_shifted(node, network, result, network.value(node, 1), len(shape))


def _normalized_maps(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    first: int,
    *,
    is_centred: bool = True,
) -> SSAValue:
    """An operand whose dimensions from `first` on are normalised, with the others as channels."""
    shape = shape_of(operand)
    maps = shape
    if len(shape) != 3:
        maps = (prod(shape[:first]), prod(shape[first:-1]), shape[-1])
        first = 1
    operand = network.regrouped(operand, maps)
    result = _normalized(node, network, operand, range(first, 3), is_centred=is_centred)
    return network.regrouped(result, shape)


def _normalized(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    along: Sequence[int],
    *,
    is_centred: bool,
) -> SSAValue:
    """(x − mean) / √(variance + epsilon) of feature maps, along some of their dimensions.

    If it is not centred, the mean is left out, of the variance, too.
    """
    import numpy as np

    name, epsilon = node.name, node.attribute("epsilon", DEFAULT_EPSILON)

    def part(what: str) -> OnnxNode:
        return replace(node, name=f"{name}.{what}")

    result, centred = operand.type, operand
    if is_centred:
        mean = pooled_over(network, f"{name}.mean", operand, along, GlobalAveragePoolOp)
        centred = network.append(SubOp(f"{name}.centred", [operand, mean], result), name)
    squares = network.append(MulOp(f"{name}.squares", [centred, centred], result), name)
    variance = pooled_over(network, f"{name}.variance", squares, along, GlobalAveragePoolOp)
    offset = Constant(np.array(epsilon, np.float32))
    positive = shifted(part("epsilon"), network, variance, offset)
    deviation = network.append(SqrtOp(f"{name}.deviation", positive), name)
    return network.append(DivOp(f"{name}.quotient", [centred, deviation], result), name)


def _scaled_and_shifted(
    node: OnnxNode, network: NetworkBuilder, value: SSAValue, scale: Value | None, dimensions: int
) -> SSAValue:
    """A value times a node's scale, plus its bias, along the first of the last dimensions."""
    bias = network.value(node, 2)
    for what, constant in (("scale", scale), ("bias", bias)):
        if constant is None:
            continue
        if isinstance(constant, QuantizedConstant):
            constant = constant.dequantized()
        if not isinstance(constant, Constant):
            node.fail(f"its {what} is not constant")
        values = constant.values
        shape = (*values.shape, *[1] * (dimensions - values.ndim))
        aligned = Constant(values.reshape(shape))
        part = replace(node, name=node.name if what == "scale" else f"{node.name}.bias")
        apply = scaled if what == "scale" else shifted
        value = apply(part, network, value, aligned)
    return value
