"""The streams of level `ou` as arrays: which visit comes when, and where each tile is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.machine.fast.records import (
    BURST,
    CROSSBAR,
    NONE,
    VISIT,
    Int32s,
    Int64s,
    Records,
)


class Streams(NamedTuple):
    """All streams; see :class:`fast.tables.Tables`.

    `crossbars` are the records of the crossbars, by ascending number; `order` says in which order
    the streams name them; `crossbar_of_tile` has the crossbars of all layers' tiles.
    """

    sequence: Records
    bursts: Records
    burst_tiles: Int32s
    crossbars: Records
    order: Int64s
    crossbar_of_tile: Int64s


def streams_of(
    programs: Sequence[CrossbarProgram], first_tiles: dict[str, int], accelerator: Accelerator
) -> Streams:
    """The streams of a stage, given the programs of its crossbars.

    `first_tiles` are the numbers of each layer's first tile, over all layers; entry "" counts them.
    """
    sequences: list[NDArray[np.void]] = []
    burst_tiles: list[Int64s] = []
    burst_operations: list[int] = []
    crossbar_of_tile = np.full(first_tiles[""], NONE, np.int64)
    for program in programs:
        visits = np.zeros(len(program.bursts), VISIT)
        visits["burst"] = len(burst_tiles) + program.bursts
        visits["ordinal"] = program.windows
        sequences.append(visits)
        for node, own in zip(program.nodes, program.tiles, strict=True):
            tiles = own + first_tiles[node.name]
            crossbar_of_tile[tiles] = program.crossbars
            burst_tiles.append(tiles)
        burst_operations += [len(spelled_out or ()) for spelled_out in program.activations]
    members = [program.crossbars for program in programs]
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


def _crossbars(members: list[Int64s], lengths: Int64s, accelerator: Accelerator) -> Records:
    """The records of the crossbars of all streams, by ascending number; nothing has run yet."""
    sizes = [len(crossbars) for crossbars in members]
    numbers = np.concatenate(members)
    order = np.argsort(numbers)
    crossbars = np.zeros(len(numbers), CROSSBAR).view(np.recarray)
    crossbars.number = numbers[order]
    crossbars.pe = crossbars.number // accelerator.crossbars_per_pe
    crossbars.cu = crossbars.number // accelerator.crossbars_per_cu
    crossbars.first = np.repeat(np.cumsum(lengths) - lengths, sizes)[order]
    crossbars.column = np.concatenate([np.arange(size) for size in sizes])[order]
    crossbars.visits = np.repeat(lengths, sizes)[order]
    return crossbars
