"""The minimum mapping: every matrix cut by the crossbar's size only, one copy, all bits at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.passes.partition.strategy import Strategy

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Deal
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


def partition_minimum(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> list[Strategy]:
    """The one strategy with the fewest tiles."""
    candidates = [layer_candidates(layer, accelerator) for layer in layers]
    cycles = sum(int(layer_latencies(c, accelerator).flat[0]) for c in candidates)
    return [Strategy(cycles, tuple(c.grid((0, 0, 0, 0), deal) for c in candidates))]
