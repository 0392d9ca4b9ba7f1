"""An ideal schedule of a network whose producers wait for their readers, block by block.

It says when what waits may begin, no earlier than the finer schedule of :mod:`readiness` finishes
what it waits for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Node, NodeKind
from spatem_ir.geometry.scheduling.blocks import Blocks
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]
BlockPairs = Mapping[tuple[int, int], Ints]


@dataclass(frozen=True)
class Paces:
    """When positions may begin, by node; or the pairs of nodes that wait for ever."""

    not_before: dict[int, Ints]
    stuck: set[tuple[int, int]]


class _Pacing:
    """Blocks in the order in which they can begin; `times` are when they are finished."""

    def __init__(self, blocks: Blocks, accelerator: Accelerator, until: BlockPairs, grain: int):
        nodes = blocks.dataflow.nodes
        self.blocks = blocks
        self.grain = grain
        self.times: list[list[int]] = [[] for _ in nodes]
        self.counts = [blocks.count(node) for node in nodes]
        self.cycles = [cycles_per_block(node, blocks, accelerator) for node in nodes]
        self.behind = [blocks_behind(node, blocks) for node in nodes]
        self.pipeline = accelerator.components.compute_unit.pipeline_cycles
        self.waiting: list[list[int]] = [[] for _ in nodes]
        self.needs: list[list[tuple[int, list[int]]]] = [[] for _ in nodes]
        for (source, reader), found in blocks.links.items():
            self.needs[reader].append((source, found.needed.tolist()))
        self.waits: list[list[tuple[int, list[int]]]] = [[] for _ in nodes]
        self.progress = {
            (number, other): np.where(counts > 0, blocks.of_position(nodes[other], counts - 1), -1)
            for (number, other), counts in until.items()
        }
        for (number, other), progress in self.progress.items():
            together = progress[blocks.rounds(nodes[number])]
            self.waits[number].append((other, together.tolist()))

    def add_sequence(self) -> None:
        """A layer begins when the layer before is finished."""
        for before, after in pairwise(self.blocks.dataflow.layers):
            last = self.counts[before.number] - 1
            self.needs[after.number].append((before.number, [last] * self.counts[after.number]))

    def run(self) -> None:
        """Let all nodes go on as far as they can."""
        queue = deque(range(len(self.counts)))
        while queue:
            number = queue.popleft()
            before = len(self.times[number])
            self.go_on(number)
            if len(self.times[number]) > before:
                queue.extend(self.waiting[number])
                self.waiting[number] = []

    def go_on(self, number: int) -> None:
        """Finish blocks of a node until one needs, or waits for, what is not finished."""
        own, count, behind = self.times[number], self.counts[number], self.behind[number]
        is_layer = self.blocks.dataflow.nodes[number].kind is NodeKind.LAYER
        pipeline = self.pipeline if is_layer else 0
        cycles = self.cycles[number] + pipeline
        sources = [(other, self.times[other], needs, 0) for other, needs in self.needs[number]]
        for other, waits in self.waits[number]:
            sources.append((other, self.times[other], waits, self.grain))
        last = own[-1] if own else 0
        for block in range(len(own), count):
            begin = own[block - behind] - pipeline if block >= behind else 0
            for other, times, needed, grain in sources:
                need = needed[block]
                if need >= len(times):
                    self.waiting[other].append(number)
                    return
                if need >= 0:
                    time = (times[need] // grain + 1) * grain if grain else times[need]
                    if time > begin:
                        begin = time
            if begin + cycles > last:
                last = begin + cycles
            own.append(last)

    def not_before(self) -> dict[int, Ints]:
        """When what each position waits for is finished, of nodes that wait."""
        nodes = self.blocks.dataflow.nodes
        begin: dict[int, Ints] = {}
        for (number, other), progress in self.progress.items():
            times = np.array(self.times[other])
            if self.grain:
                times = (times // self.grain + 1) * self.grain
            own = np.repeat(np.append(times, 0)[progress], self.blocks.width(nodes[number]))
            begin[number] = np.maximum(begin.get(number, 0), own)
        return begin

    def stuck(self) -> set[tuple[int, int]]:
        """Pairs of nodes of which the first waits for the second."""
        found = set()
        for number, waits in enumerate(self.waits):
            block = len(self.times[number])
            if block < self.counts[number]:
                for other, blocks in waits:
                    if blocks[block] >= len(self.times[other]):
                        found.add((number, other))
        return found


def paces(
    blocks: Blocks,
    accelerator: Accelerator,
    until: BlockPairs,
    *,
    in_sequence: bool = False,
    grain: int = 0,
) -> Paces:
    """When positions may begin that wait until positions of other nodes are finished.

    `until` has, for pairs of nodes, what each block of the first waits for of the second.  Layers
    may begin `in_sequence` only, each when the one before is finished.  If times are counted in
    grains of so many cycles, what waits begins in a later one than what it waits for.
    """
    pacing = _Pacing(blocks, accelerator, until, grain)
    if in_sequence:
        pacing.add_sequence()
    pacing.run()
    stuck = pacing.stuck()
    return Paces({} if stuck else pacing.not_before(), stuck)


def blocks_behind(node: Node, blocks: Blocks) -> int:
    """How many blocks before another a block must be for its copies to be free for the other."""
    if node.kind is not NodeKind.LAYER or node.grid is None or node.grid.deal is Deal.BLOCKS:
        return 1
    return max(node.grid.iw // blocks.width(node), 1)


def cycles_per_block(node: Node, blocks: Blocks, accelerator: Accelerator) -> int:
    """The cycles in which a block enters the chip, or in which crossbars visit its windows."""
    width = blocks.width(node)
    if node.kind is NodeKind.INPUT:
        size = width * node.shape[0] * node.bits
        return accelerator.components.port.cycles(-(-size // 8)) + 1
    if node.kind is not NodeKind.LAYER:
        return 0
    layer, grid = node.partitioned
    in_turn = width if grid.deal is Deal.BLOCKS else -(-width // grid.iw)
    operations = grid.visit_operations(layer, grid.coordinates(0), accelerator)
    return in_turn * accelerator.components.compute_unit.visit_cycles(operations)
