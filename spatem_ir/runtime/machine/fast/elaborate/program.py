"""From the IR of level `ou` to the arrays that the fast engine executes.

It says the same as :mod:`spatem_ir.runtime.machine.reference.program`, but what is regular is not
written out: visits are named by bursts, and what follows from a visit is computed when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import Dataflow, NodeKind
from spatem_ir.geometry.network.turns import Turns
from spatem_ir.geometry.network.waits import Wait, input_portions, input_queues
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.machine.fast.elaborate.inputs import Inputs, inputs_of, waits_of
from spatem_ir.runtime.machine.fast.elaborate.layers import layers_of
from spatem_ir.runtime.machine.fast.elaborate.queues import NO_QUEUES, Queues, queues_of
from spatem_ir.runtime.machine.fast.elaborate.readers import ReadRows, slots_of
from spatem_ir.runtime.machine.fast.elaborate.rows import KnownRows, Rows
from spatem_ir.runtime.machine.fast.elaborate.streams import streams_of
from spatem_ir.runtime.machine.fast.elaborate.trees import trees_of, ways_of_sums
from spatem_ir.runtime.machine.fast.records import (
    ACTIVATE_TASK,
    OUTPUT_TASK,
    PIECE,
    POOL_TASK,
    SLOT,
    TASK,
    Int32s,
    Int64s,
    Records,
)
from spatem_ir.runtime.machine.fast.rules.events import kept
from spatem_ir.runtime.machine.fast.tables import Tables
from spatem_ir.runtime.machine.reference.program import only_stage

TASK_KINDS = {
    NodeKind.ACTIVATE: ACTIVATE_TASK,
    NodeKind.POOL: POOL_TASK,
    NodeKind.OUTPUT: OUTPUT_TASK,
}


@dataclass
class FastProgram:
    """A stage of the deployment, ready for the fast engine.

    Attributes:
        crossbars: records of the crossbars before anything ran, by ascending number.
        order: their numbers in the order of the streams.
        slot_reads: how many instances of operands and tasks read each slot.
        instance_reads: how many visits read each instance of an operand.
        meetings: counters of contributions that meet in CUs and PEs.
        watched_positions, watched_slices: of the nodes for which others wait, in order.
        turns: in which order tiles own the results of layers (R13), by name; linear if not given.
    """

    accelerator: Accelerator
    dataflow: Dataflow
    tables: Tables
    crossbars: Records
    order: Int64s
    slot_reads: Int32s
    instance_reads: Int32s
    meetings: int
    watched_positions: Int64s
    watched_slices: Int32s
    turns: Mapping[str, Turns] = field(default_factory=dict)

    @cached_property
    def queues(self) -> Queues:
        """What crossbars choose from (R11)."""
        return queues_of(self.tables, self.crossbars)

    @cached_property
    def kind(self) -> KindTables | None:
        """What only the rules of a kind of components need: `kind_tables` of its own ones."""
        rules = self.rules
        return None if rules is None else import_module(f"{rules}.fast").kind_tables(self)

    @property
    def rules(self) -> str | None:
        """The package of the kind of compute units or accumulation that has rules of its own."""
        components = self.accelerator.components
        return components.compute_unit.rules or components.accumulation.rules

    @property
    def operations(self) -> dict[str, int]:
        """OU operations of one image by layer name."""
        tables = self.tables
        counts = np.zeros(len(self.dataflow.nodes), np.int64)
        _count_operations(tables, self.crossbars, counts)
        return {node.name: int(counts[node.number]) for node in self.dataflow.layers}

    @property
    def visits(self) -> int:
        """How many visits all crossbars make for one image."""
        return int(self.crossbars.visits.sum())


class KindTables(Protocol):
    """What a kind of compute units with rules of its own adds to a program.

    Its class's state has rules in `kind_rules.RULES`.
    """

    @property
    def tables(self) -> tuple[Any, ...]:
        """Tables, a named tuple of arrays."""
        ...

    def state(self, images: int) -> Any:
        """What nothing has happened to yet: a named tuple like :class:`EachCrossbar`."""
        ...


@kept
def _count_operations(tables, crossbars, counts):
    """Add up the OU operations of all visits by node."""
    for core in crossbars:
        for entry in range(core.first, core.first + core.visits):
            burst = tables.bursts[tables.sequence[entry].burst]
            tile = tables.tiles[tables.burst_tiles[burst.first + core.column]]
            counts[tile.node] += burst.operations if burst.operations > 0 else tile.operations


def fast_program_of(module: ModuleOp) -> FastProgram:
    """The program of a verified module at level `ou`.

    Raises:
        SpatemError: the module has no `ou.stage`, or more than one.
    """
    return elaborated_module(module)[1]


def elaborated_module(
    module: ModuleOp, known: KnownRows | None = None, alike: FastProgram | None = None
) -> tuple[list[CrossbarProgram], FastProgram]:
    """The programs of all crossbars of a verified module at level `ou`, and what they make.

    `known` is that of :func:`elaborated`.  A program that is `alike` has the same tiles, places and
    homes: all is taken from it but the order of visits and the waits.

    Raises:
        SpatemError: the module has no `ou.stage`, or more than one.
    """
    stage, dataflow = only_stage(module), dataflow_of(module)
    programs = programs_of(stage, dataflow)
    waits = [op.wait(dataflow) for op in stage.waits]
    if alike is not None:
        return programs, reordered(alike, programs, waits)
    program = elaborated(
        dataflow,
        accelerator_of(module),
        homes=stage.placed().homes(dataflow),
        programs=programs,
        merges=stage.merges,
        waits=waits,
        known=known,
        turns=stage.placed().turns(dataflow),
    )
    return programs, program


def elaborated(
    dataflow: Dataflow,
    accelerator: Accelerator,
    *,
    homes: Mapping[int, Int64s],
    programs: Sequence[CrossbarProgram],
    merges: Mapping[str, tuple[str, ...]],
    waits: Sequence[Wait],
    known: KnownRows | None = None,
    turns: Mapping[str, Turns] | None = None,
) -> FastProgram:
    """The program of a deployment that is valid, without any IR.

    Args:
        dataflow: the network, whose layers are cut.
        accelerator: what it is deployed on.
        homes: PE of each piece [slices, positions], by number of the node.
        programs: those of all crossbars that hold tiles.
        merges: where partial sums of each layer are merged, by its name.
        waits: what waits for what, for the sake of the buffers.
        known: tables of other deployments of the network, which are used again and added to.
        turns: in which order tiles own the results of layers (R13), by name; linear if not given.
    """
    builder = _TableBuilder(dataflow, accelerator, homes, waits, known or KnownRows())
    return replace(builder.build(programs, merges), turns=turns or {})


def reordered(
    program: FastProgram, programs: Sequence[CrossbarProgram], waits: Sequence[Wait]
) -> FastProgram:
    """A program whose crossbars visit the same tiles in other orders, with other waits."""
    dataflow, accelerator, tables = program.dataflow, program.accelerator, program.tables
    streams = streams_of(programs, first_tiles_of(dataflow), accelerator)
    waiting = waits_of(dataflow, waits)
    inputs = inputs_on(dataflow, accelerator, tables.pieces, waits)
    ordered = tables._replace(
        inputs=inputs.inputs,
        portions=inputs.portions,
        queues=inputs.queues,
        nodes=waiting.nodes,
        waits=waiting.waits,
        until=waiting.until,
        sequence=streams.sequence,
        bursts=streams.bursts,
        burst_tiles=streams.burst_tiles,
    )
    return replace(
        program,
        tables=ordered,
        crossbars=streams.crossbars,
        order=streams.order,
        watched_positions=waiting.watched_positions,
        watched_slices=waiting.watched_slices,
    )


def first_tiles_of(dataflow: Dataflow) -> dict[str, int]:
    """The number of each layer's first tile, over all layers; entry "" counts them."""
    first_tiles, tiles = {}, 0
    for node in dataflow.layers:
        assert node.layer is not None and node.grid is not None
        first_tiles[node.name] = tiles
        tiles += node.grid.tiles(node.layer)
    return {**first_tiles, "": tiles}


def inputs_on(
    dataflow: Dataflow, accelerator: Accelerator, pieces: Records, waits: Sequence[Wait]
) -> Inputs:
    """R9: the pieces of an image in the order in which they enter, and when each is there."""
    first = dataflow.first_pieces
    spans = [np.arange(first[n.number], first[n.number + 1]) for n in dataflow.inputs]
    return inputs_of(
        np.concatenate(spans),
        pieces,
        input_portions(dataflow, waits),
        input_queues(dataflow),
        np.repeat([n.external for n in dataflow.inputs], [len(span) for span in spans]).astype(int),
        accelerator.components,
    )


class _TableBuilder:
    """Writes the tables of a program one after the other."""

    def __init__(
        self,
        dataflow: Dataflow,
        accelerator: Accelerator,
        homes: Mapping[int, Int64s],
        waits: Sequence[Wait],
        known: KnownRows,
    ):
        self.accelerator = accelerator
        self.dataflow = dataflow
        self.waits = waits
        self.known = known
        self.holder = accelerator.components.memory.holder
        self.homes = np.concatenate([homes[node.number].reshape(-1) for node in dataflow.nodes])
        self.pieces = pieces_of(self.dataflow, homes)
        self.pieces.home = self.holder(self.homes)

    def build(
        self, programs: Sequence[CrossbarProgram], merges: Mapping[str, tuple[str, ...]]
    ) -> FastProgram:
        """All tables."""
        first_tiles = first_tiles_of(self.dataflow)
        streams = streams_of(programs, first_tiles, self.accelerator)
        layers = layers_of(
            self.dataflow,
            self.accelerator,
            merges,
            first_tiles,
            streams.crossbar_of_tile,
            self.known,
        )
        tasks, task_rows = self.tasks()
        rows = [*layers.rows, *task_rows]
        row_first = firsts([each.counts for each in rows])
        row_pieces = np.concatenate([each.pieces for each in rows])
        once = np.ones(len(tasks), np.int64)
        reading = layers.first_row + np.arange(len(tasks))
        task_reads = ReadRows(self.holder(tasks.pe), reading, once, once)
        reads = [*layers.instances, task_reads]
        slots = slots_of(reads, row_first, row_pieces, len(self.pieces))
        self.pieces.ordinal = layers.ordinals
        positions = np.concatenate(layers.positions).astype(np.int32)
        ways = ways_of_sums(layers, positions, self.pieces, self.accelerator.pes)
        trees = trees_of(slots, self.pieces, ways, self.accelerator.components.interconnect)
        slot_records = np.empty(len(slots.pes), SLOT).view(np.recarray)
        slot_records.pe, slot_records.bytes = slots.pes, self.pieces.bytes[slots.pieces]
        waits = waits_of(self.dataflow, self.waits)
        inputs = inputs_on(self.dataflow, self.accelerator, self.pieces, self.waits)
        units = range(self.accelerator.pes * self.accelerator.cus_per_pe + 1)
        tables = Tables(
            tiles=layers.tiles,
            tasks=tasks,
            pieces=self.pieces,
            inputs=inputs.inputs,
            portions=inputs.portions,
            queues=inputs.queues,
            nodes=waits.nodes,
            waits=waits.waits,
            until=waits.until,
            sequence=streams.sequence,
            bursts=streams.bursts,
            burst_tiles=streams.burst_tiles,
            burst_queues=NO_QUEUES.burst_queues,
            tile_visits=NO_QUEUES.tile_visits,
            cu_crossbars=np.searchsorted(streams.crossbars.cu, units).astype(np.int32),
            positions=positions,
            read_first=slots.read_first,
            read_slots=slots.read_slots,
            slots=slot_records,
            piece_slots=slots.piece_slots,
            sendings=trees.sendings,
            trees=trees.trees,
            links=trees.links,
            ways=trees.ways,
            routes=trees.routes,
        )
        instance_reads = [np.repeat(entry.reads, entry.counts) for entry in layers.instances]
        return FastProgram(
            accelerator=self.accelerator,
            dataflow=self.dataflow,
            tables=tables,
            crossbars=streams.crossbars,
            order=streams.order,
            slot_reads=slots.reads,
            instance_reads=np.concatenate(instance_reads).astype(np.int32),
            meetings=layers.meetings,
            watched_positions=waits.watched_positions,
            watched_slices=waits.watched_slices,
        )

    def tasks(self) -> tuple[Records, list[Rows]]:
        """The digital operators and outputs, piece by piece, and the pieces that they read."""
        records, rows = [np.zeros(0, TASK)], []
        for node in self.dataflow.nodes:
            if node.kind not in TASK_KINDS:
                continue
            read = self.known.of_digital(self.dataflow, node)
            tasks = np.zeros(node.pieces, TASK)
            tasks["kind"], tasks["node"] = TASK_KINDS[node.kind], node.number
            tasks["position"] = np.tile(np.arange(node.positions), len(node.slices))
            tasks["piece"] = self.dataflow.first_pieces[node.number] + np.arange(node.pieces)
            tasks["pe"] = self.homes[tasks["piece"]]
            tasks["values"], tasks["bytes"] = read.values, read.bytes
            records.append(tasks)
            rows.append(read)
        return np.concatenate(records).view(np.recarray), rows


def pieces_of(dataflow: Dataflow, homes: Mapping[int, Int64s]) -> Records:
    """The records of all pieces, whose home PEs are given by node; ordinals are still 0."""
    pieces = np.zeros(dataflow.first_pieces[-1], PIECE).view(np.recarray)
    for node in dataflow.nodes:
        first = dataflow.first_pieces[node.number]
        span: Records = pieces[first : first + node.pieces]
        span.node = node.number
        span.home = homes[node.number].reshape(-1)
        sizes = [node.piece_bytes(part) for part in range(len(node.slices))]
        span.bytes = np.repeat(sizes, node.positions)
    return pieces


def firsts(counts: Sequence[Int32s | Int64s]) -> Int64s:
    """The first entry of each of several rows of so many entries; a last entry counts all."""
    return np.cumsum(np.concatenate([[0], *counts]), dtype=np.int64)
