"""What a stage of level `ou` promises: every visit once, on the crossbar that holds the tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.dataflow import verified_dataflow_of
from spatem_ir.dialects.hw import accelerator_of, module_of
from spatem_ir.dialects.ou import ActivateOp, MergeOp, MvmOp, OuStageOp, SendOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.geometry.network.dataflow import Dataflow, NodeKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.index_sequence import IndexSequence
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator


def verify_stage(stage: OuStageOp) -> None:
    """Check a stage's streams, merges and sends against its places and the network.

    Raises:
        VerifyException: naming the op, layer, tile and window that break a rule.
    """
    dataflow = verified_dataflow_of(stage)
    places = placed_stage(stage).placements()
    _verify_crossbars_once(stage)
    _verify_visits_once(stage, dataflow, places)
    _verify_merges(stage, dataflow, places)
    _verify_sends(stage, dataflow)
    _verify_waits(stage, dataflow)
    _verify_operations(stage, dataflow, accelerator_of(stage))


def placed_stage(stage: OuStageOp) -> PxbStageOp:
    """The `pxb.stage` whose places a stage of level `ou` uses; it stands before it."""
    number = stage.number.value.data
    for op in module_of(stage).ops:
        if isinstance(op, PxbStageOp) and op.number.value.data == number:
            return op
        if op is stage:
            break
    fail(stage, f"there is no pxb.stage {number} before it")


def _verify_crossbars_once(stage: OuStageOp) -> None:
    streams = list(stage.streams)
    members = [stream.crossbars.data.to_array() for stream in streams]
    numbers = np.concatenate([np.empty(0, np.int64), *members])
    _, first = np.unique(numbers, return_index=True)
    if len(first) == len(numbers):
        return
    again = np.delete(np.arange(len(numbers)), first)
    of_stream = np.repeat(np.arange(len(streams)), [len(own) for own in members])
    stream = of_stream[again[0]]
    crossbar = numbers[again[of_stream[again] == stream]].min()
    fail(streams[stream], f"crossbar {crossbar} has two programs")


def window_counts(layer: Layer, grid: Grid) -> NDArray[np.int64]:
    """The number of windows dealt to each tile: shape [tiles]."""
    return np.tile(np.repeat(grid.window_counts(layer), grid.tiles_per_copy), layer.matrices)


def _verify_visits_once(stage: OuStageOp, dataflow: Dataflow, places: dict[str, Placement]) -> None:
    """Check that each placed tile visits each of its windows once, where it sits."""
    limits: dict[str, NDArray[np.int64]] = {}
    crossbars: dict[str, NDArray[np.int64]] = {}
    visits: dict[str, list[WindowRanges]] = {name: [] for name in places}
    for name, placed in places.items():
        node = dataflow.by_name[name]
        assert node.layer is not None and node.grid is not None
        limits[name] = window_counts(node.layer, node.grid)
        crossbars[name] = np.full(len(limits[name]), np.iinfo(np.int64).min)
        crossbars[name][placed.tiles] = placed.crossbars
    most = {name: int(counts.max()) for name, counts in limits.items()}
    for stream in stage.streams:
        own = stream.crossbars.data.to_array()
        for burst in stream.bursts:
            name = burst.layer.string_value()
            if name not in places:
                fail(burst, "names a layer of which the stage places no tile")
            tiles, windows = burst.tiles.data, burst.windows.data
            if tiles.minimum < 0 or tiles.maximum >= len(limits[name]):
                fail(burst, f"visits a tile that does not exist; there are {len(limits[name])}")
            if windows.minimum < 0 or windows.maximum >= most[name]:
                fail(burst, f"visits a window that does not exist; there are {most[name]}")
            visited = tiles.to_array()
            elsewhere = crossbars[name][visited] != own
            if elsewhere.any():
                wrong = np.argmax(elsewhere)
                fail(
                    burst,
                    f"visits tile {visited[wrong]} on crossbar {own[wrong]}, which does not hold "
                    "it",
                )
            visits[name].append(WindowRanges.of(visited, windows))
    for name, placed in places.items():
        several = WindowRanges.joined(visits[name])
        tile = several.first_wrong_tile(placed.tiles, limits[name][placed.tiles])
        if tile is None:
            continue
        limit = limits[name][tile]
        times = several.times(tile, most[name])
        window = int(np.argmax(times != (np.arange(len(times)) < limit)))
        if window >= limit:
            fail(stage, f"tile {tile} of @{name} has no window {window}")
        fail(stage, f"tile {tile} of @{name} visits its window {window} {times[window]} times")


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


def _verify_merges(stage: OuStageOp, dataflow: Dataflow, places: dict[str, Placement]) -> None:
    named: set[str] = set()
    for op in (op for op in stage.body.block.ops if isinstance(op, MergeOp)):
        name = op.layer.string_value()
        if name not in dataflow.by_name or dataflow.by_name[name].kind is not NodeKind.LAYER:
            fail(op, "names no layer of the network")
        if name in named:
            fail(op, "is the second ou.merge of its layer")
        named.add(name)
    for name in places:
        if name not in named:
            fail(stage, f"no ou.merge says where the partial sums of @{name} meet")


def _verify_sends(stage: OuStageOp, dataflow: Dataflow) -> None:
    named: dict[str, list[str]] = {}
    for op in (op for op in stage.body.block.ops if isinstance(op, SendOp)):
        name = op.node.string_value()
        if name not in dataflow.by_name:
            fail(op, "names no node of the network")
        if name in named:
            fail(op, "is the second ou.send of its node")
        named[name] = op.reader_names
        needed = {reader.name for reader in dataflow.readers(dataflow.by_name[name])}
        for reader in op.reader_names:
            if reader not in needed:
                fail(op, f"names @{reader}, which does not read it")
            if op.reader_names.count(reader) > 1:
                fail(op, f"names @{reader} twice")
    for node in dataflow.nodes:
        for reader in dataflow.readers(node):
            if reader.name not in named.get(node.name, []):
                fail(stage, f"@{reader.name} reads @{node.name}, but no ou.send names it")


def _verify_waits(stage: OuStageOp, dataflow: Dataflow) -> None:
    named: set[tuple[str, str]] = set()
    for op in stage.waits:
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


def _verify_operations(stage: OuStageOp, dataflow: Dataflow, accelerator: Accelerator) -> None:
    """Check that the body of an expanded visit covers its tile's cells and bits once."""
    for burst in (burst for stream in stage.streams for burst in stream.bursts):
        operations = burst.operations
        if operations is None:
            continue
        node = dataflow.by_name[burst.layer.string_value()]
        assert node.layer is not None and node.grid is not None
        at = node.grid.coordinates(next(iter(burst.tiles.data)))
        rows = np.diff(node.grid.row_range(node.layer, at.row)).item()
        columns = np.diff(node.grid.column_range(node.layer, at.column)).item()
        columns *= accelerator.cells_per_weight(node.layer.weight_bits)
        first_bit, last_bit = node.grid.bit_range(node.layer, at.bit)
        covered = np.zeros((last_bit, rows, columns), np.int32)
        for operation in operations:
            _cover(burst, operation, covered, accelerator)
        if (covered[first_bit:] != 1).any() or covered[:first_bit].any():
            fail(burst, "its operations do not cover the tile's cells and bits exactly once")


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
