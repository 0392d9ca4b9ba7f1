"""A coarse simulation: layers in a few strips of windows, regions that run one strip at a time.

It says within milliseconds how long layers wait for each other where each has its region, and for
what they read to come over the links of the chip, and how much waits in buffers meanwhile, which no
sum of loads does.  What it leaves out (fetches, merging, partial sums) it takes from the costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.links import Link, link
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.search.residence import Need, Read, Residence

STRIPS = 64
"""Into how many strips the windows of each layer are cut."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StripFlow:
    """Who needs how much of whom: the needs of each layer, in network order.

    Producers are layers by their number; inputs have the numbers after them and are there, strip
    by strip, at `arrivals`: [inputs, strips].  `reads` are the maps that layers read.
    """

    needs: tuple[tuple[Need, ...], ...]
    arrivals: Floats
    reads: tuple[Read, ...] = ()

    @staticmethod
    def of(dataflow: Dataflow, accelerator: Accelerator) -> StripFlow:
        """The needs of a network's layers; what digital operators need is what their readers do."""
        numbers = {node.number: n for n, node in enumerate(dataflow.layers)}
        inputs = [node for node in dataflow.inputs if node.store is None]
        numbers |= {node.number: len(numbers) + n for n, node in enumerate(inputs)}
        itself = np.arange(1, STRIPS + 1)
        known: dict[int, dict[int, Ints]] = {}
        reads = list[Read]()
        for node in dataflow.nodes:
            folded = known[node.number] = {}
            for source in dict.fromkeys(node.sources):
                producer_node = dataflow.nodes[source]
                between = link(dataflow, producer_node, node)
                strips = strips_needed(between, producer_node, node)
                is_producer = source in numbers
                through = {numbers[source]: itself} if is_producer else known[source]
                for producer, before in through.items():
                    needed = np.append(0, before)[strips]
                    folded[producer] = np.maximum(folded.get(producer, 0), needed)
                if node.kind is NodeKind.LAYER:
                    own = tuple(Need(*each) for each in through.items())
                    last = strips_until_read(between, producer_node, node)
                    size = producer_node.output_bytes
                    reads.append(Read(source, numbers[node.number], size, own, last))
        needs = tuple(
            tuple(Need(producer, strips) for producer, strips in known[node.number].items())
            for node in dataflow.layers
        )
        per_cycle = accelerator.components.port.bytes_per_cycle
        ends = np.cumsum([node.output_bytes for node in inputs]) / per_cycle
        begins = np.append(0, ends[:-1])
        share = np.arange(1, STRIPS + 1) / STRIPS
        return StripFlow(needs, begins[:, None] + (ends - begins)[:, None] * share, tuple(reads))

    def ends(
        self,
        costs: Floats,
        regions: Ints,
        depth: float,
        moves: Floats | None = None,
        lead: int = STRIPS,
    ) -> Floats:
        """When strips have run: [layers, strips].

        `costs` are the cycles that each layer takes of its region; regions serve first what
        `depth` says, and what needs `lead` strips of the inputs more than what its readers have run
        waits (:class:`spatem_ir.search.pacing.Lead`).  `moves` are the cycles that what
        each layer reads takes of the chip's links; none if left out.
        """
        from spatem_ir.search.strip_loop import ends_of  # imports numba

        priorities = np.arange(STRIPS) / STRIPS + depth * np.arange(len(costs))[:, None]
        moved = np.zeros(len(costs)) if moves is None else moves
        durations, movings = costs / STRIPS, moved / STRIPS
        tables = self.flat_needs, self.flat_readers, self.entered, self.needed, self.made
        return ends_of(durations, movings, regions, priorities, lead, *tables)

    @cached_property
    def needed(self) -> Ints:
        """How many strips of inputs each strip of a layer needs: [layers, strips].

        As :func:`spatem_ir.search.pacing.positions_needed` says, as if the inputs went on.
        """
        layers = len(self.needs)
        found = np.zeros((layers, STRIPS), np.int64)
        for layer, needs in enumerate(self.needs):
            for producer, strips in needs:
                own = strips if producer >= layers else np.append(0, found[producer])[strips]
                further = np.maximum(np.arange(STRIPS) - np.searchsorted(strips, STRIPS), 0)
                found[layer] = np.maximum(found[layer], own + further)
        return found

    @cached_property
    def made(self) -> Ints:
        """How many strips of each layer need no more than 0, 1 … strips of inputs.

        [layers, most strips + 1].
        """
        entered = np.arange(self.needed.max() + 1)
        return np.array([np.searchsorted(own, entered, side="right") for own in self.needed])

    def held(self, ends: Floats, regions: Ints, shares: Floats, lead: int = STRIPS) -> float:
        """The most bytes in buffers, of the PEs of a region on average, if strips run until `ends`.

        `shares` are those of its region's PEs that read what a layer reads; `lead` is that of
        :meth:`ends`.
        """
        entered = np.maximum(self.arrivals, self.allowed(ends, lead))
        return self.residence.most(ends, entered, regions, shares)

    @cached_property
    def residence(self) -> Residence:
        """What waits in buffers."""
        return Residence.of(self.reads)

    def allowed(self, ends: Floats, lead: int) -> Floats:
        """When strips of inputs may enter: [strips]."""
        layers, found = len(self.needs), np.zeros(STRIPS)
        behind = np.maximum(np.arange(1, STRIPS + 1) - lead, 0)
        for layer, needs in enumerate(self.needs):
            if any(need.producer >= layers for need in needs):
                run = np.append(0, ends[layer])[self.made[layer, behind] * (behind > 0)]
                found = np.maximum(found, run)
        return found

    def nearest(self, layer: int) -> int | None:
        """The last of the layers of which a layer needs strips; None if it needs inputs alone."""
        layers = len(self.needs)
        return max((n.producer for n in self.needs[layer] if n.producer < layers), default=None)

    @cached_property
    def of_layers(self) -> list[list[Need]]:
        """What each layer needs of other layers."""
        layers = len(self.needs)
        return [[need for need in needs if need.producer < layers] for needs in self.needs]

    @cached_property
    def flat_needs(self) -> tuple[Ints, Ints, Ints]:
        """What layers need of others, one layer after the other; before that, the first of each.

        The producers, and of how many strips they are: [needs, strips].
        """
        flat = [need for needs in self.of_layers for need in needs]
        strips = np.array([need.strips for need in flat], np.int64).reshape(-1, STRIPS)
        first = np.cumsum([0, *map(len, self.of_layers)])
        return first, np.array([need.producer for need in flat], np.int64), strips

    @cached_property
    def flat_readers(self) -> tuple[Ints, Ints]:
        """The layers that need each layer, one after the other; before that, the first of each."""
        producers = self.flat_needs[1]
        readers = np.repeat(np.arange(len(self.needs)), list(map(len, self.of_layers)))
        first = np.searchsorted(np.sort(producers), np.arange(len(self.needs) + 1))
        return first, readers[np.argsort(producers, kind="stable")]

    @cached_property
    def entered(self) -> Floats:
        """When strips of layers have entered the chip as far as they need inputs.

        [layers, strips].
        """
        layers = len(self.needs)
        found = np.zeros((layers, STRIPS))
        for layer, needs in enumerate(self.needs):
            for producer, strips in needs:
                if producer >= layers:
                    times = np.append(0, self.arrivals[producer - layers])[strips]
                    found[layer] = np.maximum(found[layer], times)
        return found


def strips_needed(between: Link, producer: Node, reader: Node) -> Ints:
    """How many strips of a producer each strip of a reader needs: [strips]."""
    highest = np.maximum.accumulate(between.highest)
    last = -(-np.arange(1, STRIPS + 1) * reader.positions // STRIPS) - 1
    return -(-(highest[last] + 1) * STRIPS // producer.positions)


def strips_until_read(between: Link, producer: Node, reader: Node) -> Ints:
    """How many strips of a reader read each strip of a producer, up to the last time: [strips]."""
    latest = np.maximum.accumulate(between.last)
    last = -(-np.arange(1, STRIPS + 1) * producer.positions // STRIPS) - 1
    return -(-(latest[last] + 1) * STRIPS // reader.positions)
