"""Activations in integers with a scale and a zero point for each channel or block.

A tensor of a network has one code, so these integers stand for themselves: factors and summands for
each channel are in front of the quantisation, or behind the dequantisation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import QuantizeOp
from spatem_ir.dialects.cnn.attributes import Quantization, QuantType, quantization_of
from spatem_ir.operators.affine import scaled, shifted
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.onnx_import.network import NetworkBuilder

STEPS = Quantization(16, signed=True, scale=1.0, zero_point=0)
"""The code of whole steps before zero points are added."""


def has_several(node: OnnxNode, network: NetworkBuilder) -> bool:
    """Whether a QuantizeLinear or DequantizeLinear has more than one scale or zero point."""
    values = [network.value(node, index) for index in (1, 2)]
    return any(
        isinstance(value, Constant) and (value.values.reshape(-1)[:1] != value.values).any()
        for value in values
    )


def quantized_by_channel(
    node: OnnxNode, network: NetworkBuilder, operand: SSAValue, storage: tuple[int, bool]
) -> SSAValue:
    """QuantizeLinear: ``saturate(round_half_even(x / scale) + zero point)``.

    `storage` is bits and signedness of the result.
    """
    scale, zeros = _spread(node, network, operand, 1), _spread(node, network, operand, 2)
    steps = scaled(_part(node, "steps"), network, operand, Constant(scale), by_reciprocals=True)
    if zeros.any():
        whole = network.dequantized(_in_code(network, steps, STEPS))
        steps = shifted(_part(node, "zero_points"), network, whole, Constant(zeros))
    return _in_code(network, steps, Quantization(*storage, 1.0, 0), f"{node.name}_codes")


def dequantized_by_channel(node: OnnxNode, network: NetworkBuilder, operand: SSAValue) -> SSAValue:
    """DequantizeLinear of integers that stand for themselves: ``(x − zero point) · scale``."""
    code = quantization_of(operand.type)
    if code is None or (code.scale, code.zero_point) != (1, 0):
        node.fail(
            f"has several scales, but '{node.input(0)}' is written with one; it must be the same"
        )
    scale, zeros = _spread(node, network, operand, 1), _spread(node, network, operand, 2)
    centred = network.dequantized(operand)
    if zeros.any():
        part = _part(node, "zero_points")
        centred = shifted(part, network, centred, Constant(zeros), signs=(1, -1))
    return scaled(node, network, centred, Constant(scale))


def _part(node: OnnxNode, what: str) -> OnnxNode:
    return replace(node, name=f"{node.name}.{what}")


def _in_code(
    network: NetworkBuilder, value: SSAValue, code: Quantization, name: str = ""
) -> SSAValue:
    """Float32 in a code."""
    op = QuantizeOp(value, TensorType(QuantType.of(code), shape_of(value)))
    return network.append(op, name or value.name_hint or "")


def _spread(node: OnnxNode, network: NetworkBuilder, operand: SSAValue, index: int) -> Reals:
    """The scales, or zero points, of a node in float32, so that they fit [batch, …]."""
    import numpy as np

    given = network.optional_constant(node, index)
    values = np.zeros(1, np.float32) if given is None else given.values.astype(np.float32)
    shape = (1, *shape_of(operand))
    axis, block = node.attribute("axis", 1) % len(shape), node.attribute("block_size", 0)
    if values.size == 1:
        return values.reshape(())
    if block:
        if values.ndim != len(shape):
            node.fail(f"has scales of {values.ndim} dimensions for blocks of {len(shape)}")
        values = np.repeat(values, block, axis=axis)
        return values.take(range(shape[axis]), axis=axis)
    if axis == 0 or values.size != shape[axis]:
        node.fail(f"has {values.size} scales along axis {axis}, which has {shape[axis]} elements")
    return values.reshape([-1 if i == axis else 1 for i in range(len(shape))])
