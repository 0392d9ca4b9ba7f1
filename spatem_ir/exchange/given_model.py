"""The ONNX model that a network was made from: its inner tensors, read or replaced by others.

An operator of the network has the name of the node that it was made from.  Nodes behind that one
which have no operator of their own, such as a normalisation that was folded into the weights, are
in it as well: what an operator computes is the result of the last of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue

from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.dialects.cnn.attributes import quantization_of

if TYPE_CHECKING:
    from onnx import ModelProto

    from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode

QUANTIZE = ("QuantizeLinear", "com.microsoft.QuantizeLinear")

GIVEN = ".given"
"""What follows the name of a tensor whose values are given instead of computed."""


@dataclass(frozen=True)
class GivenModel:
    """An ONNX model in a file.

    `nodes` are those that were imported, `shapes` the full shapes of their tensors, as far as they
    are known, and `constants` the tensors that are constant.
    """

    path: str
    nodes: Sequence[OnnxNode]
    shapes: Mapping[str, tuple[int, ...]]
    constants: Mapping[str, Constant]

    @cached_property
    def _proto(self) -> ModelProto:
        import onnx

        return onnx.load(self.path)

    @cached_property
    def _readers(self) -> Mapping[str, list[OnnxNode]]:
        """The nodes that read each tensor; an output of the model has a reader more, which ends."""
        readers: dict[str, list[OnnxNode]] = {}
        for node in self.nodes:
            for tensor in set(node.inputs):
                readers.setdefault(tensor, []).append(node)
        return readers

    @cached_property
    def _computed(self) -> frozenset[str]:
        """The tensors that nodes of the file compute, outside functions and branches."""
        return frozenset(name for node in self._proto.graph.node for name in node.output)

    @cached_property
    def _outputs(self) -> frozenset[str]:
        return frozenset(output.name for output in self._proto.graph.output)

    @property
    def outputs(self) -> list[str]:
        """The outputs that the network has, in its order: those that are not constant."""
        names = [output.name for output in self._proto.graph.output]
        return [name for name in names if name not in self.constants]

    def results(self, network: NetworkOp) -> dict[SSAValue, str]:
        """The tensors that hold what operators of a network compute on float32."""

        def follows(tensor: str, node: OnnxNode) -> bool:
            shape = self.shapes.get(node.outputs[0])
            is_view = node.operator in ("Transpose", "Reshape", "Flatten")
            return not is_view and shape is not None and shape == self.shapes.get(tensor)

        return self._behind(network, follows, lambda _: False)

    def codes(self, network: NetworkOp) -> dict[SSAValue, str]:
        """The tensors of codes that hold what operators of a network compute."""
        results = self._behind(network, lambda *_: True, lambda node: node.operator in QUANTIZE)
        makers = {name: node for node in self.nodes for name in node.outputs}
        return {
            value: tensor
            for value, tensor in results.items()
            if self._states_code(makers[tensor], value)
        }

    def _states_code(self, node: OnnxNode, value: SSAValue) -> bool:
        """Whether a node gives codes, of the scale and zero point that a value's codes have."""
        code = quantization_of(value.type)
        if code is None or not (node.operator in QUANTIZE or "QLinear" in node.operator):
            return False
        for first, second in zip(node.inputs, (*node.inputs[1:], ""), strict=True):
            scale, zero_point = self.constants.get(first), self.constants.get(second)
            if scale is None or scale.values.size != 1 or scale.values.item() != code.scale:
                continue
            if zero_point is None and not code.zero_point:
                return True
            if zero_point is not None and (zero_point.values == code.zero_point).all():
                return True
        return False

    def _behind(
        self,
        network: NetworkOp,
        follows: Callable[[str, OnnxNode], bool],
        is_last: Callable[[OnnxNode], bool],
    ) -> dict[SSAValue, str]:
        """The result of the last node in each operator: nodes that follow it, as far as `is_last`.

        A node belongs to an operator if nobody else reads what it reads, and none is named like it.
        """
        operators = _operators(network)
        found: dict[SSAValue, str] = {}
        for first in self.nodes:
            if first.name not in operators or first.outputs[0] not in self._computed:
                continue
            node, tensor = first, first.outputs[0]
            while not is_last(node) and tensor not in self._outputs:
                readers = self._readers.get(tensor, [])
                if len(readers) != 1 or readers[0].name in operators:
                    break
                (node,) = readers
                if not follows(tensor, node) or node.outputs[0] not in self._computed:
                    break
                tensor = node.outputs[0]
            found[operators[first.name]] = tensor
        return found

    def with_outputs(self, tensors: Iterable[str]) -> bytes:
        """The model with inner tensors as outputs too, behind its own."""
        return _with(self._proto, sorted(set(tensors) - self._outputs)).SerializeToString()

    def with_given(self, tensors: Mapping[str, np.dtype[Any]]) -> bytes:
        """The model with tensors as outputs too, and their readers reading inputs instead of them.

        These are called like the tensors, with :data:`GIVEN` behind, and follow its own inputs.
        """
        from onnx import helper

        model = _with(self._proto, sorted(tensors.keys() - self._outputs))
        for node in model.graph.node:
            renamed = [name + GIVEN if name in tensors else name for name in node.input]
            node.input[:] = renamed
        for name, dtype in tensors.items():
            kind = helper.np_dtype_to_tensor_dtype(dtype)
            model.graph.input.append(helper.make_tensor_value_info(name + GIVEN, kind, None))
        return model.SerializeToString()


def _operators(network: NetworkOp) -> dict[str, SSAValue]:
    """The results of a network's operators by their names."""
    return {
        name.data: op.results[0]
        for op in network.body.block.ops
        if isinstance(name := op.properties.get("sym_name"), StringAttr) and op.results
    }


def _with(model: ModelProto, outputs: Iterable[str]) -> ModelProto:
    """A copy of a model with further outputs, whose types onnxruntime finds."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
    return copy
