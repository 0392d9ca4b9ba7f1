"""Locally connected layers, which ONNX does not have: convolutions of regions, joined."""

from __future__ import annotations

from spatem_ir.dialects.cnn import LocalOp
from spatem_ir.operators.core.operator import Operator
from spatem_ir.operators.core.weight_layers import export_weight_layer

OPERATOR = Operator(LocalOp, export=export_weight_layer)
