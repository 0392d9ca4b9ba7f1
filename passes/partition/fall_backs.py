"""Which of a strategy's partitions are left for `pack`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spatem_ir.passes.partition.partitions import cells_of, tiles_of
from spatem_ir.support.errors import DoesNotFitError

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.partitions import Partition

MOST_FALL_BACKS = 8
"""How many partitions are left beside the best one, unless an option says otherwise."""


def fall_backs(
    partitions: Sequence[Partition],
    layers: list[Layer],
    accelerator: Accelerator,
    count: int = MOST_FALL_BACKS,
) -> list[Partition]:
    """The best partition whose cells fit the chip, and up to `count` smaller ones after it.

    Up to the one that gives every tile a crossbar of its own, if any does, and to the smallest
    otherwise; where there are more, their tile counts fall geometrically.  In ascending latency.

    Raises:
        SpatemError: even the smallest partition has more cells than the chip.
    """
    capacity = accelerator.crossbars * accelerator.cells_per_crossbar
    cells_per_weight = [accelerator.cells_per_weight(layer.weight_bits) for layer in layers]
    cells = cells_of(partitions, layers, cells_per_weight)
    fitting = [number for number, needed in enumerate(cells) if needed <= capacity]
    if not fitting:
        needed = -(-min(cells) // accelerator.cells_per_crossbar)
        raise DoesNotFitError(
            f"the network does not fit: its weights need at least {needed} crossbars, "
            f"'{accelerator.name}' has {accelerator.crossbars}"
        )
    all_tiles = tiles_of(partitions, layers)
    tiles = [all_tiles[number] for number in fitting]
    safe = next((n for n, t in enumerate(tiles) if t <= accelerator.crossbars), len(fitting) - 1)
    if safe <= count:
        picked = list(range(safe + 1))
    else:
        ratio = (tiles[safe] / tiles[0]) ** (1 / max(count, 1))
        limits = [tiles[0] * ratio**step for step in range(1, count + 1)]
        smaller = {next((n for n in range(safe) if tiles[n] <= t), safe) for t in limits}
        picked = sorted(smaller | ({0, safe} if count else {0}))
    chosen, *others = (partitions[fitting[number]] for number in picked)
    return [chosen, *sorted(others, key=lambda partition: partition.cycles)]
