"""The largest of several tensors, element by element; of truth values, whether any is true."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.cnn.operators import ElementwiseOp
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.core.elementwise import from_activations, of_activations, uniform_constants
from spatem_ir.operators.core.evaluation import of_operands
from spatem_ir.operators.core.forms import in_float
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


@irdl_op_definition
class MaxOp(ElementwiseOp):
    """The largest of all operands, which may have different codes."""

    name = "cnn.max"


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Max of activations; constants, the same for all elements, are a bound."""
    result = of_activations(node, network, MaxOp)
    limits = uniform_constants(node, network)
    if not limits:
        return result
    limit = max(limits)
    return network.append(ClipOp(f"{node.name}.bound", result, limit, None), node.name)


def largest(*operands: Reals) -> Reals:
    """The largest of all operands."""
    import numpy as np

    return reduce(np.maximum, operands)


OPERATOR = Operator(
    MaxOp,
    {"Max": Import(convert), "Or": Import(from_activations(MaxOp))},
    evaluate=of_operands(largest),
    export=in_float("Max"),
)
