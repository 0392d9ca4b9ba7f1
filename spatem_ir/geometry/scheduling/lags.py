"""How far producers may be ahead of their readers so that all buffers suffice (rule R10).

[R] The paper takes buffers to be large enough.  Here a block of a producer waits until all blocks
that are a *lag* or more behind it have been read; so at most as many blocks as the lag says are in
the buffers.  Likewise, windows of a layer wait for those a lag behind to be finished, which bounds
partial sums that meet.  Lags begin as small as they can be without a deadlock and grow as long as
every buffer suffices: first all together, by what the copies of layers have in work at once, then
in turn.  Layers with a single window wait until their operand is complete, so that what comes
before them and what comes after them need not fit at the same time.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Node, NodeKind
from spatem_ir.geometry.network.decided import can_work_by_rows, sums_name
from spatem_ir.geometry.network.links import is_aligned
from spatem_ir.geometry.network.waits import Wait
from spatem_ir.geometry.safety.phases import PIECES, is_in, phases
from spatem_ir.geometry.safety.residents import Deployed
from spatem_ir.geometry.scheduling.blocks import Blocks
from spatem_ir.geometry.scheduling.held import Held, Resident, block_widths
from spatem_ir.geometry.scheduling.pacing import Paces, paces
from spatem_ir.geometry.scheduling.remedies import BuffersTooSmallError, Remedy
from spatem_ir.support.errors import DoesNotFitError, SpatemError

Ints = NDArray[np.int64]
Pair = tuple[int, int]

FACTORS = tuple(0.25 * 2 ** (n / 4) for n in range(24))
"""How many times what keeps copies at work is tried."""

GROWTH = (2.0, 1.25, 1.05)
"""By what factors lags grow in turn."""

UNSTUCK = (2.0, 1.25)
"""By what factors lags of what waits for ever are enlarged: by the second where buffers do not
suffice for the first."""

MOST_ATTEMPTS = 100
"""How often they are."""


@dataclass(frozen=True)
class Lags:
    """The waits that a network needs on a chip, and when what waits may begin."""

    waits: list[Wait]
    paces: Paces


class _Choice:
    """Lags of pairs of nodes (producer, reader) or (layer, layer), and what buffers hold then."""

    def __init__(self, deployed: Deployed, held: list[Resident], *, in_rounds: bool):
        self.deployed = deployed
        self.size = deployed.accelerator.components.memory.buffer_bytes
        widths = block_widths(held, self.size)
        self.blocks = Blocks(deployed.dataflow, widths, in_rounds=in_rounds)
        self.parts: list[Held] = []
        self.full: dict[Pair, int] = {}
        self.least: dict[Pair, int] = {}
        self.direct: dict[Pair, int] = {}
        for node, what, residents in held:
            count = self.blocks.count(node)
            self.parts.append(Held.of(node, what, residents, count))
            self.full |= {(node.number, reader): count for reader in residents.readers}
        self.barriers = [
            node for node in deployed.dataflow.layers if node.positions == 1 and node.sources
        ]
        self.phases = phases(deployed.dataflow, self.barriers)
        self.phases_of = {
            part: [n for n, phase in enumerate(self.phases) if is_in(part.node, part.what, phase)]
            for part in self.parts
        }
        self.parts_of: dict[int, list[Held]] = {}
        for part in self.parts:
            self.parts_of.setdefault(part.node.number, []).append(part)

    def held(self, lags: dict[Pair, int]) -> Ints:
        """The most bytes in the buffer of each PE in each phase: shape [phases, PEs]."""
        return self.in_phases({part: part.most(lags) for part in self.parts})

    def in_phases(self, amounts: dict[Held, Ints]) -> Ints:
        """The sum of some parts' bytes in each phase and PE: shape [phases, PEs]."""
        total = np.zeros((len(self.phases), self.deployed.accelerator.pes), np.int64)
        for part, bytes_ in amounts.items():
            for phase in self.phases_of[part]:
                total[phase, part.pes] += bytes_
        return total

    def find_least(self) -> None:
        """The smallest lags with which every block gets what it needs.

        The `direct` ones are those that would do if only the reader itself had to read.
        """
        nodes, blocks = self.deployed.dataflow.nodes, self.blocks
        for node in nodes:
            readers = self.deployed.dataflow.readers(node)
            if node.kind is NodeKind.LAYER:
                together = blocks.rounds(node) - np.arange(blocks.count(node))
                own = (node.number, node.number)
                self.least[own] = min(int(together.max()) + 1, self.full[own])
            farthest = blocks.farthest(node) if len(readers) > 1 else {}
            for reader in readers:
                found = blocks.links[node.number, reader.number]
                finished = np.arange(blocks.count(reader)) * blocks.width(reader)
                free = np.searchsorted(found.until, finished, side="right")
                key = (node.number, reader.number)
                for lags, needed in (
                    (self.direct, found.needed),
                    (self.least, farthest.get(reader.number, found.needed)),
                ):
                    needed = np.where(needed < 0, -1, blocks.rounds(node)[needed])
                    lag = max(int((needed - free).max()) + 1, 1)
                    lags[key] = min(lag, self.full[key])

    def in_work(self, node: Node) -> int:
        """Blocks of a node on which its copies work at once, and as many on their way."""
        copies = 1 if node.grid is None else node.grid.iw
        return -(-2 * copies // self.blocks.width(node))

    def comfort(self, pair: Pair) -> int:
        """Blocks beyond the smallest lag of a pair that keep the copies of both nodes at work."""
        node, reader = (self.deployed.dataflow.nodes[number] for number in pair)
        if node is reader:
            return self.in_work(node)
        behind = self.in_work(reader) * self.blocks.count(node) / self.blocks.count(reader)
        return ceil(behind) + self.in_work(node)

    def enlarged(self, factor: float) -> dict[Pair, int]:
        """The smallest lags, enlarged by so many times what keeps copies at work."""
        return {
            pair: min(lag + int(factor * self.comfort(pair)), self.full[pair])
            for pair, lag in self.least.items()
        }

    def grown(self) -> dict[Pair, int]:
        """Lags that grow from the smallest as long as all buffers suffice.

        Raises:
            SpatemError: not even the smallest fit; names PE, node and bytes.
        """
        if self.held(self.least).max() > self.size:
            self.fail(self.least)
        fitting = bisect_left(
            FACTORS, True, key=lambda f: bool(self.held(self.enlarged(f)).max() > self.size)
        )
        lags = self.enlarged(FACTORS[fitting - 1] if fitting else 0.0)
        most = {part: part.most(lags) for part in self.parts}
        held = self.in_phases(most)
        growing = {pair for pair, lag in lags.items() if lag < self.full[pair]}
        for growth in GROWTH:
            left = sorted(growing)
            while left:
                for pair in tuple(left):
                    lag = lags[pair]
                    larger = min(self.full[pair], max(lag + 1, int(lag * growth)))
                    if not self.grow(lags, pair, larger, most, held):
                        left.remove(pair)
                        if larger == lag + 1:
                            growing.remove(pair)
                    elif larger == self.full[pair]:
                        left.remove(pair)
                        growing.remove(pair)
        return lags

    def grow(
        self,
        lags: dict[Pair, int],
        pair: Pair,
        larger: int,
        most: dict[Held, Ints],
        held: Ints,
    ) -> bool:
        """Enlarge a lag if all buffers suffice then; `most` bytes of parts are `held` before."""
        parts = [part for part in self.parts_of[pair[0]] if pair[1] in part.readers]
        lag, lags[pair] = lags[pair], larger
        grown = {part: part.most(lags) for part in parts}
        added = self.in_phases({part: grown[part] - most[part] for part in parts})
        if (held + added)[added > 0].max(initial=0) > self.size:
            lags[pair] = lag
            return False
        most |= grown
        held += added
        return True

    def fail(self, lags: dict[Pair, int]) -> None:
        """Say what is too large.

        Raises:
            SpatemError: always.
        """
        held = self.held(lags)
        phase, pe = divmod(int(held.argmax()), held.shape[1])
        total = int(held[phase, pe])
        shares = []
        for part in self.parts:
            here = np.flatnonzero(part.pes == pe)
            if len(here) and phase in self.phases_of[part]:
                shares.append((int(part.most(lags)[here[0]]), part))
        size, part = max(shares, key=lambda share: share[0])
        memory = self.deployed.accelerator.components.memory
        raise BuffersTooSmallError(
            f"order: the buffer of PE {pe} is too small: it has {self.size} bytes and needs "
            f"{total}, of which {size} for the {part.what} of @{part.node.name}; enlarge "
            f"{memory.buffer_key}, deploy on more PEs, or set buffers=ignore",
            self.remedies,
        )

    def remedies(self) -> list[Remedy]:
        """What takes the most bytes out of buffers that are too small, as much as is too much.

        That poolings work by rows costs little, and comes first: wherever buffers do not suffice
        for lags with which copies are kept at work.
        """
        return self.reliefs(self.enlarged(1.0), by_rows=True) or self.reliefs(
            self.least, by_rows=False
        )

    def reliefs(self, lags: dict[Pair, int], *, by_rows: bool) -> list[Remedy]:
        """Remedies of one kind for all buffers that do not suffice for some lags."""
        held, found = self.held(lags), dict[Remedy, None]()
        for phase, pe in np.argwhere(held > self.size).tolist():
            excess = int(held[phase, pe]) - self.size
            parts = [p for p in self.parts if phase in self.phases_of[p] and pe in p.pes]
            savings = [self.saved(part, lags, pe, by_rows=by_rows) for part in parts]
            for size, remedies in sorted(savings, key=lambda saving: -saving[0]):
                if size > 0 and (by_rows or excess > 0):
                    found |= dict.fromkeys(remedies)
                    excess -= size
        return list(found)

    def saved(
        self, part: Held, lags: dict[Pair, int], pe: int, *, by_rows: bool
    ) -> tuple[int, list[Remedy]]:
        """The bytes that remedies for the readers of a part take out of a PE; those of one kind.

        What has come back already, and row sums, are left as they are.
        """
        node, remedies, shorter = part.node, list[Remedy](), dict(lags)
        if part.what != PIECES or node.store is not None:
            return 0, []
        here = int(np.searchsorted(part.pes, pe))
        for number in np.array(part.readers)[part.reads[here]].tolist():
            pair, reader = (node.number, number), self.deployed.dataflow.nodes[number]
            if reader.kind is NodeKind.OUTPUT or reader.name.endswith(sums_name("")):
                continue
            whole = can_work_by_rows(reader) and is_aligned(reader.operands[0], node)
            if whole or self.direct[pair] < lags[pair]:
                shorter[pair] = 1 if whole else self.direct[pair]
                remedies.append(Remedy(node.name, reader.name, whole))
        saved = int(part.most(lags)[here] - part.most(shorter)[here])
        return saved, [remedy for remedy in remedies if remedy.by_rows == by_rows]

    def until(self, pair: Pair, lag: int) -> Ints:
        """How many positions of the other node each block of a node waits for."""
        number, other = pair
        node, reader = self.deployed.dataflow.nodes[number], self.deployed.dataflow.nodes[other]
        if number == other:
            needed = (np.arange(self.blocks.count(node)) + 1) * self.blocks.width(node)
        else:
            needed = self.blocks.links[pair].until
        return np.roll(needed, lag) - reader.positions * (np.arange(len(needed)) < lag)


def lags_that_fit(
    deployed: Deployed,
    held: list[Resident],
    *,
    in_rounds: bool = False,
    in_sequence: bool = False,
    grain: int = 0,
) -> Lags:
    """The waits with which all buffers suffice, given what is held on them.

    Programs are those of a schedule that keeps them: in which windows of a layer begin round by
    round, layers one after the other, and times are counted in grains, if so asked.

    Raises:
        SpatemError: they never do; names PE, node, bytes needed and bytes there.
    """
    choice = _Choice(deployed, held, in_rounds=in_rounds)
    choice.find_least()
    nodes, blocks = deployed.dataflow.nodes, choice.blocks
    complete = {
        (node.number, source): np.array([nodes[source].positions])
        for node in choice.barriers
        for source in node.sources
    }
    complete |= {
        (node.number, node.store): (np.arange(blocks.count(node)) + 1) * blocks.width(node)
        for node in deployed.dataflow.inputs
        if node.store is not None
    }

    def unstuck(factor: float) -> Lags:
        """The waits of lags that are enlarged by a factor until nothing waits for ever."""
        for _ in range(MOST_ATTEMPTS):
            lags = choice.grown()
            limited = {pair: lag for pair, lag in lags.items() if lag < choice.full[pair]}
            until = {pair: choice.until(pair, lag) for pair, lag in limited.items()} | complete
            accelerator = deployed.accelerator
            found = paces(blocks, accelerator, until, in_sequence=in_sequence, grain=grain)
            if not found.stuck:
                waits = [
                    Wait(number, other, np.repeat(counts, blocks.width(nodes[number])))
                    for (number, other), counts in until.items()
                ]
                return Lags(waits, found)
            for pair in found.stuck & lags.keys():
                larger = max(int(factor * lags[pair]), lags[pair] + 1)
                choice.least[pair] = min(larger, choice.full[pair])
        raise DoesNotFitError("order: found no way to make the buffers suffice; set buffers=ignore")

    least = dict(choice.least)
    for factor in UNSTUCK[:-1]:
        try:
            return unstuck(factor)
        except SpatemError:
            choice.least = dict(least)
    return unstuck(UNSTUCK[-1])
