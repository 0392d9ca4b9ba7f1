"""What a stage of level `ou` promises: every visit once, on the crossbar that holds the tile."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou.streams import ActivateOp, MvmOp, StreamOp
from spatem_ir.geometry.network.core_program import (
    CoreInstruction,
    CoreStep,
    core_instructions,
)
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.held_tiles import HeldTiles
from spatem_ir.geometry.scheduling.sequencing import LocatedCrossbars, program_classes
from spatem_ir.geometry.shapes.placement import without

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xdsl.ir import Operation

    from spatem_ir.dialects.ou.due import DueOp
    from spatem_ir.dialects.ou.merging import MergeOp
    from spatem_ir.dialects.ou.orders import OrderOp
    from spatem_ir.dialects.ou.waits import WaitOp
    from spatem_ir.geometry.network.turns import Turns
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.index_sequence import IndexSequence
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator


class StageVerifier:
    """Checks the ops of an `ou.stage` against the network and the places of its `pxb.stage`.

    Raises:
        VerifyException: naming the op, layer, tile and window that break a rule.
    """

    def __init__(
        self,
        stage: Operation,
        dataflow: Dataflow,
        places: dict[str, Placement],
        turns: dict[str, Turns],
    ):
        self.stage = stage
        self.turns = turns
        self.dataflow = dataflow
        self.places = places
        self.accelerator = accelerator_of(stage)
        self.streamed = np.empty(0, np.int64)

    def verify_streams(self, streams: Sequence[StreamOp]) -> None:
        """Check that each tile on a crossbar with a stream visits each of its windows once."""
        members = [stream.crossbars.data.to_array() for stream in streams]
        self.streamed = np.concatenate([self.streamed, *members])
        self._verify_crossbars_once(streams, members)
        held = {
            name: HeldTiles(self.dataflow.by_name[name], placed)
            for name, placed in self.places.items()
        }
        visits: dict[str, list[WindowRanges]] = {name: [] for name in self.places}
        for stream, crossbars in zip(streams, members, strict=True):
            for burst in stream.bursts:
                name = burst.layer.string_value()
                if name not in held:
                    fail(burst, "names a layer of which the stage places no tile")
                self._verify_windows(burst)
                tiles = self._visited_tiles(burst, crossbars, held[name])
                visits[name].append(WindowRanges.of(tiles, burst.windows.data))
                self._verify_operations(burst, self.dataflow.by_name[name], int(tiles[0]))
                self._verify_core(burst, self.dataflow.by_name[name], int(tiles[0]))
        for name in self.places:
            self._verify_visits_once(name, WindowRanges.joined(visits[name]))

    def _verify_crossbars_once(
        self, streams: Sequence[StreamOp], members: list[NDArray[np.int64]]
    ) -> None:
        numbers = self.streamed
        _, first = np.unique(numbers, return_index=True)
        if len(first) == len(numbers):
            return
        again = np.delete(np.arange(len(numbers)), first)
        of_stream = np.repeat(np.arange(len(streams)), [len(own) for own in members])
        stream = of_stream[again[0]]
        crossbar = numbers[again[of_stream[again] == stream]].min()
        fail(streams[int(stream)], f"crossbar {crossbar} has two programs")

    def _verify_windows(self, burst: MvmOp) -> None:
        node, windows = self.dataflow.by_name[burst.layer.string_value()], burst.windows.data
        assert node.layer is not None and node.grid is not None
        most = node.grid.windows_per_copy(node.layer)
        if windows.minimum < 0 or windows.maximum >= most:
            fail(burst, f"visits a window that does not exist; there are {most}")

    def _visited_tiles(
        self, burst: MvmOp, crossbars: NDArray[np.int64], held: HeldTiles
    ) -> NDArray[np.int64]:
        """The tile that each crossbar of a stream visits in a burst."""
        counts = held.counts(crossbars)
        lacking = counts <= burst.ordinal
        if lacking.any():
            crossbar, count = crossbars[lacking][0], counts[lacking][0]
            holds = "no tile" if count == 0 else f"{count} tile{'' if count == 1 else 's'}"
            there = f", so that there is no tile {burst.ordinal}" if count else ""
            fail(burst, f"crossbar {crossbar} holds {holds} of the layer{there}")
        return held.at(crossbars, burst.ordinal)

    def _verify_visits_once(self, name: str, visits: WindowRanges) -> None:
        """Check the visits of the layer's tiles that sit on crossbars with streams."""
        node, placed = self.dataflow.by_name[name], self.places[name]
        assert node.layer is not None and node.grid is not None
        limits = window_counts(node.layer, node.grid)
        tiles = placed.tiles[np.isin(placed.crossbars, self.streamed)]
        tile = visits.first_wrong_tile(tiles, limits[tiles])
        if tile is None:
            return
        limit = int(limits[tile])
        times = visits.times(tile, node.grid.windows_per_copy(node.layer))
        window = int(np.argmax(times != (np.arange(len(times)) < limit)))
        if window >= limit:
            fail(self.stage, f"tile {tile} of @{name} has no window {window}")
        fail(self.stage, f"tile {tile} of @{name} visits its window {window} {times[window]} times")

    def verify_orders(self, orders: Sequence[OrderOp]) -> None:
        """Check that each tile on a crossbar with an order is visited once for each window."""
        if not orders:
            return
        left = without(self.places, self.streamed)
        located = LocatedCrossbars.of(program_classes(self.dataflow, left)) if left else None
        programmed = set(self.streamed.tolist())
        for op in orders:
            crossbars = op.crossbars.data.to_array()
            known = len(programmed)
            programmed.update(crossbars.tolist())
            if len(programmed) < known + len(crossbars):
                fail(op, "names a crossbar that has a program already")
            members = None if located is None else located.members(crossbars)
            if members is None:
                fail(op, "names crossbars without tiles, or with tiles of different kinds")
            counts = np.bincount(op.tiles, minlength=len(members.nodes))
            if len(counts) > len(members.nodes):
                fail(op, f"visits tile {len(counts) - 1}; there are {len(members.nodes)}")
            for tile in np.flatnonzero(counts != members.windows)[:1].tolist():
                fail(
                    op,
                    f"visits tile {tile}, of @{members.nodes[tile].name}, {counts[tile]} times; it "
                    f"has {members.windows[tile]} windows",
                )
        self.streamed = np.array(sorted(programmed), np.int64)

    def verify_dues(self, dues: Sequence[DueOp]) -> None:
        """Check that every layer with tiles on crossbars without a stream says when it is due."""
        named = verify_dues(dues, self.dataflow)
        for name, placed in self.places.items():
            follows = ~np.isin(placed.crossbars, self.streamed)
            if name not in named and follows.any():
                tile, crossbar = placed.tiles[follows][0], placed.crossbars[follows][0]
                fail(
                    self.stage,
                    f"nothing says when tile {tile} of @{name} is visited: no ou.due names the "
                    f"layer, no ou.stream its crossbar {crossbar}",
                )

    def verify_merges(self, merges: Sequence[MergeOp]) -> None:
        """Check that merges name layers, each once, and places that the accelerator has."""
        named: set[str] = set()
        places = accelerator_of(self.stage).components.accumulation.places
        for op in merges:
            name = op.layer.string_value()
            node = self.dataflow.by_name.get(name)
            if node is None or node.kind is not NodeKind.LAYER:
                fail(op, "names no layer of the network")
            if name in named:
                fail(op, "is the second ou.merge of its layer")
            missing = [place for place in op.places.data if place not in places]
            if missing:
                known = ", ".join(places)
                fail(op, f"names the place {missing[0]}; the accelerator adds in {known}")
            named.add(name)

    def verify_loads(self, waits: Sequence[WaitOp]) -> None:
        """Check that what comes back waits until it has left."""
        until = {
            (op.node.string_value(), op.other.string_value()): op.until.data.to_array()
            for op in waits
        }
        for node in self.dataflow.inputs:
            if node.store is None:
                continue
            store = self.dataflow.nodes[node.store].name
            counts = until.get((node.name, store), np.zeros(node.positions, np.int64))
            early = np.flatnonzero(counts < np.arange(node.positions) + 1)
            if len(early):
                fail(
                    self.stage,
                    f"position {early[0]} of @{node.name} can come back before it has left: let it "
                    f"wait for {early[0] + 1} positions of @{store}",
                )

    def _verify_operations(self, burst: MvmOp, node: Node, tile: int) -> None:
        """Check that the body of a visit, if it has one, covers the tile's cells and bits once."""
        operations = burst.operations
        if operations is None:
            return
        assert node.layer is not None and node.grid is not None
        at = node.grid.coordinates(tile)
        rows, columns = node.grid.extents(node.layer, at)
        columns *= self.accelerator.cells_per_weight(node.layer.weight_bits)
        first_bit, last_bit = node.grid.bit_range(node.layer, at.bit)
        covered = np.zeros((last_bit, rows, columns), np.int32)
        for operation in operations:
            _cover(burst, operation, covered, self.accelerator)
            if len(np.unique(operation.rows.data.to_array() // node.layer.rows)) > 1:
                fail(burst, "activates rows of several matrices at once: their sums would mix")
        if (covered[first_bit:] != 1).any() or covered[:first_bit].any():
            fail(burst, "its operations do not cover the tile's cells and bits exactly once")

    def _verify_core(self, burst: MvmOp, node: Node, tile: int) -> None:
        """Check that what a visit's body says of its core, if anything, is what turns (R13) ask."""
        found = burst.core_program
        if all(own.step is CoreStep.MVM for own in found):
            return
        expected = [CoreInstruction(CoreStep.MVM)]
        if self.turns:
            crossbars = self.places[node.name].crossbars
            window = int(burst.windows.data.minimum)
            turns = self.turns[node.name]
            expected = core_instructions(node, tile, window, turns, crossbars, self.accelerator)
        for number, (own, right) in enumerate(zip_longest(found, expected), start=1):
            if own != right:
                fail(
                    burst,
                    f"step {number} of the core is {_step_text(own)}; by its turn it must be "
                    f"{_step_text(right)}",
                )


def _step_text(step: CoreInstruction | None) -> str:
    """A step of a core as it is written."""
    if step is None:
        return "nothing"
    return "the MVM" if step.step is CoreStep.MVM else f"{step.step} {step.number}"


def window_counts(layer: Layer, grid: Grid) -> NDArray[np.int64]:
    """The number of windows dealt to each tile: shape [tiles]."""
    return np.tile(np.repeat(grid.window_counts(layer), grid.tiles_per_copy), grid.matrices(layer))


class WindowRanges(NamedTuple):
    """Visits to tiles of a layer: each of a tile to the windows [start, stop), in parallel arrays.

    The same windows may be visited several times.
    """

    tiles: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]

    @staticmethod
    def of(tiles: NDArray[np.int64], windows: IndexSequence) -> WindowRanges:
        """Every tile visits every window of a burst."""
        if windows.is_range:
            first, last = windows.minimum, windows.maximum
            return WindowRanges(tiles, np.full(len(tiles), first), np.full(len(tiles), last + 1))
        ordered = np.sort(windows.to_array())
        breaks = np.diff(ordered) != 1
        starts, stops = ordered[np.append(True, breaks)], ordered[np.append(breaks, True)] + 1
        return WindowRanges(
            np.repeat(tiles, len(starts)), np.tile(starts, len(tiles)), np.tile(stops, len(tiles))
        )

    @staticmethod
    def joined(parts: list[WindowRanges]) -> WindowRanges:
        """All visits of several bursts."""
        none = np.empty(0, np.int64)
        columns = zip(WindowRanges(none, none, none), *parts, strict=True)
        return WindowRanges(*(np.concatenate(column) for column in columns))

    def first_wrong_tile(
        self, tiles: NDArray[np.int64], limits: NDArray[np.int64]
    ) -> np.int64 | None:
        """The lowest of `tiles` that does not visit each window below its limit exactly once.

        `tiles` are ascending, and all that are visited are among them.
        """
        order = np.lexsort((self.starts, self.tiles))
        tile, start, stop = (column[order] for column in self)
        same = tile[1:] == tile[:-1]
        wrong = tile[1:][same & (start[1:] != stop[:-1])]
        first, last = np.append(True, ~same)[: len(tile)], np.append(~same, True)[: len(tile)]
        wrong = np.append(wrong, tile[first & (start != 0)])
        wrong = np.append(
            wrong, tile[last][stop[last] != limits[np.searchsorted(tiles, tile[last])]]
        )
        if np.count_nonzero(first) < len(tiles):
            wrong = np.append(wrong, np.setdiff1d(tiles, tile))
        return wrong.min() if len(wrong) else None

    def times(self, tile: np.int64, windows: int) -> NDArray[np.int64]:
        """How often a tile visits each window: shape [windows]."""
        own = self.tiles == tile
        starts = np.bincount(self.starts[own], minlength=windows + 1)
        stops = np.bincount(self.stops[own], minlength=windows + 1)
        return np.cumsum(starts - stops)[:windows]


def _cover(
    burst: MvmOp, operation: ActivateOp, covered: NDArray[np.int32], accelerator: Accelerator
) -> None:
    """Count the bits and cells of one operation; they must fit into an OU and the tile."""
    ou = accelerator.ou
    limits = {"bits": ou.dac_bits, "rows": ou.wordlines, "columns": ou.bitlines}
    indices = (operation.bits.data, operation.rows.data, operation.columns.data)
    for what, chosen, extent in zip(limits, indices, covered.shape, strict=True):
        if not 1 <= len(chosen) <= limits[what]:
            fail(burst, f"activates {len(chosen)} {what} at once; 1 to {limits[what]} are possible")
        if chosen.minimum < 0 or chosen.maximum >= extent:
            fail(burst, f"activates {what} outside its tile, which has {extent}")
    np.add.at(covered, np.ix_(*(chosen.to_array() for chosen in indices)), 1)


def verify_dues(dues: Sequence[DueOp], dataflow: Dataflow) -> set[str]:
    """Check that dues name layers, each once, with an entry for each window; the layers' names."""
    named: set[str] = set()
    for op in dues:
        name = op.layer.string_value()
        node = dataflow.by_name.get(name)
        if node is None or node.layer is None or node.grid is None:
            fail(op, "names no layer of the network")
        if name in named:
            fail(op, "is the second ou.due of its layer")
        named.add(name)
        op.verify_entries(node.layer, node.grid)
    return named


def verify_waits(waits: Sequence[WaitOp], dataflow: Dataflow) -> None:
    """Check that each pair of nodes waits once, and no longer than there are positions."""
    named: set[tuple[str, str]] = set()
    for op in waits:
        pair = (op.node.string_value(), op.other.string_value())
        for name in pair:
            if name not in dataflow.by_name:
                fail(op, f"names @{name}, which is no node of the network")
        if pair in named:
            fail(op, f"is the second ou.wait for @{pair[1]} of its node")
        named.add(pair)
        node, other = (dataflow.by_name[name] for name in pair)
        if len(op.until.data) != node.positions:
            fail(op, f"has {len(op.until.data)} entries for {node.positions} positions")
        if op.until.data.maximum > other.positions:
            fail(
                op,
                f"waits for {op.until.data.maximum} positions of @{other.name}, which has "
                f"{other.positions}",
            )
