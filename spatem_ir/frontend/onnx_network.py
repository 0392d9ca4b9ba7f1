"""The network under construction: its block, and what each tensor of the graph has become."""

from __future__ import annotations

import re

from onnx import TensorProto, helper
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, Block, Operation, SSAValue

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import DequantizeOp, FlattenOp, OutputOp, TransposeOp
from spatem_ir.dialects.cnn.attributes import Quantization, QuantType, quantization_of
from spatem_ir.frontend.onnx_graph import Constant, OnnxGraph, OnnxNode, Tensor
from spatem_ir.frontend.onnx_parameters import Parameters, activation_quantization
from spatem_ir.frontend.onnx_values import QuantizedConstant, Value

INTEGER_INPUTS: dict[int, tuple[int, bool]] = {
    number: (int(match[2]), not match[1])
    for name, number in TensorProto.DataType.items()
    if (match := re.fullmatch(r"(U?)INT(2|4|8|16)", name))
}
"""Bits and signedness of the element types that integer inputs can have."""

STATING: dict[str, tuple[int, ...]] = {
    "DequantizeLinear": (0,),
    "QLinearConv": (0,),
    "QLinearMatMul": (0,),
    "com.microsoft.QGemm": (0,),
    "com.microsoft.QLinearAdd": (0, 3),
    "com.microsoft.QLinearAveragePool": (0,),
    "com.microsoft.QLinearConcat": tuple(range(2, 3 * 100, 3)),
    "com.microsoft.QLinearGlobalAveragePool": (0,),
    "com.microsoft.QLinearLeakyRelu": (0,),
    "com.microsoft.QLinearMul": (0, 3),
    "com.microsoft.QLinearSigmoid": (0,),
}
"""The inputs of operators whose next two inputs state their scale and zero point."""

INTEGER_PRODUCTS = {"ConvInteger", "MatMulInteger"}
"""Operators whose input 2 is the zero point of their input 0."""

PASSING = {
    "Concat",
    "Flatten",
    "Identity",
    "MaxPool",
    "Relu",
    "Reshape",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
}
"""Operators on codes whose result has the code of their operands."""


class Network:
    """The block of a network and the value of every tensor that has been imported."""

    def __init__(self, graph: OnnxGraph, parameters: Parameters):
        self.graph = graph
        self.parameters = parameters
        self.values: dict[str, Value] = dict(graph.constants)
        self.block = Block()
        self.inference_holds = True
        for tensor in graph.inputs:
            self.values[tensor.name] = self._input(tensor)

    def _input(self, tensor: Tensor) -> SSAValue:
        if tensor.element_type == TensorProto.FLOAT:
            return self._argument(tensor, f32)
        if tensor.element_type not in INTEGER_INPUTS:
            known = TensorProto.DataType.values()
            kind = "of an unknown type"
            if tensor.element_type in known and tensor.element_type != TensorProto.UNDEFINED:
                kind = str(helper.tensor_dtype_to_np_dtype(tensor.element_type))
            self.graph.fail(
                f"input '{tensor.name}' is {kind}; it must be float32 or an integer of at most 16 "
                "bits"
            )
        storage = INTEGER_INPUTS[tensor.element_type]
        code = _stated_code(self.graph, tensor.name, storage) or Quantization(*storage, 1.0, 0)
        return self._argument(tensor, QuantType.of(code))

    def _argument(self, tensor: Tensor, element: Attribute) -> SSAValue:
        argument = TensorType(element, tensor.shape[1:])
        value = self.block.insert_arg(argument, len(self.block.args))
        value.name_hint = _identifier(tensor.name)
        return value

    def append(self, op: Operation, name: str = "") -> SSAValue:
        """Append an op with one result, whose SSA name is `name`; returns the result."""
        self.block.add_op(op)
        op.results[0].name_hint = _identifier(name) if name else None
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

    def define(self, node: OnnxNode, value: Value) -> None:
        """Set the value of a node's result.

        ONNX shape inference counts a last window of pooling with ceil_mode that starts behind the
        input, which onnxruntime leaves out (as ONNX does from opset 22 on): behind one, inferred
        shapes are not compared.

        Raises:
            SpatemError: the node has attributes that have not been read, further results, or a
                shape that contradicts shape inference.
        """
        for name in node.attributes:
            if name not in node.attributes_read:
                node.fail(f"the attribute '{name}' is not supported")
        if any(node.outputs[1:]) and self._reads_any(node.outputs[1:]):
            node.fail("only its first result is supported")
        output = node.outputs[0]
        inferred = self.graph.shapes.get(output)
        if isinstance(value, SSAValue) and inferred is not None and inferred[1:] != shape_of(value):
            self.inference_holds &= not node.attribute("ceil_mode", 0)
        if not self.inference_holds:
            inferred = None
        if isinstance(value, SSAValue) and inferred is not None and inferred[1:] != shape_of(value):
            got, wanted = ("x".join(map(str, shape)) for shape in (shape_of(value), inferred[1:]))
            node.fail(f"gives shape {got}, but ONNX shape inference says {wanted}")
        self.values[output] = value

    def _reads_any(self, tensors: tuple[str, ...]) -> bool:
        read = {name for node in self.graph.nodes for name in node.inputs}
        return not read.union(self.graph.outputs).isdisjoint(filter(None, tensors))

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

    def finish(self) -> Block:
        """The block, with the network's outputs."""
        results: list[SSAValue] = []
        for name in self.graph.outputs:
            value = self.values.get(name)
            if value is None or isinstance(value, Constant | QuantizedConstant):
                self.graph.fail(f"output '{name}' does not depend on an input")
            results.append(value)
        self.block.add_op(OutputOp(operands=[results]))
        return self.block


def dequantized(network: Network, codes: SSAValue, name: str = "") -> SSAValue:
    """Codes as float32."""
    op = DequantizeOp(codes, TensorType(f32, shape_of(codes)))
    return network.append(op, name or codes.name_hint or "")


def _stated_code(graph: OnnxGraph, tensor: str, storage: tuple[int, bool]) -> Quantization | None:
    """The code that the readers of an integer input state for it."""
    for node in graph.nodes:
        if tensor not in node.inputs:
            continue
        places = STATING.get(node.operator, ())
        place = next((place for place in places if node.input(place) == tensor), None)
        if place is not None:
            scale, zero_point = (graph.constants.get(node.input(place + i)) for i in (1, 2))
            return activation_quantization(node, scale, zero_point, storage)
        if node.operator in INTEGER_PRODUCTS and node.input(0) == tensor:
            zero = graph.constants.get(node.input(2))
            return Quantization(*storage, 1.0, 0 if zero is None else int(zero.values.reshape(())))
        if node.operator in PASSING:
            code = _stated_code(graph, node.outputs[0], storage)
            if code is not None:
                return code
    return None


def _identifier(name: str) -> str:
    """The name with every character replaced that SSA names cannot have."""
    text = re.sub(r"\W", "_", name, flags=re.ASCII)
    return text if text[:1].isalpha() else f"t{text}"
