"""The estimated latency of a whole network: layers that overlap and share the machine.

A max-plus recurrence over the windows of the layers, in network order, in numpy [R].  The input
enters position by position (R9) and leaves PE 0 packet by packet (R8).  A window is ready when the
last position that it reads has arrived.  A copy takes its windows one after the other; they follow
each other as the longest station allows (:mod:`spatem_ir.geometry.estimate.stations`), and each is
done when it has passed all stations.  A finished position goes to the PEs that read it (R7, R8),
digital operators take their units (R6), outputs the chip's port (R9).

Layers that share crossbars (R1) share their time: a layer gets what the layers before it leave.
The time that crossbars have left until cycle t is a function A(t); the layer's recurrence runs in
that time and is mapped back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.estimate.spare_time import SpareTime
from spatem_ir.geometry.estimate.stations import (
    LayerStations,
    layer_stations,
    packed_crossbars,
    tiles_together,
)
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.links import axes_of
from spatem_ir.geometry.network.position_reads import PositionReads
from spatem_ir.geometry.shapes.deals import collected, dealt
from spatem_ir.geometry.shapes.grid import operand_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.geometry.shapes.placement import Placement
    from spatem_ir.hardware.accelerator import Accelerator

Times = NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """An estimated execution of one image.

    `cycles` is the latency (R9), `finished` the cycle in which each node's last result is there,
    by name; `partial_sum_bytes` and `activation_bytes` are what packets carry (of activations, if
    tiles are in several PEs, all but those that only a pooling reads; they mostly stay at home);
    `held_bytes` is what the fullest PE holds of the inputs of its layers while their windows move
    on (R10).  `is_packed` says whether all tiles have places.
    """

    cycles: int
    finished: dict[str, int]
    partial_sum_bytes: int
    activation_bytes: int
    held_bytes: int
    is_packed: bool

    @property
    def moved_bytes(self) -> int:
        """The bytes that all packets of one image carry between PEs, estimated."""
        return self.partial_sum_bytes + self.activation_bytes

    def cycles_in_buffers(self, buffer_bytes: int) -> int:
        """The latency if PEs that would hold more than their buffer slow it down by as much."""
        return int(self.cycles * max(1, self.held_bytes / buffer_bytes))


def network_latency(
    dataflow: Dataflow,
    accelerator: Accelerator,
    grids: Mapping[str, Grid] | None = None,
    placements: Mapping[str, Placement] | None = None,
) -> Estimate:
    """The estimated latency of a network.

    Args:
        dataflow: the network; its own grids count unless `grids` gives others, layer by layer.
        accelerator: the machine.
        grids: other grids for layers, by name.
        placements: where tiles are, in physical crossbars; otherwise they are packed worst fit,
            and where they do not fit, taken to stand in sequence, round and round.
    """
    return NetworkModel(dataflow, accelerator).estimate(grids, placements)


class NetworkModel:
    """A network on an accelerator, whose latency can be estimated for many partitions."""

    def __init__(self, dataflow: Dataflow, accelerator: Accelerator):
        self.dataflow = dataflow
        self.accelerator = accelerator
        self.readers = [dataflow.readers(node) for node in dataflow.nodes]
        self._known_stages: dict[tuple[Layer, Grid], LayerStations] = {}

    @cached_property
    def reads(self) -> dict[int, list[PositionReads]]:
        """What the positions of a node read of each of its operands, by node."""
        return {
            node.number: [
                PositionReads.along(*axes_of(node, number)) for number in range(len(node.operands))
            ]
            for node in self.dataflow.nodes
        }

    def estimate(
        self,
        grids: Mapping[str, Grid] | None = None,
        placements: Mapping[str, Placement] | None = None,
    ) -> Estimate:
        """The estimate of a partition; see :func:`network_latency`."""
        nodes = self.dataflow.layers
        layers = [node.layer for node in nodes if node.layer is not None]
        own = {node.name: node.grid for node in nodes if node.grid is not None}
        used = [(own | dict(grids or {}))[node.name] for node in nodes]
        places: list[NDArray[np.int64]] | None
        if placements is not None:
            places = [placements[node.name].by_tile().crossbars for node in nodes]
        else:
            places = packed_crossbars(layers, used, self.accelerator)
        is_packed = places is not None
        if places is None:
            counts = [grid.tiles(layer) for layer, grid in zip(layers, used, strict=True)]
            tiles = np.arange(sum(counts)) % self.accelerator.crossbars
            places = np.split(tiles, np.cumsum(counts)[:-1])
        chosen = {node.number: grid for node, grid in zip(nodes, used, strict=True)}
        crossbars = {node.number: where for node, where in zip(nodes, places, strict=True)}
        stations = self.stations(chosen, crossbars, placements)
        return _Recurrence(self, chosen, crossbars, stations).run(is_packed)

    def stations(
        self,
        grids: dict[int, Grid],
        crossbars: dict[int, NDArray[np.int64]],
        placements: Mapping[str, Placement] | None,
    ) -> dict[int, LayerStations]:
        """The stations of each layer, by node.

        Tiles whose results merge are kept together by the passes: without placements the stations
        of a layer are those of tiles in sequence, and kept for equal layers and other partitions
        with the same grid.
        """
        found = {}
        for node in self.dataflow.layers:
            layer, grid, places = node.layer, grids[node.number], crossbars[node.number]
            assert layer is not None
            if placements is not None:
                found[node.number] = layer_stations(layer, grid, places, self.accelerator)
                continue
            key = (replace(layer, name=""), grid)
            if key not in self._known_stages:
                places = np.arange(len(places)) % self.accelerator.crossbars
                self._known_stages[key] = layer_stations(layer, grid, places, self.accelerator)
            found[node.number] = self._known_stages[key]
        return found


class _Recurrence:
    """The times of one partition, node by node."""

    def __init__(
        self,
        model: NetworkModel,
        grids: dict[int, Grid],
        crossbars: dict[int, NDArray[np.int64]],
        stations: dict[int, LayerStations],
    ):
        self.model = model
        self.dataflow = model.dataflow
        self.accelerator = model.accelerator
        self.grids = grids
        self.stations = stations
        self.crossbars = crossbars
        self.finished: dict[int, Times] = {}
        self.arrived: dict[int, Times] = {}
        self.pieces: dict[int, list[tuple[int, int]]] = {}
        self.pes: dict[int, int] = {}
        self.first_tiles = {
            number: places[:: grids[number].tiles_per_copy] for number, places in crossbars.items()
        }
        self.spare = SpareTime(crossbars, self.first_tiles, self.accelerator.crossbars)
        self.activation_bytes = 0
        places = np.concatenate(list(crossbars.values())) // self.accelerator.crossbars_per_pe
        self.in_one_pe = bool((places == places[0]).all())

    def run(self, is_packed: bool) -> Estimate:
        """Follow the image through the network."""
        latency, ends = 0, {}
        for node in self.dataflow.nodes:
            match node.kind:
                case NodeKind.INPUT:
                    self.enter(node)
                case NodeKind.LAYER:
                    self.work(node)
                case NodeKind.OUTPUT:
                    latency = max(latency, self.leave(node))
                case _:
                    self.process(node)
            ends[node.name] = int(self.finished[node.number].max())
            if self.model.readers[node.number]:
                self.deliver(node)
                self.count_packets(node)
        sums = sum(stations.partial_sum_bytes for stations in self.stations.values())
        return Estimate(latency, ends, sums, self.activation_bytes, self.held_bytes(), is_packed)

    def held_bytes(self) -> int:
        """R10: the most that a PE holds of rows that windows of its layers still read.

        Tiles on a PE are taken to be of different row parts, as far as there are.
        """
        held = np.zeros(self.spare.count // self.accelerator.crossbars_per_pe + 1, np.int64)
        for node in self.dataflow.layers:
            layer = node.layer
            assert layer is not None
            channels, height, width = layer.input_shape
            rows = min(layer.window.extent[0], height)
            positions = min(rows * width + layer.window.extent[1], height * width)
            size = operand_bytes(channels * positions, layer.input_bits)
            pe = self.crossbars[node.number] // self.accelerator.crossbars_per_pe
            grid = self.grids[node.number]
            parts = np.minimum(np.bincount(pe, minlength=len(held)) / (grid.hwm * grid.ib), 1)
            held += (parts * size).astype(np.int64)
        return int(held.max())

    def enter(self, node: Node) -> None:
        """R9: the input enters in raster order."""
        size = node.piece_bytes(0)
        entered = (np.arange(node.positions) + 1) * size
        self.finished[node.number] = self.accelerator.components.port.cycles(entered)
        self.pieces[node.number] = [(1, node.shape[0])]
        self.pes[node.number] = 1

    def work(self, node: Node) -> None:
        """R1 to R6: the copies of a layer work through their windows."""
        layer, grid, stations = node.layer, self.grids[node.number], self.stations[node.number]
        assert layer is not None
        arrived = self.latest_reads(node)
        positions = grid.positions_by_matrix(layer)
        ready = arrived[positions]
        copies = grid.matrices(layer) * grid.iw
        ready = queued(ready, stations.round.fetch / copies, stations.window.fetch)
        done = self.visits(node, ready, stations)
        later = max(
            stations.round.merge_in_cu,
            stations.round.merge_in_pe,
            stations.round.packets,
            stations.round.activate,
        )
        path = stations.window.total - stations.window.fetch
        pipeline = self.accelerator.components.compute_unit.pipeline_cycles
        done = queued(done + pipeline, later / copies, path)
        output = np.zeros(node.positions, np.int64)
        np.maximum.at(output, positions, done)
        self.finished[node.number] = output
        self.pieces[node.number] = _slices(layer, grid)
        self.pes[node.number] = stations.pes

    def visits(self, node: Node, ready: Times, stations: LayerStations) -> Times:
        """When the visits to each window end, in the time that earlier layers leave."""
        layer, grid = node.layer, self.grids[node.number]
        assert layer is not None
        turns = dealt(ready, layer, grid)
        places = self.crossbars[node.number]
        interval = stations.visit * tiles_together(grid, places)[:, None]
        turn = np.arange(turns.shape[1])
        copies = self.spare.by_kind(self.first_tiles[node.number])
        done, ends = np.empty_like(turns), {}
        for kind, here in copies.items():
            start, work = self.spare.before(kind, turns[here]), interval[here]
            before = turn * work
            end = np.maximum.accumulate(start - before, axis=1) + (before + work)
            done[here] = ends[kind] = self.spare.after(kind, end)
        busy = stations.visit * self.spare.tiles[node.number] * layer.windows / grid.iw
        self.spare.use(node.number, ends, done, stations.visit, busy)
        return collected(done, layer, grid)

    def process(self, node: Node) -> None:
        """R6: a digital operator takes its units."""
        units, pool = self.accelerator.components.digital, node.kind is NodeKind.POOL
        source = node.sources[0]
        shape = self.dataflow.nodes[source].shape
        same = shape[0] == node.shape[0]
        self.pieces[node.number] = self.pieces[source] if same else [(1, node.shape[0])]
        self.pes[node.number] = pes = self.pes[source]
        reads = sum(read.kernel for read in self.model.reads[node.number])
        cycles = [
            (n, units.cycles(size * reads, pooling=pool)) for n, size in self.pieces[node.number]
        ]
        load = sum(n * each for n, each in cycles)
        at_once = min(pes, sum(n for n, _ in cycles))
        times = self.latest_reads(node, local=True)
        self.finished[node.number] = queued(times, load / pes, load // at_once)

    def leave(self, node: Node) -> int:
        """R9: the output leaves through the port; the cycle in which it has."""
        times = self.latest_reads(node)
        port = self.accelerator.components.port
        pieces = [piece for source in node.sources for piece in self.pieces[source]]
        load = sum(n * port.cycles(operand_bytes(size, node.bits)) for n, size in pieces)
        self.finished[node.number] = queued(times, load, load)
        return int(self.finished[node.number].max())

    def latest_reads(self, node: Node, *, local: bool = False) -> Times:
        """The time of the latest element that each position reads; padding is there at 0."""
        times_of = self.finished if local else self.arrived
        latest = np.zeros(node.positions, np.int64)
        for operand, read in zip(node.operands, self.model.reads[node.number], strict=True):
            times = self.dataflow.over_channels(operand, times_of, np.maximum)
            latest = np.maximum(latest, read.latest(times))
        return latest

    def count_packets(self, node: Node) -> None:
        """R7: a piece is one packet, whatever number of PEs it goes to."""
        kinds = {reader.kind for reader in self.model.readers[node.number]}
        if kinds != {NodeKind.POOL} and not self.in_one_pe:
            size = sum(n * operand_bytes(size, node.bits) for n, size in self.pieces[node.number])
            self.activation_bytes += size * node.positions

    def deliver(self, node: Node) -> None:
        """R7, R8: the pieces of a node go to the PEs that read them."""
        interconnect = self.accelerator.components.interconnect
        readers, most = 0.0, 1
        for reader in self.model.readers[node.number]:
            if reader.kind is NodeKind.LAYER:
                stations, grid = self.stations[reader.number], self.grids[reader.number]
                windows = self.model.reads[reader.number][0].readers_of_position
                readers += min(min(windows, grid.iw) * stations.pes_per_copy, stations.pes)
                most = max(most, stations.pes)
            elif reader.kind is NodeKind.OUTPUT:
                readers += 1
        if (most == 1 and self.pes[node.number] == 1) or not readers:
            self.arrived[node.number] = self.finished[node.number]
            return
        packets = [
            (n, interconnect.packet_cycles(operand_bytes(size, node.bits)))
            for n, size in self.pieces[node.number]
        ]
        load = sum(n * cycles for n, cycles in packets)
        span = max(most, self.pes[node.number])
        spread = interconnect.spread(readers, span, from_port=node.kind is NodeKind.INPUT)
        last = max(cycles for _, cycles in packets)
        self.arrived[node.number] = queued(
            self.finished[node.number], load * spread.share, spread.head_cycles + last
        )


def queued(times: Times, load: float, latency: float) -> Times:
    """When requests that come at `times` leave a queue that serves one in `load` cycles.

    Requests are served in the order of their times; `latency` is the time of one alone.
    """
    flat = times.reshape(-1)
    unordered = (flat[1:] < flat[:-1]).any()
    order = np.argsort(flat, kind="stable") if unordered else slice(None)
    turn = np.arange(len(flat)) * load
    served = np.empty(len(flat))
    served[order] = np.maximum.accumulate(flat[order] - turn) + turn
    return (served + max(latency, load)).astype(np.int64).reshape(times.shape)


def _slices(layer: Layer, grid: Grid) -> list[tuple[int, int]]:
    """The channel slices of a layer's output: (number, channels) of those of equal size."""
    sizes = np.diff([*grid.slices(layer), layer.out_channels])
    channels, numbers = np.unique(sizes, return_counts=True)
    return list(zip(numbers.tolist(), channels.tolist(), strict=True))[::-1]
