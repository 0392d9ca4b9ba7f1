"""What a partition strategy finds: partitions of the whole network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.dialects.mvm import PackingOp
    from spatem_ir.dialects.ou import ScheduleOp
    from spatem_ir.dialects.spreads import SpreadOp
    from spatem_ir.geometry.estimate.candidates import LayerCandidates
    from spatem_ir.geometry.shapes.grid import Deal, Grid
    from spatem_ir.geometry.shapes.layer import Layer


@dataclass(frozen=True)
class Partition:
    """A partition of the whole network: one grid per layer.

    `cycles` is the estimated latency in digital cycles.  `packing` is the packing for which it
    cuts, `spreads` the PEs of all tiles, and `schedule` the order in which it is to run, if these
    are not left to `pack` and `order`.
    """

    cycles: int
    grids: tuple[Grid, ...]
    packing: PackingOp | None = None
    schedule: ScheduleOp | None = None
    spreads: tuple[SpreadOp, ...] = ()

    @property
    def notes(self) -> list[PackingOp | SpreadOp | ScheduleOp]:
        """What the partition says to the passes after it."""
        notes = (self.packing, *self.spreads, self.schedule)
        return [note for note in notes if note is not None]

    def packed(self, method: str | None) -> Partition:
        """The partition, for a packing of its strategy where it does not name one itself."""
        from spatem_ir.dialects.mvm import PackingOp

        if self.packing is not None or method is None:
            return self
        return replace(self, packing=PackingOp(method))

    def tiles(self, layers: list[Layer]) -> int:
        """The MVM tiles of all layers together."""
        return sum(grid.tiles(layer) for layer, grid in zip(layers, self.grids, strict=True))

    def cells(self, layers: list[Layer], cells_per_weight: list[int]) -> int:
        """Cells of all copies of all layers."""
        return sum(
            layer.weights * cells * grid.iw * grid.ib
            for layer, grid, cells in zip(layers, self.grids, cells_per_weight, strict=True)
        )


@dataclass(frozen=True)
class TracedPartitions(Sequence[Partition]):
    """Many partitions as arrays, in ascending estimated latency.

    `cycles` has shape [partitions]; `choices` the numbers of the cuts along the four axes of every
    layer's candidates, shape [layers, partitions, 4].
    """

    candidates: tuple[LayerCandidates, ...]
    cycles: NDArray[np.int64]
    choices: NDArray[np.int64]
    deal: Deal

    def __len__(self) -> int:
        return len(self.cycles)

    @overload
    def __getitem__(self, index: int) -> Partition: ...
    @overload
    def __getitem__(self, index: slice) -> list[Partition]: ...
    def __getitem__(self, index: int | slice) -> Partition | list[Partition]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        chosen = zip(self.candidates, self.choices[:, index].tolist(), strict=True)
        grids = tuple(candidate.grid(tuple(choice), self.deal) for candidate, choice in chosen)
        return Partition(int(self.cycles[index]), grids)

    def all_tiles(self) -> list[int]:
        """Tiles of all layers, for each partition."""
        import numpy as np

        total = np.zeros(len(self), np.int64)
        for candidate, choice in zip(self.candidates, self.choices, strict=True):
            total += candidate.parts[tuple(choice.T)]
        return total.tolist()

    def all_cells(self, cells_per_weight: list[int]) -> list[int]:
        """Cells of all copies of all layers, for each partition."""
        import numpy as np

        total = np.zeros(len(self), np.int64)
        for candidate, choice, cells in zip(
            self.candidates, self.choices, cells_per_weight, strict=True
        ):
            windows, bits = (
                np.array([cut.degree for cut in axis])
                for axis in (candidate.windows, candidate.bits)
            )
            copies = windows[choice[:, 2]] * bits[choice[:, 3]]
            total += candidate.layer.weights * cells * copies
        return total.tolist()


def tiles_of(partitions: Sequence[Partition], layers: list[Layer]) -> list[int]:
    """Tiles of all layers, for each partition."""
    if isinstance(partitions, TracedPartitions):
        return partitions.all_tiles()
    return [partition.tiles(layers) for partition in partitions]


def cells_of(
    partitions: Sequence[Partition], layers: list[Layer], cells_per_weight: list[int]
) -> list[int]:
    """Cells of all copies of all layers, for each partition."""
    if isinstance(partitions, TracedPartitions):
        return partitions.all_cells(cells_per_weight)
    return [partition.cells(layers, cells_per_weight) for partition in partitions]
