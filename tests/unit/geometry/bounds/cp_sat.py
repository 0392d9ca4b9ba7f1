"""The least latency of all places, homes, merges and orders of a partitioned network, by CP-SAT.

A constraint program of the machine (rules R1 to R9) for one or two PEs, whose optimum is proven.
It leaves out what never makes an execution faster: room in registers and buffers, that resources
serve first what was asked for first, more than one packet of partial sums from a PE for a piece.
So every execution is one of its solutions, and what bounds the latency bounds its optimum where the
proof is by what is here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

from ortools.sat.python import cp_model
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.geometry.network.dataflow import Node, NodeKind
from spatem_ir.geometry.shapes.grid import TileCoordinates, operand_bytes, ou_operations
from spatem_ir.hardware.accelerator import Accelerator

HORIZON = 500
"""A latency that all of these networks stay below, digital cycles."""

Literal = Any
"""A Boolean variable of a model, or its negation."""


class Tile(NamedTuple):
    """Where a tile is: a literal for each crossbar, each CU and each PE."""

    crossbars: list[Literal]
    units: list[Literal]
    pes: list[Literal]


def least_latency(module: ModuleOp, machine: Accelerator) -> int:
    """The optimum for a network at level mvm: digital cycles."""
    program = _Program(module, machine)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    status = solver.solve(program.model)
    assert status == cp_model.OPTIMAL, solver.status_name(status)
    return round(solver.objective_value)


class _Program:
    """The constraint program: variables and what holds of them, node by node."""

    def __init__(self, module: ModuleOp, machine: Accelerator):
        assert machine.pes <= 2
        self.machine = machine
        self.components = machine.components
        self.dataflow = dataflow_of(module)
        self.model = cp_model.CpModel()
        self.resources: dict[Hashable, list[Any]] = defaultdict(list)
        self.ready: dict[int, Any] = {}
        self.homes: dict[int, list[Literal]] = {}
        self.arrivals: dict[int, list[Any]] = {}
        self.rows_on: dict[int, list[Any]] = defaultdict(list)
        self.latency = self.time()
        self.entered = 0
        for node in self.dataflow.nodes:
            self.add(node)
        for uses in self.resources.values():
            self.model.add_no_overlap(uses)
        for used in self.rows_on.values():
            self.model.add(sum(used) <= machine.crossbar.wordlines)
        self.model.minimize(self.latency)

    def time(self) -> Any:
        return self.model.new_int_var(0, HORIZON, "")

    def one_of(self, count: int) -> list[Literal]:
        """A choice among some, as literals."""
        literals = [self.model.new_bool_var("") for _ in range(count)]
        self.model.add_exactly_one(literals)
        return literals

    def use(self, resource: Hashable, cycles: int, literal: Literal = True) -> tuple[Any, Any]:
        """When something begins and ends for which a resource is taken, if a literal holds."""
        begin, end = self.time(), self.time()
        self.resources[resource].append(
            self.model.new_optional_interval_var(begin, cycles, end, literal, "")
        )
        return begin, end

    def not_before(self, time: Any, other: Any, *literals: Literal) -> None:
        """A time is not before another one if all literals hold."""
        self.model.add(time >= other).only_enforce_if(list(literals))

    # Pieces

    def add_piece(self, node: Node, piece: int) -> int:
        """A piece of a node, which goes to each other PE that may read it; its number."""
        number = self.dataflow.first_pieces[node.number] + piece
        self.ready[number] = self.time()
        self.homes[number] = self.one_of(self.machine.pes)
        size = node.piece_bytes(piece // node.positions)
        interconnect = self.components.interconnect
        cycles, transit = interconnect.packet_cycles(size), interconnect.least_transit(size)
        self.arrivals[number] = [self.time() for _ in self.homes[number]]
        for pe, (arrival, is_home) in enumerate(
            zip(self.arrivals[number], self.homes[number], strict=True)
        ):
            self.not_before(arrival, self.ready[number], is_home)
            if self.machine.pes > 1:
                sent = self.model.new_bool_var("")
                begin, _ = self.use(("link", pe), cycles, sent)
                self.not_before(begin, self.ready[number], sent)
                self.not_before(arrival, begin + transit, sent)
                absent = self.model.add(arrival == HORIZON)
                absent.only_enforce_if([~is_home, ~sent])
        return number

    def read(self, time: Any, pieces: Iterable[int], pe: int, literal: Literal) -> None:
        """Pieces are in the buffer of a PE by some time if a literal holds."""
        for piece in pieces:
            self.not_before(time, self.arrivals[piece][pe], literal)

    # Nodes

    def add(self, node: Node) -> None:
        """The pieces of the next node and the work for them."""
        pieces = [self.add_piece(node, piece) for piece in range(node.pieces)]
        port = self.components.port
        match node.kind:
            case NodeKind.INPUT:
                for piece in pieces:
                    self.entered += node.piece_bytes(0)
                    self.model.add(self.homes[piece][0] == 1)
                    self.model.add(self.ready[piece] == port.cycles(self.entered))
                self.resources["port"].append(
                    self.model.new_fixed_size_interval_var(0, port.cycles(self.entered), "")
                )
            case NodeKind.LAYER:
                self.add_layer(node, pieces)
            case NodeKind.OUTPUT:
                for piece, read in zip(pieces, self.pieces_read(node), strict=True):
                    size = node.piece_bytes((piece - pieces[0]) // node.positions)
                    begin, end = self.use("port", port.cycles(size))
                    self.read(begin, read, 0, True)
                    self.model.add(self.latency >= end)
            case _:
                pooling = node.kind is NodeKind.POOL
                for piece, read, values in zip(
                    pieces, self.pieces_read(node), self.values_read(node), strict=True
                ):
                    cycles = self.components.digital.cycles(values, pooling=pooling)
                    for pe, is_home in enumerate(self.homes[piece]):
                        begin, end = self.use((node.kind, pe), cycles, is_home)
                        self.read(begin, read, pe, is_home)
                        self.not_before(self.ready[piece], end, is_home)

    def pieces_read(self, node: Node) -> list[set[int]]:
        """The pieces that each piece of a digital operator or output reads."""
        numbers = self.dataflow.operand_pieces(node)
        return [
            {int(numbers[element]) for element in window if element >= 0}
            for part in range(len(node.slices))
            for window in node.operand_windows(part)
        ]

    def values_read(self, node: Node) -> list[int]:
        """The values that each piece of a digital operator reads."""
        return [
            int((window >= 0).sum())
            for part in range(len(node.slices))
            for window in node.operand_windows(part)
        ]

    # Layers

    def add_layer(self, node: Node, pieces: list[int]) -> None:
        """Tiles, visits and fetches of a layer, contributions, and their sums."""
        layer, grid = node.layer, node.grid
        assert layer is not None and grid is not None and layer.matrices == 1
        numbers = self.dataflow.operand_pieces(node)
        elements = layer.operand_elements(0)
        contributions: dict[int, list[tuple[Tile, Any]]] = defaultdict(list)
        fetches: dict[Hashable, Any] = {}
        for number in range(grid.tiles(layer)):
            at = grid.coordinates(number)
            tile = self.add_tile(node, at)
            rows, bits = slice(*grid.row_range(layer, at.row)), grid.bit_range(layer, at.bit)
            for window in grid.copy_windows(layer, at.copy):
                read = {int(numbers[e]) for e in elements[window, rows] if e >= 0}
                size = operand_bytes(rows.stop - rows.start, bits[1] - bits[0])
                begin = self.add_visit(node, at, tile)
                for unit, literal in enumerate(tile.units):
                    key = (node.number, at.row, at.bit, window, unit)
                    if key not in fetches:
                        fetches[key] = self.add_fetch(read, size, unit)
                    present, end = fetches[key]
                    self.model.add_implication(literal, present)
                    self.not_before(begin[0], end, literal)
                piece = pieces[0] + grid.slice_of(layer, 0, at.column) * node.positions + window
                valid = begin[1] + self.components.compute_unit.pipeline_cycles
                contributions[piece].append((tile, valid))
        for piece, own in contributions.items():
            channels = node.slice_channels((piece - pieces[0]) // node.positions)
            self.add_sum(piece, own, channels)

    def add_tile(self, node: Node, at: TileCoordinates[int]) -> Tile:
        layer, grid, machine = node.layer, node.grid, self.machine
        assert layer is not None and grid is not None
        crossbars = self.one_of(machine.crossbars)
        first, last = grid.row_range(layer, at.row)
        for crossbar, literal in enumerate(crossbars):
            self.rows_on[crossbar].append((last - first) * literal)
        units = self.grouped(crossbars, machine.crossbars_per_cu)
        return Tile(crossbars, units, self.grouped(crossbars, machine.crossbars_per_pe))

    def grouped(self, literals: list[Literal], size: int) -> list[Literal]:
        """For each group of neighbours whether one of them holds."""
        groups = []
        for first in range(0, len(literals), size):
            group = self.model.new_bool_var("")
            self.model.add(sum(literals[first : first + size]) == group)
            groups.append(group)
        return groups

    def add_visit(self, node: Node, at: TileCoordinates[int], tile: Tile) -> tuple[Any, Any]:
        """When a visit to a tile begins and ends."""
        layer, grid = node.partitioned
        (r0, r1), (c0, c1), (b0, b1) = (
            grid.row_range(layer, at.row),
            grid.column_range(layer, at.column),
            grid.bit_range(layer, at.bit),
        )
        operations = ou_operations(self.machine, r1 - r0, c1 - c0, layer.weight_bits, b1 - b0)
        cycles = self.components.compute_unit.visit_cycles(operations)
        begin, end = self.time(), self.time()
        for crossbar, literal in enumerate(tile.crossbars):
            self.resources["crossbar", crossbar].append(
                self.model.new_optional_interval_var(begin, cycles, end, literal, "")
            )
        return begin, end

    def add_fetch(self, read: set[int], size: int, unit: int) -> tuple[Literal, Any]:
        """Whether an operand is fetched for a CU, for all of its crossbars, and until when."""
        present = self.model.new_bool_var("")
        pe = unit * self.machine.crossbars_per_cu // self.machine.crossbars_per_pe
        begin, end = self.use(("fetch", pe), self.components.memory.fetch_cycles(size), present)
        self.read(begin, read, pe, present)
        return present, end

    def add_sum(self, piece: int, contributions: list[tuple[Tile, Any]], channels: int) -> None:
        """The sum of the contributions to a piece, and its activation at home.

        Each contribution passes an adder at least if there are several.
        """
        complete = self.time()
        for tile, valid in contributions:
            if len(contributions) > 1:
                self.add_contribution(piece, tile, valid, complete, channels)
            else:
                self.move(valid, complete, tile, piece, channels)
        self.send_sums(piece, [tile for tile, _ in contributions], complete, channels)
        for pe, home in enumerate(self.homes[piece]):
            cycles = self.components.digital.cycles(channels, pooling=False)
            begin, end = self.use((NodeKind.ACTIVATE, pe), cycles, home)
            self.not_before(begin, complete, home)
            self.not_before(self.ready[piece], end, home)

    def send_sums(self, piece: int, tiles: list[Tile], complete: Any, channels: int) -> None:
        """At least a packet of sums leaves each PE that contributes to a piece and is not home."""
        if self.machine.pes == 1:
            return
        size = channels * self.components.accumulation.sum_bytes
        cycles = self.components.interconnect.packet_cycles(size)
        for pe, home in enumerate(self.homes[piece]):
            sent = self.model.new_bool_var("")
            begin, _ = self.use(("link", pe), cycles, sent)
            transit = self.components.interconnect.least_transit(size)
            self.not_before(complete, begin + transit, sent)
            for tile in tiles:
                self.model.add_bool_or([~tile.pes[pe], home, sent])

    def move(self, time: Any, arrival: Any, tile: Tile, piece: int, channels: int) -> None:
        """Sums of a tile's PE arrive at the home of a piece, as a packet if it is another PE."""
        size = channels * self.components.accumulation.sum_bytes
        transit = self.components.interconnect.least_transit(size)
        for here, home in zip(tile.pes, self.homes[piece], strict=True):
            self.not_before(arrival, time, here, home)
            self.not_before(arrival, time + transit, here, ~home)

    def add_contribution(
        self, piece: int, tile: Tile, valid: Any, complete: Any, channels: int
    ) -> None:
        """The first adder that a contribution passes: in its CU, in its PE, or at home."""
        in_cu, in_pe, at_home = self.one_of(3)
        added = self.time()
        self.move(added, complete, tile, piece, channels)
        for unit, here in enumerate(tile.units):
            self.add_at(("cu", unit), "cu", channels, (valid, added), [in_cu, here])
        for pe, here in enumerate(tile.pes):
            self.add_at(("pe", pe), "pe", channels, (valid, added), [in_pe, here])
        arrival = self.time()
        self.move(valid, arrival, tile, piece, channels)
        for pe, home in enumerate(self.homes[piece]):
            self.add_at(("pe", pe), "home", channels, (arrival, complete), [at_home, home])

    def add_at(
        self,
        adders: Hashable,
        place: str,
        channels: int,
        between: tuple[Any, Any],
        literals: list[Literal],
    ) -> None:
        """A contribution occupies the adders of a place between two times if literals hold."""
        adding = self.model.new_bool_var("")
        self.model.add_bool_or([*(~literal for literal in literals), adding])
        begin, end = self.use(adders, self.components.accumulation.cycles(place, channels), adding)
        self.not_before(begin, between[0], adding)
        self.not_before(between[1], end, adding)
