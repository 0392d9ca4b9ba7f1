"""Views that put something else than the batch in front, as long as the batch is one image.

PyTorch writes `x.squeeze(0)`, `x.flatten()` and their inverses freely where the batch is 1.  Types
of a network leave out the batch, so a tensor without it has none; but which elements it has, where,
is known, and a later view that has the batch in front again is an op.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.operators import UnaryViewOp
from spatem_ir.frontend.onnx_constants import computed_by_reference
from spatem_ir.operators.core.register import operators
from spatem_ir.operators.gather import gathered
from spatem_ir.operators.onnx_import.shapes import extents_text
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.frontend.onnx_graph import OnnxGraph
    from spatem_ir.operators.onnx_import.network import NetworkBuilder


@dataclass(frozen=True, eq=False)
class Rearranged:
    """A tensor whose first dimension is not the batch: its elements are `order` of `source`.

    `node` is the view that has put something else in front.
    """

    source: SSAValue
    order: NDArray[np.int64]
    node: OnnxNode


class BatchFreeViews:
    """The tensors of a network under construction that do not have the batch in front."""

    def __init__(self, network: NetworkBuilder, graph: OnnxGraph):
        self.network = network
        self.graph = graph
        self.tensors: dict[str, Rearranged] = {}

    def takes(self, node: OnnxNode) -> bool:
        """Whether a node is a view whose operand or result does not have the batch in front.

        Raises:
            SpatemError: its operand has not, and it is no view.
        """
        known = next((name for name in node.inputs if name in self.tensors), None)
        if node.operator not in _views() or self.network.batch != 1:
            if known is not None:
                node.fail(
                    f"reads '{known}', whose first dimension is not the batch any more: only "
                    "views of it are supported"
                )
            return False
        is_activation = isinstance(self.network.values.get(node.input(0)), SSAValue)
        return known is not None or (is_activation and self._moves_batch(node))

    def _moves_batch(self, node: OnnxNode) -> bool:
        """Whether a view puts something else in front of its result than its operand has."""
        match node.operator:
            case "Transpose":
                return node.attribute("perm", [-1])[0] != 0
            case "Squeeze" | "Unsqueeze" if node.input(1):
                axes = self.network.constant(node, 1).values.reshape(-1)
                shape = self.graph.shape_of(node.outputs[0])
                return 0 in axes or (shape is not None and -len(shape) in axes)
            case _:
                shapes = [self.graph.shape_of(name) for name in node.outputs if name]
                return any(shape is not None and shape[:1] != (1,) for shape in shapes)

    def define(self, node: OnnxNode) -> None:
        """Define the results of a view that is taken."""
        name = node.inputs[0]
        operand = self.tensors.get(name)
        if operand is None:
            value = self.network.activation(node)
            shape = (1, *shape_of(value))
            operand = Rearranged(value, np.arange(prod(shape)).reshape(shape), node)
        values = {other: self.network.values.get(other) for other in node.inputs[1:]}
        constants = {name: Constant(operand.order)} | {
            other: value for other, value in values.items() if isinstance(value, Constant)
        }
        node.attributes_read.update(node.attributes)
        orders = computed_by_reference(node, constants, self.graph.opset)
        for result, order in zip(node.outputs, orders, strict=True):
            rearranged = Rearranged(operand.source, order.values, operand.node)
            if order.values.ndim > 1 and len(order.values) == 1:
                self.network.values[result] = self._value(node, rearranged)
            else:
                self.tensors[result] = rearranged

    def check_outputs(self) -> None:
        """Check that the outputs of the graph have the batch in front.

        Raises:
            SpatemError: one has not.
        """
        for name in self.graph.outputs:
            if name in self.tensors:
                tensor = self.tensors[name]
                tensor.node.fail(
                    f"changes the batch: the output '{name}' has the shape "
                    f"[{extents_text(tensor.order.shape)}]"
                )

    def _value(self, node: OnnxNode, tensor: Rearranged) -> SSAValue:
        """A tensor with the batch in front as a value of the network."""
        network, source = self.network, tensor.source
        flat = network.regrouped(source, (prod(shape_of(source)),))
        taken = gathered(network, flat, 0, tensor.order.reshape(-1).tolist(), node.name)
        return network.regrouped(taken, tensor.order.shape[1:], node.name)


@cache
def _views() -> frozenset[str]:
    """The operators of ONNX that become views of one tensor."""
    names = (o.onnx for o in operators() if issubclass(o.op, UnaryViewOp))
    return frozenset(name for each in names for name in each)
