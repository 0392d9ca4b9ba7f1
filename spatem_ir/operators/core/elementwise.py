"""Conversion of element-wise operators with several operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn.operators import ElementwiseOp
from spatem_ir.operators.onnx_import.shapes import broadcast
from spatem_ir.operators.onnx_import.tensors import Constant, QuantizedConstant

if TYPE_CHECKING:
    from spatem_ir.operators.core.operator import Convert
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


def of_activations(node: OnnxNode, network: NetworkBuilder, op: type[ElementwiseOp]) -> SSAValue:
    """The result of an op on those operands of a node that are activations, or the only one."""
    operands = [network.value(node, index) for index in range(len(node.inputs))]
    activations = [value for value in operands if isinstance(value, SSAValue)]
    if not activations:
        node.fail("has no operand that is an activation")
    for value in activations:
        if not is_floating(value):
            node.fail("works on float32 here; put DequantizeLinear in front of its operands")
    activations, shape = broadcast(node, network, activations)
    if len(activations) == 1:
        return activations[0]
    return network.append(op(node.name, activations, TensorType(f32, shape)), node.name)


def from_activations(op: type[ElementwiseOp]) -> Convert:
    """Conversion of a node whose operands are float32 activations of equal rank."""

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        for index in range(len(node.inputs)):
            network.activation(node, index)
        return of_activations(node, network, op)

    return convert


def two_operands(node: OnnxNode, network: NetworkBuilder) -> tuple[Value, Value]:
    """Both operands of a node, of which one or both are activations."""
    first, second = network.value(node, 0), network.value(node, 1)
    assert first is not None and second is not None
    return first, second


def uniform_constants(node: OnnxNode, network: NetworkBuilder) -> list[float]:
    """The constants among a node's operands, each of which is one number for all elements.

    Raises:
        SpatemError: one has several values.
    """
    values = [network.value(node, index) for index in range(len(node.inputs))]
    return [
        uniform_constant(node, value)
        for value in values
        if isinstance(value, Constant | QuantizedConstant)
    ]


def uniform_constant(node: OnnxNode, value: Constant | QuantizedConstant) -> float:
    """A constant of a node that is one number for all elements.

    Raises:
        SpatemError: it has several values.
    """
    constant = value.dequantized() if isinstance(value, QuantizedConstant) else value
    numbers = constant.values.reshape(-1)
    if numbers.size == 0 or (numbers != numbers[0]).any():
        node.fail("has a constant of several values; one for all elements is supported")
    return float(numbers[0])


def of_two_stated_codes(
    node: OnnxNode, network: NetworkBuilder, op: type[ElementwiseOp]
) -> SSAValue:
    """The op on a node's (codes, scale, zero point, codes, scale, zero point, scale, zero point).

    The operands have equal rank; the last scale and zero point are those of the result.
    """
    operands = [network.stated_codes(node, index) for index in (0, 3)]
    operands, shape = broadcast(node, network, operands)
    result = TensorType(network.stated_type(node, 6), shape)
    return network.append(op(node.name, operands, result), node.name)
