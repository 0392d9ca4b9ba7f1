"""The estimate where crossbars take turns in a shared memory (R13)."""

from __future__ import annotations

import pytest

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.geometry.estimate.latency import grid_latency
from spatem_ir.study.pelke.layers import LAYERS, Convolution
from spatem_ir.study.pelke.runs import PelkeCase, times_of

pytest.importorskip("numba")

SMALL = [layer for layer in LAYERS if (layer.channels, layer.vectors) in ((256, 49), (512, 49))]


@pytest.mark.parametrize("layer", SMALL[:2], ids=lambda layer: layer.name)
@pytest.mark.parametrize("bus", [4, 64])
def test_the_estimate_is_near(layer: Convolution, bus: int) -> None:
    """Within a few per cent, whether cores or the bus are the bottleneck."""
    case = PelkeCase(layer, 64, bus)
    module = case.deployed("linear")
    (node,) = dataflow_of(module).layers
    assert node.layer is not None and node.grid is not None
    estimated = grid_latency(node.layer, node.grid, case.machine)
    assert estimated == pytest.approx(times_of(case, "linear").cycles, rel=0.15)
