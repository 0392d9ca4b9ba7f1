"""Regions of a chip: PEs that belong together, and the layers that stand on them."""

from __future__ import annotations

from typing import NamedTuple


class Regions(NamedTuple):
    """How many PEs each region has, one region after the other, and the region of each layer."""

    pes: tuple[int, ...]
    of_layer: tuple[int, ...]

    def layers(self, region: int) -> list[int]:
        """The numbers of the layers of a region."""
        return [layer for layer, own in enumerate(self.of_layer) if own == region]

    def first_pe(self, region: int) -> int:
        """How many PEs come before those of a region."""
        return sum(self.pes[:region])
