"""What was measured of each weight layer."""

from __future__ import annotations

from spatem_ir.runtime.metrics.layer_metrics import LayerMetrics
from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import metric


@metric(scalar=False)
def layers(run: Measurement) -> tuple[LayerMetrics, ...]:
    """What is measured of each weight layer, in network order."""
    return run.layers
