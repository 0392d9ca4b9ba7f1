"""The visits of the crossbars' programs, gathered tile by tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.dialects.stages import number_of
from spatem_ir.geometry.network.crossbar_program import Activation
from spatem_ir.geometry.network.dataflow import Dataflow, Node


class TileVisits(NamedTuple):
    """Visits of one crossbar to one tile.

    `times` counts how often each window of the tile's copy is visited; `operations` are those of
    the visits, if they were spelled out.
    """

    stage: int
    crossbar: int
    times: NDArray[np.int32]
    operations: tuple[Activation, ...] | None


class _Burst(NamedTuple):
    """Crossbars, the tile that each visits, and the windows of the visits."""

    stage: int
    crossbars: NDArray[np.int64]
    tiles: NDArray[np.int64]
    windows: NDArray[np.int64]
    operations: tuple[Activation, ...] | None


def visits_of(
    stages: Sequence[OuStageOp], dataflow: Dataflow
) -> dict[str, dict[int, list[TileVisits]]]:
    """All visits of the crossbars' programs, by layer name and tile."""
    bursts: dict[str, list[_Burst]] = {}
    for stage in stages:
        for program in programs_of(stage, dataflow):
            for number, node in enumerate(program.nodes):
                burst = _Burst(
                    number_of(stage),
                    program.crossbars,
                    program.tiles[number],
                    program.windows[program.bursts == number],
                    program.activations[number],
                )
                bursts.setdefault(node.name, []).append(burst)
    return {name: _by_tile(dataflow.by_name[name], own) for name, own in bursts.items()}


def _by_tile(node: Node, bursts: list[_Burst]) -> dict[int, list[TileVisits]]:
    """The visits of a layer by tile; bursts of one crossbar to one tile are joined."""
    assert node.layer is not None and node.grid is not None
    windows = node.grid.windows_per_copy(node.layer)
    visits: dict[int, list[TileVisits]] = {}
    whole = [burst for burst in bursts if burst.operations is None]
    for stage in sorted({burst.stage for burst in whole}):
        pairs = [(b.crossbars, b.tiles, b.windows) for b in whole if b.stage == stage]
        for crossbar, tile, times in _counted(pairs, windows):
            visits.setdefault(tile, []).append(TileVisits(stage, crossbar, times, None))
    for burst in bursts:
        if burst.operations is not None:
            times = np.bincount(burst.windows, minlength=windows).astype(np.int32)
            tile, crossbar = int(burst.tiles[0]), int(burst.crossbars[0])
            visit = TileVisits(burst.stage, crossbar, times, burst.operations)
            visits.setdefault(tile, []).append(visit)
    return visits


def _counted(
    pairs: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]], windows: int
) -> Iterator[tuple[int, int, NDArray[np.int32]]]:
    """How often each crossbar visits each window of each tile: (crossbar, tile, counts)."""
    stride = 1 + max(int(tiles.max()) for _, tiles, _ in pairs)
    keys = [crossbars * stride + tiles for crossbars, tiles, _ in pairs]
    unique = np.unique(np.concatenate(keys))
    times = np.zeros((len(unique), windows), np.int32)
    for key, (_, _, visited) in zip(keys, pairs, strict=True):
        np.add.at(times, (np.searchsorted(unique, key)[:, None], visited[None, :]), 1)
    for key, counts in zip(unique.tolist(), times, strict=True):
        crossbar, tile = divmod(key, stride)
        yield crossbar, tile, counts
