"""Minimum pooling over whole feature maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition, traits_def

from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.operators import CommutesWithQuantization
from spatem_ir.operators.core.global_pools import GlobalPoolOp, of_windows, windows_in_onnx
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.reductions import reduced

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class GlobalMinPoolOp(GlobalPoolOp):
    """Smallest value of each window, in general the whole of a channel.

    Input and output have the same quantisation.
    """

    name = "cnn.global_min_pool"

    traits = traits_def(CommutesWithQuantization())

    def verify_(self) -> None:
        super().verify_()
        same_quantization(self, self.input, self.output)


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """ReduceMin, whose minima are those of feature maps."""
    return reduced(node, network, network.activation(node), GlobalMinPoolOp)


def evaluate(_: GlobalMinPoolOp, operands: list[Array], __: ParameterStore) -> Array:
    """The smallest element of each channel."""
    return operands[0].min(axis=(2, 3), keepdims=True)


def export(op: GlobalMinPoolOp, graph: GraphBuilder, operands: list[str]) -> str:
    """ReduceMin, of codes in int32."""
    from spatem_ir.numerics.codes import storage_dtype

    axes = graph.constant("axes", [2, 3])
    code = quantization_of(op.input.type)
    if code is None:
        return graph.add("ReduceMin", operands[0], axes)
    smallest = graph.add("ReduceMin", graph.cast(operands[0], "int32"), axes)
    return graph.cast(smallest, storage_dtype(code))


OPERATOR = Operator(
    GlobalMinPoolOp,
    {"ReduceMin": Import(convert, passes_code=True)},
    of_windows(evaluate),
    windows_in_onnx(export),
)
