"""Sums over whole feature maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.cnn.checks import quantized, works_on_codes
from spatem_ir.operators.abs import AbsOp
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.global_pools import GlobalPoolOp, of_windows, windows_in_onnx
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.exp import ExpOp
from spatem_ir.operators.global_average_pool import scaled_sums, scaled_sums_in_onnx
from spatem_ir.operators.log import LogOp
from spatem_ir.operators.onnx_import.reductions import reduced
from spatem_ir.operators.pow import PowOp
from spatem_ir.operators.sqrt import SqrtOp

if TYPE_CHECKING:
    from collections.abc import Callable

    from xdsl.ir import SSAValue

    from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.core.operator import Convert
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class GlobalSumPoolOp(GlobalPoolOp):
    """Sum of each window, in general the whole of a channel.

    Where both tensors are quantised ``saturate(round_half_even((Σ (x − zx)) · float32(sx / s)) +
    z)``.
    """

    name = "cnn.global_sum_pool"


def sums_of(
    before: Callable[[str, SSAValue], UnaryDigitalOp] | None = None,
    after: type[UnaryDigitalOp] | None = None,
) -> Convert:
    """Conversion of a sum over dimensions: of a function of each element, and a function of it.

    ReduceSum takes neither, a Euclidean norm the root of the sum of squares.
    """

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        operand = network.floats(node)
        if before is not None:
            operand = network.append(before(f"{node.name}.each", operand), node.name)
        sums = reduced(node, network, operand, GlobalSumPoolOp)
        if after is None:
            return sums
        return network.append(after(f"{node.name}.of_sums", sums), node.name)

    return convert


def square(name: str, operand: SSAValue) -> UnaryDigitalOp:
    """x²."""
    return PowOp(name, operand, exponent=2.0)


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


OPERATOR = Operator(
    GlobalSumPoolOp,
    {
        "ReduceSum": Import(sums_of()),
        "ReduceL1": Import(sums_of(AbsOp)),
        "ReduceL2": Import(sums_of(square, SqrtOp)),
        "ReduceSumSquare": Import(sums_of(square)),
        "ReduceLogSum": Import(sums_of(after=LogOp)),
        "ReduceLogSumExp": Import(sums_of(ExpOp, LogOp)),
    },
    of_windows(evaluate),
    windows_in_onnx(export),
)
