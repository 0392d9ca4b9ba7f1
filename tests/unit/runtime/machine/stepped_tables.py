"""What a chip has to do, read from the IR for the stepped simulator, without the engine's tables.

Convolutions, with channel groups, dense layers, digital operators and views.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from unit.runtime.machine.stepped_features import (
    Feature,
    map_shape_of,
    reads,
    seen,
    slices_of,
    under,
)
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import SSAValue

from spatem_ir.dialects.cnn import DigitalOp, FlattenOp, NetworkOp, OutputOp, PoolOp, TransposeOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.dialects.ou import DueOp, InterleaveOp, MergeOp, MvmOp, OrderOp, OuStageOp
from spatem_ir.dialects.pxb import HomeOp, PxbPlaceOp, PxbStageOp
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.hardware.accumulation.accumulation import PLACES
from spatem_ir.operators.concat import ConcatOp
from spatem_ir.operators.gather import GatherOp


class Visit(NamedTuple):
    """A visit: which operand, of how many bytes and pieces, for how long, and what it adds to."""

    operand: tuple[str, int, int, int, int]
    size: int
    reads: frozenset[int]
    cycles: int
    piece: int


class Task(NamedTuple):
    """A pooling, activation or output of a piece at a PE, and how many values that are."""

    unit: str
    pe: int
    piece: int
    reads: frozenset[int]
    values: int


@dataclass
class Tables:
    """Pieces (bytes and homes), streams of visits, sums and tasks.

    `waits` are what nodes wait for, `by_position` the pieces of each position of a node, `at` the
    node and position of each piece.
    """

    size: list[int] = field(default_factory=list)
    home: list[int] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    streams: dict[int, list[Visit]] = field(default_factory=dict)
    values: dict[int, int] = field(default_factory=dict)
    merge: dict[int, tuple[str, ...]] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    waits: dict[str, list[tuple[str, list[int]]]] = field(default_factory=dict)
    by_position: dict[str, list[frozenset[int]]] = field(default_factory=dict)
    at: dict[int, tuple[str, int]] = field(default_factory=dict)


class Reader:
    """Fills the tables, op by op, in network order."""

    def __init__(self, module: ModuleOp):
        self.accelerator = accelerator_of(module)
        self.tables = Tables()
        self.features: dict[SSAValue, Feature] = {}
        self.layers: dict[str, tuple[LayerOp, Feature]] = {}
        (places,) = (op for op in module.ops if isinstance(op, PxbStageOp))
        (stage,) = (op for op in module.ops if isinstance(op, OuStageOp))
        (network,) = (op for op in module.ops if isinstance(op, NetworkOp))
        ops = places.body.block.ops
        self.homes = {op.node.string_value(): op for op in ops if isinstance(op, HomeOp)}
        ops = stage.body.block.ops
        self.merges = {op.layer.string_value(): op for op in ops if isinstance(op, MergeOp)}
        for number, argument in enumerate(network.body.block.args):
            self.features[argument] = self.new(argument, [0], None)
            self.tables.inputs += range(len(self.tables.size))
            self.note_positions(f"input{number or ''}", self.features[argument])
        for op in network.body.block.ops:
            match op:
                case LayerOp():
                    self.layer(op)
                case DigitalOp():
                    self.digital(op)
                case FlattenOp() | TransposeOp() | ConcatOp() | GatherOp():
                    features = [self.features[value] for value in op.operands]
                    self.features[op.output] = seen(op, features)
                case OutputOp():
                    for number, value in enumerate(op.outputs):
                        self.output(value, f"output{number or ''}")
                case _:
                    raise AssertionError(op.name)
        for wait in stage.waits:
            other = (wait.other.string_value(), list(wait.until.data))
            self.tables.waits.setdefault(wait.node.string_value(), []).append(other)
        self.held = self.tiles_by_crossbar(places)
        for stream in stage.streams:
            for crossbar in stream.crossbars.data:
                for op in stream.body.block.ops:
                    for burst, window in in_turn(op):
                        name = burst.layer.string_value()
                        tile = self.held[crossbar][name][burst.tile.value.data]
                        visit = self.visit(name, tile, window)
                        self.tables.streams.setdefault(crossbar, []).append(visit)
        for order in [op for op in ops if isinstance(op, OrderOp)]:
            for crossbar in order.crossbars.data:
                self.tables.streams[crossbar] = self.ordered_visits(crossbar, order)
        dues = {op.layer.string_value(): op for op in ops if isinstance(op, DueOp)}
        for crossbar in sorted(self.held.keys() - self.tables.streams.keys()):
            self.tables.streams[crossbar] = self.due_visits(crossbar, dues)

    def tiles_by_crossbar(self, places: PxbStageOp) -> dict[int, dict[str, list[int]]]:
        """The tiles of each layer on each crossbar, those with the fewest windows first."""
        held: dict[int, dict[str, list[int]]] = {}
        for op in places.body.block.ops:
            if isinstance(op, PxbPlaceOp):
                crossbars = list(op.crossbars.data)
                for number, tile in enumerate(op.tiles.data):
                    own = held.setdefault(crossbars[number % len(crossbars)], {})
                    own.setdefault(op.layer.string_value(), []).append(tile)
        for own in held.values():
            for name, tiles in own.items():
                tiles.sort(key=lambda tile, name=name: (len(self.windows(name, tile)), tile))
        return held

    def windows(self, name: str, tile: int) -> list[int]:
        """The windows of the copy of a tile, in order."""
        op, _ = self.layers[name]
        grid = op.grid.data
        _, rows, columns = map_shape_of(op.output)
        copy = tile // (grid.ib * grid.hwm * grid.wwm) % grid.iw
        if grid.deal is Deal.CYCLIC:
            return list(range(copy, rows * columns, grid.iw))
        share = ceiling(rows * columns, grid.iw)
        return list(range(rows * columns))[copy * share : (copy + 1) * share]

    def ordered_visits(self, crossbar: int, order: OrderOp) -> list[Visit]:
        """The visits of a crossbar whose order is written out."""
        own = self.held[crossbar]
        tiles = [(name, tile) for name in self.layers for tile in own.get(name, [])]
        turns = [0] * len(tiles)
        visits = []
        for number in order.tiles.tolist():
            name, tile = tiles[number]
            visits.append(self.visit(name, tile, turns[number]))
            turns[number] += 1
        return visits

    def due_visits(self, crossbar: int, dues: dict[str, DueOp]) -> list[Visit]:
        """The visits of a crossbar that follows due times."""
        visits = []
        for number, (name, (op, _)) in enumerate(self.layers.items()):
            for ordinal, tile in enumerate(self.held[crossbar].get(name, [])):
                times, by_tile = list(dues[name].times.data), dues[name].by_tile is not None
                grid, (_, rows, columns) = op.grid.data, map_shape_of(op.output)
                matrix = tile // (grid.ib * grid.hwm * grid.wwm) // grid.iw
                due = 0
                for turn, window in enumerate(self.windows(name, tile)):
                    entry = times[(matrix * rows * columns + window) % len(times)]
                    due = entry if turn == 0 else max(due, entry)
                    ties = (ordinal, turn) if by_tile else (turn, ordinal)
                    visits.append((due, number, ties, self.visit(name, tile, turn)))
        return [visit for *_, visit in sorted(visits, key=lambda entry: entry[:3])]

    def new(self, value: SSAValue, slices: list[int], name: str | None) -> Feature:
        """Number the pieces of a value slice by slice, position by position."""
        assert isinstance(value.type, TensorType)
        shape = value.type.get_shape()
        channels, height, width = map_shape_of(value)
        positions, first = height * width, len(self.tables.size)
        pieces = np.empty((channels, positions), np.int64)
        pes = [0] if name is None else list(self.homes[name].pes.data)
        period = len(pes) // len(slices) or 1
        for number, start in enumerate(slices):
            stop = slices[number + 1] if number + 1 < len(slices) else channels
            pieces[start:stop] = first + number * positions + np.arange(positions)
            for position in range(positions):
                self.tables.size.append(-(-(stop - start) * bits_of(value) // 8))
                at = number * period + position % period
                self.tables.home.append(0 if name is None else pes[at])
        numbers = np.arange(channels * positions).reshape(shape)
        feature = Feature(pieces.reshape(shape), numbers, [start * positions for start in slices])
        if name is not None:
            self.note_positions(name, feature)
        return feature

    def note_positions(self, name: str, feature: Feature) -> None:
        """Which pieces are at which position of a node."""
        columns = feature.map.reshape(feature.map.shape[0], -1).T.tolist()
        self.tables.by_position[name] = [frozenset(column) for column in columns]
        for position, column in enumerate(columns):
            self.tables.at.update(dict.fromkeys(column, (name, position)))

    def layer(self, op: LayerOp) -> None:
        name, groups = op.sym_name.data, op.groups.value.data
        per_group = map_shape_of(op.output)[0] // groups
        parts = range(0, per_group, op.grid.data.tile_columns)
        firsts = range(0, groups, op.grid.data.joined)
        slices = [group * per_group + part for group in firsts for part in parts]
        feature = self.features[op.output] = self.new(op.output, slices, name)
        for piece, count in zip(*np.unique(feature.pieces, return_counts=True), strict=True):
            self.tables.values[int(piece)] = int(count)
            merge = self.merges.get(name)
            self.tables.merge[int(piece)] = PLACES if merge is None else merge.places.data
        self.layers[name] = op, feature

    def digital(self, op: DigitalOp) -> None:
        sources = [self.features[value] for value in op.operands]
        given = self.homes[op.sym_name.data].slices
        slices = slices_of(op, sources) if given is None else list(given.data)
        feature = self.new(op.output, slices, op.sym_name.data)
        unit = "pool" if isinstance(op, PoolOp) else "activation"
        pieces = np.concatenate([source.pieces.reshape(-1) for source in sources])
        firsts = np.cumsum([0, *(source.pieces.size for source in sources)])
        elements = [
            first + np.arange(source.pieces.size).reshape(source.map.shape)
            for first, source in zip(firsts, sources, strict=False)
        ]
        read = reads(op, elements)
        for piece in np.unique(feature.pieces).tolist():
            inside = set(read[feature.map == piece].reshape(-1).tolist()) - {-1}
            needed = frozenset(int(pieces[element]) for element in inside)
            home = self.tables.home[piece]
            self.tables.tasks.append(Task(unit, home, piece, needed, len(inside)))
        self.features[op.output] = feature

    def output(self, value: SSAValue, name: str) -> None:
        source = self.features[value]
        feature = self.new(value, source.slices, None)
        self.note_positions(name, feature)
        for piece in np.unique(feature.pieces).tolist():
            inside = source.pieces[feature.pieces == piece]
            self.tables.tasks.append(
                Task("port", 0, piece, frozenset(inside.tolist()), inside.size)
            )

    def visit(self, name: str, tile: int, ordinal: int) -> Visit:
        """The visit of a layer's tile for a window, counted in the order of its copy."""
        op, feature = self.layers[name]
        grid, ou = op.grid.data, self.accelerator.ou
        rest, bit = divmod(tile, grid.ib)
        rest, row = divmod(rest, grid.hwm)
        rest, column = divmod(rest, grid.wwm)
        group = rest // grid.iw * grid.joined
        joined = min(grid.joined, op.groups.value.data - group)
        channels, height, width = map_shape_of(op.input)
        features, _, columns_out = map_shape_of(op.output)
        per_group = channels // op.groups.value.data
        window = self.windows(name, tile)[ordinal]
        y, x = divmod(window, columns_out)
        operand = self.features[op.input].pieces.reshape(channels, height, width)
        operand = operand[group * per_group : (group + joined) * per_group]
        matrix_rows = under(op.window.data, y, x, operand).reshape(-1)
        size = grid.joined * grid.tile_rows
        chosen = matrix_rows[row * size : (row + 1) * size]
        per_part = -(-bits_of(op.input) // grid.ib)
        bits = min(per_part, bits_of(op.input) - bit * per_part)
        of_group = features // op.groups.value.data
        first = group * of_group + column * grid.tile_columns
        weights = min(grid.tile_columns, of_group - column * grid.tile_columns)
        cells = weights * -(
            -op.weight_element.width.data // self.accelerator.crossbar.bits_per_cell
        )
        of_matrix = ceiling(len(chosen) // joined, ou.wordlines) * ceiling(cells, ou.bitlines)
        return Visit(
            operand=(op.sym_name.data, group, window, row, bit),
            size=ceiling(len(chosen) * bits, 8),
            reads=frozenset(chosen[chosen >= 0].tolist()),
            cycles=joined * of_matrix * ceiling(bits, ou.dac_bits) * ou.cycles,
            piece=int(feature.map[first, y, x]),
        )


def in_turn(op: object) -> list[tuple[MvmOp, int]]:
    """The visits of an op of a stream: bursts and windows, in order."""
    if isinstance(op, MvmOp):
        return [(op, window) for window in op.windows.data]
    assert isinstance(op, InterleaveOp)
    left = [list(burst.windows.data) for burst in op.bursts]
    return [(op.bursts[number], left[number].pop(0)) for number in op.by.data]


def ceiling(a: int, b: int) -> int:
    """⌈a / b⌉."""
    return -(-a // b)


def bits_of(value: SSAValue) -> int:
    """Bits of an activation."""
    code = quantization_of(value.type)
    assert code is not None
    return code.bits
