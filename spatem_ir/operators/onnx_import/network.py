"""The network under construction: its block, and what each tensor of the graph has become."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xdsl.dialects.builtin import IntegerType, TensorType, f32
from xdsl.ir import Attribute, Block, Operation, SSAValue

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import DequantizeOp, FlattenOp, TransposeOp
from spatem_ir.dialects.cnn.attributes import Quantization, QuantType, quantization_of
from spatem_ir.operators.onnx_import.parameters import Parameters, activation_quantization
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value


class NetworkBuilder:
    """The block of a network and the value of every tensor that has been imported.

    `batch` is the first extent of the graph's activations, which the network's types leave out.
    """

    def __init__(self, constants: Mapping[str, Constant], parameters: Parameters, batch: int):
        self.parameters = parameters
        self.batch = batch
        self.values: dict[str, Value] = dict(constants)
        self.block = Block()

    def append(self, op: Operation, name: str = "") -> SSAValue:
        """Append an op with one result, whose SSA name is `name`; returns the result."""
        self.block.add_op(op)
        op.results[0].name_hint = identifier(name) if name else None
        return op.results[0]

    def regrouped(self, value: SSAValue, shape: tuple[int, ...], name: str = "") -> SSAValue:
        """A value under another shape."""
        if shape == shape_of(value):
            return value
        return self.append(FlattenOp(value, shape), name or value.name_hint or "")

    def transposed(self, value: SSAValue, order: tuple[int, ...], name: str = "") -> SSAValue:
        """A value whose dimension i is dimension `order[i]` of the given one."""
        if order == tuple(range(len(order))):
            return value
        return self.append(TransposeOp(value, order), name or value.name_hint or "")

    def value(self, node: OnnxNode, index: int) -> Value | None:
        """The value at a node's input; None if it is left out."""
        name = node.input(index)
        if name and name not in self.values:
            node.fail(f"its operand '{name}' is unknown")
        return self.values[name] if name else None

    def constant(self, node: OnnxNode, index: int) -> Constant:
        """The constant at a node's input."""
        value = self.value(node, index)
        if not isinstance(value, Constant):
            node.fail(f"its operand '{node.input(index)}' must be constant")
        return value

    def optional_constant(self, node: OnnxNode, index: int) -> Constant | None:
        """The constant at a node's input; None if it is left out."""
        return self.constant(node, index) if node.input(index) else None

    def activation(self, node: OnnxNode, index: int = 0) -> SSAValue:
        """The activation at a node's input."""
        value = self.value(node, index)
        if not isinstance(value, SSAValue):
            node.fail(f"its operand '{node.input(index)}' must not be constant")
        return value

    def floats(self, node: OnnxNode, index: int = 0) -> SSAValue:
        """The float32 activation at a node's input."""
        value = self.activation(node, index)
        if not is_floating(value):
            node.fail(f"works on float32, but '{node.input(index)}' is an integer tensor")
        return value

    def stated_codes(self, node: OnnxNode, index: int) -> SSAValue:
        """The codes at a node's input, whose scale and zero point are its next two inputs."""
        value = self.activation(node, index)
        known = quantization_of(value.type)
        if known is None:
            node.fail(f"works on integers, but '{node.input(index)}' is float32")
        code = self.stated_code(node, index + 1, (known.bits, known.signed))
        if (code.scale, code.zero_point) != (known.scale, known.zero_point):
            node.fail(
                f"reads '{node.input(index)}' with scale {code.scale:.9g} and zero point "
                f"{code.zero_point}, but it is written with {known.scale:.9g} and "
                f"{known.zero_point}"
            )
        return value

    def stated_code(
        self, node: OnnxNode, index: int, storage: tuple[int, bool] = (8, False)
    ) -> Quantization:
        """The code whose scale and zero point are a node's inputs `index` and `index` + 1.

        `storage` is bits and signedness where the zero point is left out.
        """
        scale, zero_point = self.value(node, index), self.value(node, index + 1)
        return activation_quantization(node, scale, zero_point, storage)

    def stated_type(self, node: OnnxNode, index: int) -> QuantType | IntegerType:
        """The element type with the code that :meth:`stated_code` gives."""
        return QuantType.of(self.stated_code(node, index))

    def dequantized(self, codes: SSAValue, name: str = "") -> SSAValue:
        """Codes as float32."""
        op = DequantizeOp(codes, TensorType(f32, shape_of(codes)))
        return self.append(op, name or codes.name_hint or "")

    def channel_parameter(self, node: OnnxNode, what: str, value: Constant) -> Attribute:
        """A parameter of one float32 for each channel."""
        element = TensorType(f32, [value.values.size])
        return self.parameters.array(f"{node.name}.{what}", value, element)


def identifier(name: str) -> str:
    """The name with every character replaced that SSA names cannot have."""
    text = re.sub(r"\W", "_", name, flags=re.ASCII)
    return text if text[:1].isalpha() else f"t{text}"
