"""From the IR of level `ou` to plain tables that an engine executes.

Nothing is decided here: places, homes, orders and merges are read from the IR, and what follows
from from them (which piece which PE needs) is written out.  Pieces are numbered over the whole
network (see :mod:`spatem_ir.geometry.network.dataflow`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.turns import Turns
from spatem_ir.geometry.network.waits import Wait, by_node, input_portions, input_queues
from spatem_ir.geometry.shapes.equals import first_of_equals
from spatem_ir.geometry.shapes.grid import TileCoordinates
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.support.errors import SpatemError

Key = tuple[int, int]
"""A piece of an image: (image, piece)."""


class VisitOperand(NamedTuple):
    """What a visit reads: the row slice of a window, some of its input bits."""

    node: int
    matrix: int
    window: int
    row: int
    bit: int


class Visit(NamedTuple):
    """One tile, one window: what it reads, how long it works, and to which piece it adds.

    `tile` is the tile's number in its layer, `ordinal` that of the window in the tile's copy.
    """

    tile: int
    ordinal: int
    operand: VisitOperand
    operand_bytes: int
    operations: int
    piece: int


class DigitalTask(NamedTuple):
    """A digital operator (or output) of one piece: inputs, values to process, and its PE.

    The values are the operands' elements that it reads, each once, and `bytes` what they take in
    the buffer, packed; padding is read from nowhere.
    """

    node: int
    piece: int
    pe: int
    inputs: tuple[int, ...]
    values: int
    bytes: int


@dataclass
class Contributors:
    """The crossbars whose partial sums form a piece, one entry per visit, and where they merge."""

    values: int
    places: tuple[str, ...]
    crossbars: list[int] = field(default_factory=list)


@dataclass
class Program:
    """A stage of the deployment, ready to execute.

    Attributes:
        streams: the visits of each crossbar, in order.
        operand_pieces: the pieces that an operand consists of (bits do not matter).
        home: the PE in whose buffer each piece is when it is finished: its home, or that which
            holds all pieces.
        piece_bytes: the bytes of each piece.
        contributors: for each piece of a layer, who adds to it.
        digital: the digital operators and outputs, one task per piece.
        readers: for each piece, how often each PE reads it.
        waits: what positions of a node wait for, by the node's number.
        queues: the pieces of an image in the portions in which they enter, queue by queue.
        turns: in which order tiles own the results of a layer, by the node's number, if they do.
    """

    accelerator: Accelerator
    dataflow: Dataflow
    streams: dict[int, list[Visit]] = field(default_factory=dict)
    operand_pieces: dict[VisitOperand, tuple[int, ...]] = field(default_factory=dict)
    home: list[int] = field(default_factory=list)
    piece_bytes: list[int] = field(default_factory=list)
    contributors: dict[int, Contributors] = field(default_factory=dict)
    digital: list[DigitalTask] = field(default_factory=list)
    readers: dict[int, Counter[int]] = field(default_factory=dict)
    waits: dict[int, list[Wait]] = field(default_factory=dict)
    queues: list[list[list[int]]] = field(default_factory=list)
    turns: dict[int, Turns] = field(default_factory=dict)

    def place(self, piece: int) -> tuple[int, int]:
        """The number of the node of a piece, and its position."""
        node = bisect_right(self.dataflow.first_pieces, piece) - 1
        number = piece - self.dataflow.first_pieces[node]
        return node, number % self.dataflow.nodes[node].positions

    @property
    def visits(self) -> int:
        """How many visits all crossbars make for one image."""
        return sum(map(len, self.streams.values()))

    @property
    def operations(self) -> dict[str, int]:
        """OU operations of one image by layer name."""
        counts = Counter[str]()
        for visit in (visit for visits in self.streams.values() for visit in visits):
            counts[self.dataflow.nodes[visit.operand.node].name] += visit.operations
        return dict(counts)


def program_of(module: ModuleOp) -> Program:
    """The program of a module at level `ou`.

    Raises:
        SpatemError: the module has no `ou.stage`, or more than one.
    """
    return _Elaboration(module, only_stage(module)).build()


def only_stage(module: ModuleOp) -> OuStageOp:
    """The stage of a module at level `ou`.

    Raises:
        SpatemError: the module has no `ou.stage`, or more than one: the machine model has no rule
            for rewriting cells between stages.
    """
    stages = [op for op in module.ops if isinstance(op, OuStageOp)]
    if len(stages) != 1:
        raise SpatemError(
            f"the machine executes one ou.stage, the module holds {len(stages)}; "
            "lower it with the passes partition,pack,assign,order"
        )
    return stages[0]


def visits_of(module: ModuleOp) -> int:
    """The visits of all crossbars of a module at level `ou`: every tile visits all its windows."""
    layers = ((op.layer, op.grid.data) for op in layer_ops(module))
    return sum(grid.tiles_per_copy * grid.matrices(layer) * layer.windows for layer, grid in layers)


class _Elaboration:
    """Writes out a program table by table."""

    def __init__(self, module: ModuleOp, stage: OuStageOp):
        self.stage = stage
        self.program = Program(accelerator_of(module), dataflow_of(module))
        self.dataflow = self.program.dataflow
        self.merges = stage.merges
        self.holder = self.program.accelerator.components.memory.holder
        self.home: list[int] = []
        self.operand_elements: dict[tuple[int, int], NDArray[np.int64]] = {}

    def build(self) -> Program:
        self.read_homes()
        turns = self.stage.placed().turns(self.dataflow)
        self.program.turns = {self.dataflow.by_name[n].number: own for n, own in turns.items()}
        for program in programs_of(self.stage, self.dataflow):
            self.add_program(program)
        self.add_digital_tasks()
        self.add_waits()
        return self.program

    def read_homes(self) -> None:
        homes = self.stage.placed().homes(self.dataflow)
        for node in self.dataflow.nodes:
            own = homes[node.number].reshape(-1)
            self.home += own.tolist()
            self.program.home += self.holder(own).tolist()
            for part in range(len(node.slices)):
                self.program.piece_bytes += [node.piece_bytes(part)] * node.positions

    def add_program(self, program: CrossbarProgram) -> None:
        starts = first_of_equals(program.bursts)
        windows = [part.tolist() for part in np.split(program.windows, starts[1:])]
        for number, crossbar in enumerate(program.crossbars.tolist()):
            visits = self.program.streams.setdefault(crossbar, [])
            for burst, in_turn in zip(program.bursts[starts].tolist(), windows, strict=True):
                spelled_out = program.activations[burst]
                visits += self.visits(
                    program.nodes[burst],
                    int(program.tiles[burst, number]),
                    crossbar,
                    in_turn,
                    None if spelled_out is None else len(spelled_out),
                )

    def visits(
        self,
        node: Node,
        tile: int,
        crossbar: int,
        windows: list[int],
        spelled_out: int | None,
    ) -> Iterator[Visit]:
        """The visits of a crossbar to a tile, for windows counted within its copy's share.

        `spelled_out` is the number of operations of a visit whose body the IR holds.
        """
        layer, grid, accelerator = node.layer, node.grid, self.program.accelerator
        assert layer is not None and grid is not None
        at = grid.coordinates(tile)
        operations = spelled_out or grid.visit_operations(layer, at, accelerator)
        size = grid.operand_bytes(layer, at)
        share = grid.copy_windows(layer, at.copy)
        positions = layer.window_positions(at.matrix)
        part = grid.slice_of(layer, at.matrix, at.column)
        first_piece = self.dataflow.first_pieces[node.number] + part * node.positions
        pe = self.holder(accelerator.address(crossbar).pe)
        for ordinal in windows:
            window = share[ordinal]
            piece = first_piece + int(positions[window])
            operand = VisitOperand(node.number, at.matrix, window, at.row, at.bit)
            self.add_reads(pe, self.pieces(node, at, window))
            self.add_contributor(node, piece, part, crossbar)
            yield Visit(tile, ordinal, operand, size, operations, piece)

    def pieces(self, node: Node, at: TileCoordinates[int], window: int) -> tuple[int, ...]:
        """The pieces of which a tile's operand consists."""
        layer, grid = node.partitioned
        operand = VisitOperand(node.number, at.matrix, window, at.row, 0)
        known = self.program.operand_pieces.get(operand)
        if known is None:
            key = (node.number, at.matrix)
            if key not in self.operand_elements:
                elements = grid.operand_elements(layer, at.matrix)
                pieces = np.append(self.dataflow.operand_pieces(node), -1)
                self.operand_elements[key] = pieces[elements]
            read = np.unique(self.operand_elements[key][window, grid.operand_part(at.row)])
            known = tuple(read[read >= 0].tolist())
            self.program.operand_pieces[operand] = known
        return known

    def add_reads(self, pe: int, pieces: tuple[int, ...]) -> None:
        for piece in pieces:
            self.program.readers.setdefault(piece, Counter())[pe] += 1

    def add_contributor(self, node: Node, piece: int, part: int, crossbar: int) -> None:
        known = self.program.contributors.get(piece)
        if known is None:
            known = Contributors(node.slice_channels(part), self.merges[node.name])
            self.program.contributors[piece] = known
        known.crossbars.append(crossbar)

    def add_waits(self) -> None:
        waits = [op.wait(self.dataflow) for op in self.stage.waits]
        self.program.waits = by_node(waits)
        first = self.dataflow.first_pieces
        entering = [
            piece
            for n in self.dataflow.inputs
            for piece in range(first[n.number], first[n.number + 1])
        ]
        starts = [*input_portions(self.dataflow, waits).tolist(), len(entering)]
        queues = input_queues(self.dataflow).tolist()
        self.program.queues = [[] for _ in range(queues[-1] + 1)]
        for start, stop in pairwise(starts):
            self.program.queues[queues[start]].append(entering[start:stop])

    def add_digital_tasks(self) -> None:
        for node in self.dataflow.nodes:
            if node.kind in (NodeKind.INPUT, NodeKind.LAYER):
                continue
            pieces = np.append(self.dataflow.operand_pieces(node), -1)
            bits = self.dataflow.operand_bits(node)
            first = self.dataflow.first_pieces[node.number]
            for part in range(len(node.slices)):
                elements = node.operand_windows(part)
                values, sizes = (found.tolist() for found in distinct_elements(elements, bits))
                for position in range(node.positions):
                    inside = elements[position][elements[position] >= 0]
                    piece = first + part * node.positions + position
                    inputs = tuple(np.unique(pieces[inside]).tolist())
                    pe = self.home[piece]
                    self.add_reads(self.holder(pe), inputs)
                    self.program.digital.append(
                        DigitalTask(
                            node.number, piece, pe, inputs, values[position], sizes[position]
                        )
                    )


def distinct_elements(
    windows: NDArray[np.int64], bits: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many different elements each row of a table names, and the bytes that these take.

    `bits` is the width of each element; negative entries of the table are padding.
    """
    ordered = np.sort(windows, axis=1)
    is_new = np.diff(ordered, axis=1, prepend=-1) > 0
    counts = is_new.sum(axis=1)
    if (bits == bits[0]).all():
        return counts, -(-counts * bits[0] // 8)
    return counts, -(-(is_new * bits[ordered]).sum(axis=1) // 8)
