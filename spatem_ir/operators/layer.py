"""Weight layers of level `mvm`, which are what they were before they were cut into tiles."""

from __future__ import annotations

from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.operators.core.operator import Operator
from spatem_ir.operators.core.weight_layers import export_weight_layer

OPERATOR = Operator(LayerOp, export=export_weight_layer)
