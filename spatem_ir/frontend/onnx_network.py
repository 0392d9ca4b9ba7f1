"""The network of an ONNX graph under construction: its inputs, its checks and its outputs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onnx import TensorProto, helper
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, Block, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import OutputOp
from spatem_ir.dialects.cnn.attributes import Quantization, QuantType
from spatem_ir.frontend.onnx_graph import OnnxGraph, Tensor
from spatem_ir.operators.core.register import imports
from spatem_ir.operators.onnx_import.network import NetworkBuilder, identifier
from spatem_ir.operators.onnx_import.parameters import Parameters, activation_quantization
from spatem_ir.operators.onnx_import.shapes import behind_batch
from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value

INTEGER_INPUTS: dict[int, tuple[int, bool]] = {
    number: (int(match[2]), not match[1])
    for name, number in TensorProto.DataType.items()
    if (match := re.fullmatch(r"(U?)INT(2|4|8|16)", name))
}
"""Bits and signedness of the element types that integer inputs can have."""


REAL_INPUTS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
"""Element types of inputs that are float32 in the network, which holds all their values."""


class Network(NetworkBuilder):
    """The network of a graph; its arguments are the graph's inputs."""

    def __init__(self, graph: OnnxGraph, parameters: Parameters):
        super().__init__(graph.constants, parameters, graph.batch)
        self.graph = graph
        self.inference_holds = True
        for tensor in graph.inputs:
            self.values[tensor.name] = self._input(tensor)

    def _input(self, tensor: Tensor) -> SSAValue:
        if tensor.element_type in REAL_INPUTS:
            return self._argument(tensor, f32)
        if tensor.element_type not in INTEGER_INPUTS:
            known = TensorProto.DataType.values()
            kind = "of an unknown type"
            if tensor.element_type in known and tensor.element_type != TensorProto.UNDEFINED:
                kind = str(helper.tensor_dtype_to_np_dtype(tensor.element_type))
            self.graph.fail(
                f"input '{tensor.name}' is {kind}; it must be a float of 16 or 32 bits or an "
                "integer of at most 16"
            )
        storage = INTEGER_INPUTS[tensor.element_type]
        code = _stated_code(self.graph, tensor.name, storage) or Quantization(*storage, 1.0, 0)
        return self._argument(tensor, QuantType.of(code))

    def _argument(self, tensor: Tensor, element: Attribute) -> SSAValue:
        argument = TensorType(element, tensor.shape[1:])
        value = self.block.insert_arg(argument, len(self.block.args))
        value.name_hint = identifier(tensor.name)
        return value

    def define(self, node: OnnxNode, results: Value | Sequence[Value]) -> None:
        """Set the values of a node's results.

        Raises:
            SpatemError: the node has attributes that have not been read, further results, or a
                shape that contradicts shape inference.
        """
        values = results if isinstance(results, Sequence) else [results]
        for name in node.attributes:
            if name not in node.attributes_read:
                node.fail(f"the attribute '{name}' is not supported")
        further = node.outputs[len(values) :]
        if any(further) and self._reads_any(further):
            supported = "its first result is" if len(values) == 1 else "its first results are"
            node.fail(f"only {supported} supported")
        for output, value in zip(node.outputs, values, strict=False):
            self._define(node, output, value)

    def _define(self, node: OnnxNode, output: str, value: Value) -> None:
        """Set the value of one result.

        ONNX shape inference counts a last window of pooling with ceil_mode that starts behind the
        input, which onnxruntime leaves out (as ONNX does from opset 22 on): behind one, inferred
        shapes are not compared.
        """
        inferred = self.graph.shape_of(output)
        wanted = None if inferred is None else behind_batch(inferred[1:])
        if isinstance(value, SSAValue) and wanted is not None and wanted != shape_of(value):
            self.inference_holds &= not node.attribute("ceil_mode", 0)
            if self.inference_holds:
                got, stated = ("x".join(map(str, shape)) for shape in (shape_of(value), wanted))
                node.fail(f"gives shape {got}, but ONNX shape inference says {stated}")
        self.values[output] = value

    def _reads_any(self, tensors: tuple[str, ...]) -> bool:
        read = {name for node in self.graph.nodes for name in node.inputs}
        return not read.union(self.graph.outputs).isdisjoint(filter(None, tensors))

    @property
    def constant_outputs(self) -> tuple[str, ...]:
        """The graph's outputs that do not depend on an input."""
        return tuple(
            name for name in self.graph.outputs if not isinstance(self.values.get(name), SSAValue)
        )

    def finish(self) -> Block:
        """The block, with the network's outputs: those of the graph that are not constant.

        Raises:
            SpatemError: all are.
        """
        values = [self.values.get(name) for name in self.graph.outputs]
        results = [value for value in values if isinstance(value, SSAValue)]
        if not results:
            self.graph.fail(f"output '{self.graph.outputs[0]}' does not depend on an input")
        self.block.add_op(OutputOp(operands=[results]))
        return self.block


def _stated_code(graph: OnnxGraph, tensor: str, storage: tuple[int, bool]) -> Quantization | None:
    """The code that the readers of an integer input state for it."""
    for node in graph.nodes:
        if tensor not in node.inputs or node.operator not in imports():
            continue
        known = imports()[node.operator]
        place = next((place for place in known.stating if node.input(place) == tensor), None)
        if place is not None:
            scale, zero_point = (graph.constants.get(node.input(place + i)) for i in (1, 2))
            if scale is not None and scale.values.size > 1:
                return None
            return activation_quantization(node, scale, zero_point, storage)
        if known.zero_point is not None and node.input(0) == tensor:
            zero = graph.constants.get(node.input(known.zero_point))
            return Quantization(*storage, 1.0, 0 if zero is None else int(zero.values.reshape(())))
        if known.passes_code:
            code = _stated_code(graph, node.outputs[0], storage)
            if code is not None:
                return code
    return None
