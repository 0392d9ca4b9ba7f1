"""What a partition strategy decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatem_ir.geometry.grid import Grid
    from spatem_ir.geometry.layer import Layer


@dataclass(frozen=True)
class Strategy:
    """A partition of the whole network: one grid per layer.

    `cycles` is the estimated latency in digital cycles.
    """

    cycles: int
    grids: tuple[Grid, ...]

    def tiles(self, layers: list[Layer]) -> int:
        """Tiles of all layers."""
        return sum(grid.tiles(layer) for layer, grid in zip(layers, self.grids, strict=True))

    def weights(self, layers: list[Layer]) -> int:
        """Weights of all copies of all layers."""
        return sum(
            layer.weights * grid.iw * grid.ib
            for layer, grid in zip(layers, self.grids, strict=True)
        )
