"""Sums over whole feature maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.cnn.checks import quantized, works_on_codes
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.global_average_pool import GlobalPoolOp, scaled_sums, scaled_sums_in_onnx
from spatem_ir.operators.onnx_import.reductions import reduced

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class GlobalSumPoolOp(GlobalPoolOp):
    """Sum of each channel.

    Where both tensors are quantised ``saturate(round_half_even((Σ (x − zx)) · float32(sx / s)) +
    z)``.
    """

    name = "cnn.global_sum_pool"


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """ReduceSum, whose sums are those of feature maps."""
    return reduced(node, network, network.floats(node), GlobalSumPoolOp)


def evaluate(op: GlobalSumPoolOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`global_sum_pool` and :func:`scaled_sums`."""
    if not works_on_codes(op):
        return computed(op, operands, global_sum_pool)
    source, target = quantized(op, op.input), quantized(op, op.output)
    return scaled_sums(operands[0], source, target, 1)


def global_sum_pool(images: Reals) -> Reals:
    """The sum of each channel in double precision, rounded once: [images, channels, 1, 1]."""
    import numpy as np

    return images.sum(axis=(2, 3), keepdims=True, dtype=np.float64).astype(np.float32)


def export(op: GlobalSumPoolOp, graph: GraphBuilder, operands: list[str]) -> str:
    """ReduceSum of float32, or of codes in int64, scaled."""
    if not works_on_codes(op):
        axes = graph.constant("axes", [2, 3])
        return graph.in_float(op, operands, lambda x: graph.add("ReduceSum", x, axes))
    source, target = quantized(op, op.input), quantized(op, op.output)
    return scaled_sums_in_onnx(graph, operands[0], source, target, 1)


OPERATOR = Operator(GlobalSumPoolOp, {"ReduceSum": Import(convert)}, evaluate, export)
