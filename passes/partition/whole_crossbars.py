"""What the baselines have in common: layers mapped by whole crossbars, and copies of them.

ISAAC (ISCA 2016) and HitM (ICCAD 2020) know no operation units.  They cut a matrix by the size of
the crossbar only, give every copy of a layer crossbars of its own and choose the number of
copies [P].  On a machine with operation units [R] they become: the minimum mapping (h0, w0, all
input bits at once), iw copies, and `pack{method=exclusive}`.  Time is counted in OU operations,
so that both know how long a window really takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.estimate.candidates import LayerCandidates, layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.geometry.packing.exclusive import CopyTiles
from spatem_ir.passes.partition.partitions import Partition
from spatem_ir.support.errors import DoesNotFitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.grid import Deal
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class WholeCrossbars:
    """A layer cut by the crossbar's size only.

    Matrices share a copy's crossbars as far as they can, so that as few as possible are needed;
    `pack` lets them share less where crossbars are left.
    """

    candidates: LayerCandidates
    accelerator: Accelerator

    @cached_property
    def _one_copy(self) -> CopyTiles:
        return CopyTiles(
            self.candidates.layer, self.candidates.grid((0, 0, 0, 0)), self.accelerator
        )

    @cached_property
    def crossbars(self) -> int:
        """set_l: crossbars of one copy."""
        return self._one_copy.crossbars_per_copy(self._one_copy.largest_sharing)

    @cached_property
    def operations(self) -> int:
        """W_l · T_l: OU operations of the busiest crossbar of a single copy."""
        return self._one_copy.busy_operations(self._one_copy.largest_sharing)

    @cached_property
    def copies(self) -> NDArray[np.int64]:
        """The useful numbers of copies: each gives the busiest copy fewer windows than the last."""
        return np.array([cut.degree for cut in self.candidates.windows], np.int64)

    @cached_property
    def periods(self) -> NDArray[np.int64]:
        """OU operations between two images, for each number of copies: ⌈W / R⌉ · t."""
        windows = self.candidates.layer.windows
        return -(-windows // self.copies) * (self.operations // windows)

    def extra_crossbars(self, choice: int) -> int:
        """Crossbars that useful number of copies `choice` needs beyond the number before it."""
        return self.crossbars * int(self.copies[choice] - self.copies[choice - 1])


def whole_crossbars_of(layer: Layer, accelerator: Accelerator) -> WholeCrossbars:
    """A layer, cut by the crossbar's size only."""
    return WholeCrossbars(layer_candidates(layer, accelerator), accelerator)


def whole_crossbars(layers: list[Layer], accelerator: Accelerator) -> list[WholeCrossbars]:
    """The layers, cut by the crossbar's size only.

    Raises:
        SpatemError: one copy of each layer needs more crossbars than the chip has.
    """
    mapped = [whole_crossbars_of(layer, accelerator) for layer in layers]
    needed = sum(layer.crossbars for layer in mapped)
    if needed > accelerator.crossbars:
        raise DoesNotFitError(
            f"the network does not fit: one copy of each layer in crossbars of its own needs "
            f"{needed} crossbars, '{accelerator.name}' has {accelerator.crossbars}; strategies "
            "spatem and minimum let layers share crossbars"
        )
    return mapped


def copied(
    mapped: list[WholeCrossbars],
    allocate: Callable[[int], list[int]],
    accelerator: Accelerator,
    deal: Deal,
) -> list[Partition]:
    """The partition whose copies `allocate` chooses for the chip's crossbars.

    `allocate` gives, for so many crossbars, the number of each layer's choice among its useful
    numbers of copies.  A partition of more tiles than crossbars is followed by those for half, a
    quarter … of the crossbars, for a `pack` that has other ways of sharing.
    """
    partitions: list[Partition] = []
    layers = [layer.candidates.layer for layer in mapped]
    needed, crossbars = sum(layer.crossbars for layer in mapped), accelerator.crossbars
    while not partitions or partitions[-1].tiles(layers) > accelerator.crossbars:
        partition = _partition(mapped, allocate(max(crossbars, needed)), accelerator, deal)
        if not partitions or partition != partitions[-1]:
            partitions.append(partition)
        if crossbars <= needed:
            break
        crossbars //= 2
    return partitions


def _partition(
    mapped: list[WholeCrossbars], choices: list[int], accelerator: Accelerator, deal: Deal
) -> Partition:
    """The partition with number `choices` of the useful numbers of copies of each layer."""
    cuts = [(0, 0, choice, 0) for choice in choices]
    cycles = sum(
        int(layer_latencies(layer.candidates, accelerator)[cut])
        for layer, cut in zip(mapped, cuts, strict=True)
    )
    grids = (layer.candidates.grid(cut, deal) for layer, cut in zip(mapped, cuts, strict=True))
    return Partition(cycles, tuple(grids))
