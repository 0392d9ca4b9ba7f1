"""What the records of all weight layers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_export.graph import GraphBuilder


def export_weight_layer(op: WeightLayerOp, graph: GraphBuilder, operands: list[str]) -> str:
    """See :func:`spatem_ir.operators.onnx_export.weight_layers.weight_layer`."""
    from spatem_ir.operators.onnx_export.weight_layers import weight_layer

    return weight_layer(op, graph, operands)
