"""A choice between two tensors, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.operators import ElementwiseOp
from spatem_ir.operators.core.elementwise import uniform_constant
from spatem_ir.operators.core.evaluation import of_operands
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.shapes import broadcast
from spatem_ir.operators.step import StepOp

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


@irdl_op_definition
class WhereOp(ElementwiseOp):
    """The second operand where the first one is above 0, the third one elsewhere."""

    name = "cnn.where"

    def verify_(self) -> None:
        super().verify_()
        if len(self.inputs) != 3:
            fail(self, f"has a condition and two values, but {len(self.inputs)} operands")


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Where, with a condition that is an activation; either value may be one number."""
    condition = network.value(node, 0)
    if not isinstance(condition, SSAValue):
        node.fail("has a constant condition; only a comparison of activations is supported")
    values = [condition, *(_value(node, network, index, condition) for index in (1, 2))]
    values, shape = broadcast(node, network, values)
    return network.append(WhereOp(node.name, values, TensorType(f32, shape)), node.name)


def _value(node: OnnxNode, network: NetworkBuilder, index: int, condition: SSAValue) -> SSAValue:
    """An operand, a number as a tensor of the condition's shape."""
    value = network.value(node, index)
    if isinstance(value, SSAValue):
        return network.floats(node, index)
    assert value is not None
    number, name = uniform_constant(node, value), f"{node.name}.{'then' if index == 1 else 'else'}"
    return network.append(StepOp(name, condition, bound=0.0, below=number, above=number), name)


def where(condition: Reals, first: Reals, second: Reals) -> Reals:
    """The first value where the condition is above 0."""
    import numpy as np

    return np.where(condition > 0, first, second)


def export(op: WhereOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Where."""
    import numpy as np

    def computed(condition: str, first: str, second: str) -> str:
        zero = graph.scalar("zero", 0.0, np.float32)
        return graph.add("Where", graph.add("Greater", condition, zero), first, second)

    return graph.in_float(op, operands, computed)


OPERATOR = Operator(WhereOp, {"Where": Import(convert)}, of_operands(where), export)
