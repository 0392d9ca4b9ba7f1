"""The programs of all crossbars of a stage, as arrays: from the IR, and back to streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import SymbolRefAttr

from spatem_ir.dialects.ou.due import DueOp
from spatem_ir.dialects.ou.orders import OrderOp
from spatem_ir.dialects.ou.stage import OuStageOp
from spatem_ir.dialects.ou.streams import InterleaveOp, MvmOp, StreamOp
from spatem_ir.geometry.network.crossbar_program import Activation, CrossbarProgram
from spatem_ir.geometry.network.dataflow import Dataflow
from spatem_ir.geometry.network.held_tiles import HeldTiles
from spatem_ir.geometry.network.turns import Turns
from spatem_ir.geometry.scheduling.sequencing import (
    Due,
    LocatedCrossbars,
    ProgramClass,
    due_programs,
    program_classes,
)
from spatem_ir.geometry.shapes.distinct import distinct_rows
from spatem_ir.geometry.shapes.equals import first_of_equals
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.placement import Placement, without

Ints = NDArray[np.int64]


def programs_of(stage: OuStageOp, dataflow: Dataflow) -> list[CrossbarProgram]:
    """The programs of all crossbars that hold tiles.

    First those that streams and orders write out, in their order, then those that follow from when
    windows are due, class by class.
    """
    places = stage.placed().placements()
    held = {name: HeldTiles(dataflow.by_name[name], placed) for name, placed in places.items()}
    streams = [stream for stream in stage.streams if stream.bursts]
    programs = [_written_out(stream, dataflow, held) for stream in streams]
    left = without(places, _crossbars_of(programs))
    turns = stage.placed().turns(dataflow)
    if stage.orders:
        programs += _rotated(_ordered(stage.orders, dataflow, left), turns)
        left = without(left, _crossbars_of(programs))
    return programs + (_rotated(_due(stage, dataflow, left), turns) if left else [])


def _rotated(programs: list[CrossbarProgram], turns: Mapping[str, Turns]) -> list[CrossbarProgram]:
    """Programs in which each tile begins with the window that its turns say, and goes round."""
    if not any(each.rotates for each in turns.values()):
        return programs
    found = []
    for program in programs:
        counts = np.bincount(program.bursts, minlength=len(program.nodes))
        starts = np.stack(
            [
                turns[node.name].first(int(count))[tiles % turns[node.name].parts]
                for node, count, tiles in zip(program.nodes, counts, program.tiles, strict=True)
            ]
        )
        _, numbers = distinct_rows(starts.T)
        for number in range(int(numbers.max()) + 1):
            own = np.flatnonzero(numbers == number)
            first = starts[:, own[0]]
            windows = (program.windows + first[program.bursts]) % counts[program.bursts]
            alike = {"crossbars": program.crossbars[own], "tiles": program.tiles[:, own]}
            found.append(replace(program, windows=windows, **alike))
    return found


def _crossbars_of(programs: list[CrossbarProgram]) -> Ints:
    """The crossbars that run some programs."""
    return np.concatenate([np.empty(0, np.int64), *(p.crossbars for p in programs)])


def _ordered(
    orders: Sequence[OrderOp], dataflow: Dataflow, places: dict[str, Placement]
) -> list[CrossbarProgram]:
    """The programs of crossbars whose order is written out."""
    located = LocatedCrossbars.of(program_classes(dataflow, places))
    programs = []
    for op in orders:
        members = located.members(op.crossbars.data.to_array())
        assert members is not None
        programs.append(_program(members, op.tiles))
    return programs


def _written_out(
    stream: StreamOp, dataflow: Dataflow, held: dict[str, HeldTiles]
) -> CrossbarProgram:
    """The program that a stream writes out."""
    crossbars = stream.crossbars.data.to_array()
    bursts, windows, known = [], [], 0
    for op in stream.body.block.ops:
        own = op.bursts if isinstance(op, InterleaveOp) else [op]
        visited = [burst.windows.data.to_array() for burst in own if isinstance(burst, MvmOp)]
        turns = np.repeat(np.arange(len(visited)), list(map(len, visited)))
        in_order = np.concatenate(visited)
        if isinstance(op, InterleaveOp):
            turns = op.by.data.to_array()
            in_order = in_order[np.argsort(np.argsort(turns, kind="stable"))]
        bursts.append(known + turns)
        windows.append(in_order)
        known += len(visited)
    names = [burst.layer.string_value() for burst in stream.bursts]
    ordinals = [burst.ordinal for burst in stream.bursts]
    tiles = [held[name].at(crossbars, n) for name, n in zip(names, ordinals, strict=True)]
    return CrossbarProgram(
        crossbars=crossbars,
        nodes=tuple(dataflow.by_name[name] for name in names),
        ordinals=tuple(ordinals),
        tiles=np.stack(tiles),
        bursts=np.concatenate(bursts),
        windows=np.concatenate(windows),
        activations=tuple(_activations(burst) for burst in stream.bursts),
    )


def _activations(burst: MvmOp) -> tuple[Activation, ...] | None:
    """The operations of a burst, if they are spelled out."""
    if burst.operations is None:
        return None
    parts = ((op.rows, op.columns, op.bits) for op in burst.operations)
    return tuple(Activation(*(part.data.to_array() for part in three)) for three in parts)


def _due(
    stage: OuStageOp, dataflow: Dataflow, places: dict[str, Placement]
) -> list[CrossbarProgram]:
    """The programs of crossbars that visit the tiles at `places` in the order of due times."""
    dues = {}
    for op in stage.of_type(DueOp):
        name = op.layer.string_value()
        node = dataflow.by_name[name]
        assert node.layer is not None and node.grid is not None
        dues[name] = op.due(node.layer, node.grid)
    return due_programs_of(dataflow, places, dues)


def due_programs_of(
    dataflow: Dataflow, places: dict[str, Placement], dues: Mapping[str, Due]
) -> list[CrossbarProgram]:
    """The programs of crossbars with tiles at `places` whose windows are due at given times."""
    found = due_programs(program_classes(dataflow, places), dues)
    assert found is not None
    return [_program(members, order) for members, order in found]


def _program(members: ProgramClass, order: Ints) -> CrossbarProgram:
    """The program of crossbars of a class that visit their tiles in an order."""
    return CrossbarProgram(
        crossbars=members.crossbars,
        nodes=members.nodes,
        ordinals=members.ordinals,
        tiles=members.tiles,
        bursts=order,
        windows=_windows_in_turn(order),
        activations=(None,) * len(members.nodes),
    )


def _windows_in_turn(bursts: Ints) -> Ints:
    """The window of each visit if the windows of each burst are in ascending order."""
    by_burst = np.argsort(bursts, kind="stable")
    ordered = bursts[by_burst]
    first = first_of_equals(ordered)
    windows = np.empty(len(bursts), np.int64)
    counts = np.diff(np.append(first, len(bursts)))
    windows[by_burst] = np.arange(len(bursts)) - np.repeat(first, counts)
    return windows


def stream_of(program: CrossbarProgram) -> StreamOp:
    """The stream that writes a program out, whose operations are not spelled out.

    Bursts that are visited one after the other stand one after the other, others in an interleave.
    """
    starts = first_of_equals(program.bursts)
    in_turn = program.bursts[starts].tolist()
    bursts = [
        MvmOp(
            SymbolRefAttr(node.name),
            IndexSequence.of(program.windows[program.bursts == number]),
            tile=program.ordinals[number],
        )
        for number, node in enumerate(program.nodes)
    ]
    crossbars = IndexSequence.of(program.crossbars)
    if len(in_turn) == len(bursts):
        return StreamOp(crossbars, [bursts[number] for number in in_turn])
    return StreamOp(crossbars, [InterleaveOp(IndexSequence.of(program.bursts), bursts)])
