"""The visits that the streams of level `ou` name, gathered tile by tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.dialects.ou import ActivateOp, InterleaveOp, MvmOp, OuStageOp, StreamOp


class TileVisits(NamedTuple):
    """Visits of one crossbar to one tile.

    `times` counts how often each window of the tile's copy is visited; `operations` are those of
    the visits, if they were spelled out.
    """

    stage: int
    crossbar: int
    times: NDArray[np.int32]
    operations: list[ActivateOp] | None


class _Burst(NamedTuple):
    """Crossbars, the tile that each visits, and the windows of the visits."""

    stage: int
    crossbars: NDArray[np.int64]
    tiles: NDArray[np.int64]
    windows: NDArray[np.int64]
    operations: list[ActivateOp] | None


def visits_of(
    stages: Sequence[OuStageOp], layers: Sequence[LayerOp]
) -> dict[str, dict[int, list[TileVisits]]]:
    """All visits of the streams, by layer name and tile."""
    bursts: dict[str, list[_Burst]] = {}
    for stage in stages:
        for stream in stage.streams:
            crossbars = stream.crossbars.data.to_array()
            for op, windows in _runs(stream):
                tiles, number = op.tiles.data.to_array(), stage.number.value.data
                burst = _Burst(number, crossbars, tiles, windows, op.operations)
                bursts.setdefault(op.layer.string_value(), []).append(burst)
    return {
        op.sym_name.data: _by_tile(op, bursts[op.sym_name.data])
        for op in layers
        if op.sym_name.data in bursts
    }


def _runs(stream: StreamOp) -> Iterator[tuple[MvmOp, NDArray[np.int64]]]:
    """The bursts of a stream, each with the windows for which it gets its turn."""
    for op in stream.body.block.ops:
        if isinstance(op, InterleaveOp):
            turns = np.bincount(op.by.data.to_array(), minlength=len(op.bursts))
            for burst, count in zip(op.bursts, turns.tolist(), strict=True):
                yield burst, burst.windows.data.to_array()[:count]
        elif isinstance(op, MvmOp):
            yield op, op.windows.data.to_array()


def _by_tile(op: LayerOp, bursts: list[_Burst]) -> dict[int, list[TileVisits]]:
    """The visits of a layer by tile; bursts of one crossbar to one tile are joined."""
    windows = op.grid.data.windows_per_copy(op.layer)
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
