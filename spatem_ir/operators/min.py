"""The smallest of several tensors, element by element; of truth values, whether all are true."""

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
class MinOp(ElementwiseOp):
    """The smallest of all operands, which may have different codes."""

    name = "cnn.min"


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Min of activations; constants, the same for all elements, are a bound."""
    result = of_activations(node, network, MinOp)
    limits = uniform_constants(node, network)
    if not limits:
        return result
    limit = min(limits)
    return network.append(ClipOp(f"{node.name}.bound", result, None, limit), node.name)


def smallest(*operands: Reals) -> Reals:
    """The smallest of all operands."""
    import numpy as np

    return reduce(np.minimum, operands)


OPERATOR = Operator(
    MinOp,
    {"Min": Import(convert), "And": Import(from_activations(MinOp))},
    evaluate=of_operands(smallest),
    export=in_float("Min"),
)
