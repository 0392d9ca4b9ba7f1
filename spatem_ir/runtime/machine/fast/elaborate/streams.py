"""The streams of level `ou` as arrays: which visit comes when, and where each tile is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.ou import InterleaveOp, MvmOp, OuStageOp, StreamOp
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.machine.fast.tables import (
    BURST,
    CROSSBAR,
    NONE,
    VISIT,
    Int32s,
    Int64s,
    Records,
)


class Streams(NamedTuple):
    """All streams; see :class:`fast_tables.Tables`.

    `crossbars` are the records of the crossbars, by ascending number; `order` says in which order
    the streams name them; `crossbar_of_tile` has the crossbars of all layers' tiles.
    """

    sequence: Records
    bursts: Records
    burst_tiles: Int32s
    crossbars: Records
    order: Int64s
    crossbar_of_tile: Int64s


def streams_of(stage: OuStageOp, first_tiles: dict[str, int], accelerator: Accelerator) -> Streams:
    """The streams of a stage.

    `first_tiles` are the numbers of each layer's first tile, over all layers; entry "" counts them.
    """
    sequences: list[NDArray[np.void]] = []
    burst_tiles: list[Int64s] = []
    burst_operations: list[int] = []
    members: list[Int64s] = []
    crossbar_of_tile = np.full(first_tiles[""], NONE, np.int64)
    for stream in stage.streams:
        crossbars = stream.crossbars.data.to_array()
        members.append(crossbars)
        turns = [np.zeros(0, VISIT)]
        for bursts, visits in _turns(stream, len(burst_tiles)):
            turns.append(visits)
            for burst in bursts:
                tiles = burst.tiles.data.to_array() + first_tiles[burst.layer.string_value()]
                crossbar_of_tile[tiles] = crossbars
                burst_tiles.append(tiles)
                burst_operations.append(len(burst.operations or ()))
        sequences.append(np.concatenate(turns))
    lengths = np.array(list(map(len, sequences)), np.int64)
    bursts = np.zeros(len(burst_tiles), BURST).view(np.recarray)
    bursts.first = np.cumsum([0, *map(len, burst_tiles)])[:-1]
    bursts.operations = burst_operations
    return Streams(
        sequence=np.concatenate(sequences).view(np.recarray),
        bursts=bursts,
        burst_tiles=np.concatenate(burst_tiles).astype(np.int32),
        crossbars=_crossbars(members, lengths, accelerator),
        order=np.concatenate(members),
        crossbar_of_tile=crossbar_of_tile,
    )


def _turns(stream: StreamOp, bursts: int) -> Iterator[tuple[list[MvmOp], NDArray[np.void]]]:
    """The bursts of each op of a stream, and :data:`VISIT` records of its visits in order.

    `bursts` is the number of bursts before.
    """
    for op in stream.body.block.ops:
        if isinstance(op, MvmOp):
            visits = np.zeros(len(op.windows.data), VISIT)
            visits["burst"], visits["ordinal"] = bursts, op.windows.data.to_array()
            yield [op], visits
            bursts += 1
        elif isinstance(op, InterleaveOp):
            numbers = op.by.data.to_array()
            visits = np.zeros(len(numbers), VISIT)
            visits["burst"] = bursts + numbers
            for number, burst in enumerate(op.bursts):
                visits["ordinal"][numbers == number] = burst.windows.data.to_array()
            yield op.bursts, visits
            bursts += len(op.bursts)


def _crossbars(members: list[Int64s], lengths: Int64s, accelerator: Accelerator) -> Records:
    """The records of the crossbars of all streams, by ascending number; nothing has run yet."""
    sizes = [len(crossbars) for crossbars in members]
    numbers = np.concatenate(members)
    order = np.argsort(numbers)
    crossbars = np.zeros(len(numbers), CROSSBAR).view(np.recarray)
    crossbars.number = numbers[order]
    crossbars.pe = crossbars.number // accelerator.crossbars_per_pe
    crossbars.cu = crossbars.number // accelerator.cu.crossbars
    crossbars.first = np.repeat(np.cumsum(lengths) - lengths, sizes)[order]
    crossbars.column = np.concatenate([np.arange(size) for size in sizes])[order]
    crossbars.visits = np.repeat(lengths, sizes)[order]
    return crossbars
