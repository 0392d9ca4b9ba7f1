"""Gaussian error linear units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, opt_prop_def

from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.operators.core.evaluation import tabulated
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.erf import exact_erf

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class GeluOp(UnaryDigitalOp):
    """x · (1 + erf(x / √2)) / 2, or with `tanh` what approximates it.

    The approximation is x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) / 2.
    """

    name = "cnn.gelu"

    tanh = opt_prop_def(UnitAttr)

    assembly_format = (
        "$sym_name $input (`tanh` $tanh^)? attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(self, sym_name: str, input: SSAValue, *, tanh: bool = False):
        super().__init__(sym_name, input, properties={"tanh": UnitAttr() if tanh else None})


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Gelu."""
    approximation = node.attribute("approximate", "none")
    if approximation not in ("none", "tanh"):
        node.fail(f"has approximate '{approximation}'; it must be 'none' or 'tanh'")
    op = GeluOp(node.name, network.floats(node), tanh=approximation == "tanh")
    return network.append(op, node.name)


def gelu(values: Reals) -> Reals:
    """The exact form of :class:`GeluOp`, rounded once."""
    import numpy as np

    exact = values.astype(np.float64)
    shares = 1 + exact_erf(exact / math.sqrt(2))
    return (exact * shares / 2).astype(np.float32)


def gelu_by_tanh(values: Reals) -> Reals:
    """The approximation of :class:`GeluOp`, rounded once."""
    import numpy as np

    exact = values.astype(np.float64)
    shares = 1 + np.tanh(math.sqrt(2 / math.pi) * (exact + 0.044715 * exact**3))
    return (exact * shares / 2).astype(np.float32)


def evaluate(op: GeluOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`gelu` and :func:`gelu_by_tanh`."""
    return tabulated(op, operands, gelu if op.tanh is None else gelu_by_tanh)


def export(op: GeluOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Gelu on float32."""
    approximation = "none" if op.tanh is None else "tanh"
    return graph.in_float(op, operands, lambda x: graph.add("Gelu", x, approximate=approximation))


OPERATOR = Operator(GeluOp, {"Gelu": Import(convert)}, evaluate, export)
