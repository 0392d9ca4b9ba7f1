"""The network under construction: its block, and what each tensor of the graph has become."""

from __future__ import annotations

import re

from onnx import TensorProto, helper
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, Block, Operation, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import DequantizeOp, OutputOp, QuantizeOp
from spatem_ir.dialects.cnn_attributes import Quantization, QuantType
from spatem_ir.frontend.onnx_graph import Constant, Graph, Node, Tensor
from spatem_ir.frontend.onnx_parameters import Parameters, activation_quantization
from spatem_ir.frontend.onnx_values import Activation, Codes, Real, Value

INTEGER_INPUTS: dict[int, tuple[int, bool]] = {
    TensorProto.UINT8: (8, False),
    TensorProto.INT8: (8, True),
    TensorProto.UINT16: (16, False),
    TensorProto.INT16: (16, True),
}
"""Bits and signedness of the element types that integer inputs can have."""

STATING = {
    "DequantizeLinear",
    "QLinearConv",
    "QLinearMatMul",
    "com.microsoft.QGemm",
    "com.microsoft.QLinearAveragePool",
}
"""Operators whose inputs 1 and 2 state scale and zero point of their input 0."""

PASSING = {"MaxPool", "Flatten", "Reshape", "Identity", "Concat", "Relu"}
"""Operators on codes whose result has the code of their operands."""


class Network:
    """The block of a network and the value of every tensor that has been imported."""

    def __init__(self, graph: Graph, parameters: Parameters):
        self.graph = graph
        self.parameters = parameters
        self.values: dict[str, Value] = dict(graph.constants)
        self.block = Block()
        for tensor in graph.inputs:
            self.values[tensor.name] = self._input(tensor)

    def _input(self, tensor: Tensor) -> Activation:
        shape = tensor.shape[1:]
        if tensor.element_type == TensorProto.FLOAT:
            value = self._argument(tensor.name, f32, shape)
            return self.from_host(None, value, self._post_training_code(tensor.name))
        if tensor.element_type not in INTEGER_INPUTS:
            kind = helper.tensor_dtype_to_np_dtype(tensor.element_type)
            self.graph.fail(
                f"input '{tensor.name}' is {kind}; it must be float32 or an integer of 8 or 16 bits"
            )
        storage = INTEGER_INPUTS[tensor.element_type]
        code = _stated_code(self.graph, tensor.name, storage) or Quantization(*storage, 1.0, 0)
        return Codes(self._argument(tensor.name, QuantType.of(code), shape))

    def _argument(self, name: str, element: Attribute, shape: tuple[int, ...]) -> SSAValue:
        value = self.block.insert_arg(TensorType(element, shape), len(self.block.args))
        value.name_hint = _identifier(name)
        return value

    def _post_training_code(self, tensor: str) -> Quantization | None:
        post_training = self.parameters.post_training
        return post_training.activations.get(tensor) if post_training else None

    def append(self, op: Operation, name: str = "") -> SSAValue:
        """Append an op with one result, whose SSA name is `name`; returns the result."""
        self.block.add_op(op)
        op.results[0].name_hint = _identifier(name) if name else None
        return op.results[0]

    def from_host(
        self, node: Node | None, value: SSAValue, code: Quantization | None = None
    ) -> Real:
        """A float32 value that the host computes; it is quantised where codes are needed."""
        shape = shape_of(value)

        def quantize(code: Quantization) -> SSAValue:
            result = TensorType(QuantType.of(code), shape)
            return self.append(QuantizeOp(value, result), f"{value.name_hint}_codes")

        return Real(node, shape, quantize, code, host=value)

    def define(self, node: Node, value: Value) -> None:
        """Set the value of a node's result.

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
        if isinstance(value, Codes | Real):
            inferred = self.graph.shapes.get(output)
            if inferred is not None and inferred[1:] != value.shape:
                got, wanted = ("x".join(map(str, shape)) for shape in (value.shape, inferred[1:]))
                node.fail(f"gives shape {got}, but ONNX shape inference says {wanted}")
        if isinstance(value, Real) and value.quantization is None:
            value.quantization = self._post_training_code(output)
        self.values[output] = value

    def _reads_any(self, tensors: tuple[str, ...]) -> bool:
        read = {name for node in self.graph.nodes for name in node.inputs}
        return not read.union(self.graph.outputs).isdisjoint(filter(None, tensors))

    def value(self, node: Node, index: int) -> Value | None:
        """The value at a node's input; None if it is left out."""
        name = node.input(index)
        if name and name not in self.values:
            node.fail(f"its operand '{name}' is unknown")
        return self.values[name] if name else None

    def constant(self, node: Node, index: int) -> Constant:
        """The constant at a node's input."""
        value = self.value(node, index)
        if not isinstance(value, Constant):
            node.fail(f"its operand '{node.input(index)}' must be constant")
        return value

    def activation(self, node: Node, index: int) -> Activation:
        """The activation at a node's input."""
        value = self.value(node, index)
        if not isinstance(value, Codes | Real):
            node.fail(f"its operand '{node.input(index)}' must not be constant")
        return value

    def codes(self, node: Node, index: int = 0) -> SSAValue:
        """The codes of the float32 activation at a node's input, in a type that tells its code."""
        value = self.activation(node, index)
        if isinstance(value, Codes):
            node.fail(f"works on float32, but '{node.input(index)}' is an integer tensor")
        if value.quantization is None:
            node.fail(
                f"reads '{node.input(index)}', which is not quantised: put QuantizeLinear and "
                "DequantizeLinear in front"
            )
        return value.codes(value.quantization)

    def stated_codes(self, node: Node, index: int) -> SSAValue:
        """The codes at a node's input, whose scale and zero point are its next two inputs."""
        value = self.activation(node, index)
        if isinstance(value, Real):
            node.fail(f"works on integers, but '{node.input(index)}' is float32")
        known = value.quantization
        code = self.stated_code(node, index + 1, (known.bits, known.signed))
        if code != known:
            node.fail(
                f"reads '{node.input(index)}' with scale {code.scale:.9g} and zero point "
                f"{code.zero_point}, but it is written with {known.scale:.9g} and "
                f"{known.zero_point}"
            )
        return value.value

    def stated_code(
        self, node: Node, index: int, storage: tuple[int, bool] = (8, False)
    ) -> Quantization:
        """The code whose scale and zero point are a node's inputs `index` and `index` + 1.

        `storage` is bits and signedness where the zero point is left out.
        """
        scale, zero_point = self.value(node, index), self.value(node, index + 1)
        return activation_quantization(node, scale, zero_point, storage)

    def floats(self, value: Real) -> SSAValue:
        """A float32 activation on the host."""
        if value.host is None:
            if value.quantization is None:
                assert value.node is not None
                value.node.fail("its result is not quantised: put QuantizeLinear behind it")
            codes = value.codes(value.quantization)
            value.host = self.append(DequantizeOp(codes, TensorType(f32, value.shape)))
            value.host.name_hint = codes.name_hint
        return value.host

    def finish(self) -> Block:
        """The block, with the network's outputs."""
        results: list[SSAValue] = []
        for name in self.graph.outputs:
            match self.values.get(name):
                case Codes() as value:
                    results.append(value.value)
                case Real() as value:
                    results.append(self.floats(value))
                case _:
                    self.graph.fail(f"output '{name}' does not depend on an input")
        self.block.add_op(OutputOp(operands=[results]))
        return self.block


def _stated_code(graph: Graph, tensor: str, storage: tuple[int, bool]) -> Quantization | None:
    """The code that the readers of an integer input state for it."""
    for node in graph.nodes:
        if tensor not in node.inputs:
            continue
        if node.operator in STATING and node.input(0) == tensor:
            scale, zero_point = (graph.constants.get(node.input(i)) for i in (1, 2))
            return activation_quantization(node, scale, zero_point, storage)
        if node.operator in PASSING:
            code = _stated_code(graph, node.outputs[0], storage)
            if code is not None:
                return code
    return None


def _identifier(name: str) -> str:
    """The name with every character replaced that SSA names cannot have."""
    text = re.sub(r"\W", "_", name, flags=re.ASCII)
    return text if text[:1].isalpha() else f"t{text}"
