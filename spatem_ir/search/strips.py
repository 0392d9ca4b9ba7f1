"""A coarse simulation: layers in a few strips of windows, regions that run one strip at a time.

It says within milliseconds how long layers wait for each other where each has its region, and for
what they read to come over the links of the chip, which no sum of loads does.  What it leaves out
(fetches, merging, partial sums) it takes from the costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node
from spatem_ir.geometry.network.links import link
from spatem_ir.hardware.accelerator import Accelerator

STRIPS = 64
"""Into how many strips the windows of each layer are cut."""

Ints = NDArray[np.int64]


class Need(NamedTuple):
    """How many strips of a producer each strip of a reader needs: an array [strips]."""

    producer: int
    strips: Ints


@dataclass(frozen=True)
class StripFlow:
    """Who needs how much of whom: the needs of each layer, in network order.

    Producers are layers by their number; inputs have the numbers after them and are there, strip
    by strip, at `arrivals`: [inputs, strips].
    """

    needs: tuple[tuple[Need, ...], ...]
    arrivals: NDArray[np.float64]

    @staticmethod
    def of(dataflow: Dataflow, accelerator: Accelerator) -> StripFlow:
        """The needs of a network's layers; what digital operators need is what their readers do."""
        numbers = {node.number: n for n, node in enumerate(dataflow.layers)}
        inputs = [node for node in dataflow.inputs if node.store is None]
        numbers |= {node.number: len(numbers) + n for n, node in enumerate(inputs)}
        itself = np.arange(1, STRIPS + 1)
        known: dict[int, dict[int, Ints]] = {}
        for node in dataflow.nodes:
            folded = known[node.number] = {}
            for source in dict.fromkeys(node.sources):
                strips = strips_needed(dataflow, dataflow.nodes[source], node)
                is_producer = source in numbers
                through = {numbers[source]: itself} if is_producer else known[source]
                for producer, before in through.items():
                    needed = np.append(0, before)[strips]
                    folded[producer] = np.maximum(folded.get(producer, 0), needed)
        needs = tuple(
            tuple(Need(producer, strips) for producer, strips in known[node.number].items())
            for node in dataflow.layers
        )
        per_cycle = accelerator.components.port.bytes_per_cycle
        ends = np.cumsum([node.output_bytes for node in inputs]) / per_cycle
        begins = np.append(0, ends[:-1])
        share = np.arange(1, STRIPS + 1) / STRIPS
        return StripFlow(needs, begins[:, None] + (ends - begins)[:, None] * share)

    def latency(
        self,
        costs: NDArray[np.float64],
        regions: Ints,
        depth: float,
        moves: NDArray[np.float64] | None = None,
    ) -> float:
        """When all strips have run.

        `costs` are the cycles that each layer takes of its region; regions serve first what
        `depth` says (:class:`spatem_ir.search.evaluator.Candidate`).  `moves` are the cycles that
        what each layer reads takes of the chip's links; none if left out.
        """
        from spatem_ir.search.strip_loop import latency_of  # imports numba

        priorities = np.arange(STRIPS) / STRIPS + depth * np.arange(len(costs))[:, None]
        moved = np.zeros(len(costs)) if moves is None else moves
        return float(latency_of(costs / STRIPS, moved / STRIPS, regions, priorities, *self.tables))

    def nearest(self, layer: int) -> int | None:
        """The last of the layers of which a layer needs strips; None if it needs inputs alone."""
        layers = len(self.needs)
        return max((n.producer for n in self.needs[layer] if n.producer < layers), default=None)

    @cached_property
    def tables(self) -> tuple[Ints, Ints, Ints, NDArray[np.float64]]:
        """The needs of all layers one after the other: their producers and strips [needs, strips].

        Before them, the first of each layer; behind them, when its strips have entered the chip as
        far as they need inputs: [layers, strips].
        """
        layers = len(self.needs)
        own = [[need for need in needs if need.producer < layers] for needs in self.needs]
        entered = np.zeros((layers, STRIPS))
        for layer, needs in enumerate(self.needs):
            for producer, strips in needs:
                if producer >= layers:
                    times = np.append(0, self.arrivals[producer - layers])[strips]
                    entered[layer] = np.maximum(entered[layer], times)
        flat = [need for needs in own for need in needs]
        strips = np.array([need.strips for need in flat], np.int64).reshape(-1, STRIPS)
        first = np.cumsum([0, *map(len, own)])
        return first, np.array([need.producer for need in flat], np.int64), strips, entered


def strips_needed(dataflow: Dataflow, producer: Node, reader: Node) -> Ints:
    """How many strips of a producer each strip of a reader needs: [strips]."""
    highest = np.maximum.accumulate(link(dataflow, producer, reader).highest)
    last = -(-np.arange(1, STRIPS + 1) * reader.positions // STRIPS) - 1
    return -(-(highest[last] + 1) * STRIPS // producer.positions)
