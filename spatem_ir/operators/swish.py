"""Swish, also called SiLU."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.operators.affine import scaled
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.mul import MulOp
from spatem_ir.operators.onnx_import.tensors import Constant
from spatem_ir.operators.sigmoid import SigmoidOp, sigmoid

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


@irdl_op_definition
class SwishOp(UnaryDigitalOp):
    """x / (1 + exp(−x)), x times its sigmoid (Ramachandran, Zoph and Le, 2017)."""

    name = "cnn.swish"


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Swish, x times the sigmoid of alpha · x."""
    import numpy as np

    operand, alpha = network.floats(node), float(node.attribute("alpha", 1.0))
    if alpha == 1.0:
        return network.append(SwishOp(node.name, operand), node.name)
    part = replace(node, name=f"{node.name}.scaled")
    inner = scaled(part, network, operand, Constant(np.array(alpha, np.float32)))
    name = f"{node.name}.sigmoid"
    share = network.append(SigmoidOp(name, inner), name)
    return network.append(MulOp(node.name, [operand, share], operand.type), node.name)


def swish(values: Reals) -> Reals:
    """The product with the sigmoid, each rounded once."""
    return values * sigmoid(values)


def export(op: SwishOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Sigmoid and Mul on float32."""
    return graph.in_float(op, operands, lambda x: graph.add("Mul", x, graph.add("Sigmoid", x)))


OPERATOR = Operator(SwishOp, {"Swish": Import(convert)}, of_elements(swish), export)
