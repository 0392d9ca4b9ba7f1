"""The lower bound of phases: layers that need a whole operand come after all that leads to it.

[R] A layer whose windows all read every position, in all channels, is *whole*: a dense layer, one
behind a pooling over whole maps.  None of its outputs is ready before all work that leads to it has
been done, by whatever kind of resource needs longest for it; that is a better head for the layer's
outputs, and for all that follows, than any chain.  So the phases of a network add up, each with the
kind of resource that has most to do in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from spatem_ir.geometry.bounds.chains import Chains, path_bound
from spatem_ir.geometry.bounds.entry import entry_bound
from spatem_ir.geometry.bounds.heads import Heads, NetworkSteps
from spatem_ir.geometry.bounds.loads import LOADS, Load, Work
from spatem_ir.geometry.bounds.reads import layer_of
from spatem_ir.geometry.bounds.tails import Tails
from spatem_ir.geometry.network.dataflow import Node, NodeKind

PATH, ENTRY = "path", "entry"
"""The bounds by which phases end that no load ends: chains, and the way of the input."""


@dataclass(frozen=True)
class BoundPhase:
    """A part of the time until a layer can be ready, or until all outputs have left.

    It ends in cycle `end`, by the load, or other bound, of the name `by`.
    """

    until: str
    end: int
    by: str


class _Event(NamedTuple):
    """Something that needs all that leads to it, and does not happen before `cycles`.

    The load with the name `by` takes longest, from `begin` on.  `before` is all work of each load
    that leads to the event, with tails to it; `beside` are the nodes that do not.
    """

    until: str
    cycles: int
    begin: int
    by: str
    before: dict[str, Work]
    beside: list[Node]


class PhasesBound:
    """The phases of a network.

    `without` names loads and other bounds that do not count, as if there were as much of their
    resources as need be.
    """

    def __init__(self, steps: NetworkSteps, without: Collection[str] = ()):
        self.steps = steps
        self.loads = {name: load for name, load in LOADS.items() if name not in without}
        self.with_entry = ENTRY not in without
        self.heads = Heads(steps)
        self.wholes: dict[int, _Event] = {}
        self._last: dict[int, int] = {}
        for node in steps.dataflow.nodes:
            self._find(node)

    @property
    def cycles(self) -> int:
        """The bound: the latency is at least so many cycles; 0 if no layer is whole."""
        return self.end.cycles if self.wholes else 0

    @property
    def phases(self) -> list[BoundPhase]:
        """What the bound consists of, the first phase first; none if no layer is whole."""
        if not self.wholes:
            return []
        found, event = [], self.end
        while True:
            found.append(BoundPhase(event.until, event.cycles, event.by))
            earlier = [each for each in self.wholes.values() if each.cycles <= event.begin]
            if not earlier:
                return found[::-1]
            event = max(earlier, key=lambda each: each.cycles)

    @property
    def cycles_by(self) -> dict[str, int]:
        """The cycles of the bound by the names of loads or other bounds that take them."""
        spent: Counter[str] = Counter()
        begin = 0
        for phase in self.phases:
            spent[phase.by] += phase.end - begin
            begin = phase.end
        return dict(spent)

    def _find(self, node: Node) -> None:
        """Find the head of the next node, and which whole layer leads to it last."""
        self.heads.find(node)
        last = max((self._last.get(source, -1) for source in node.sources), default=-1)
        if is_whole(self.steps, node):
            ready = self.heads.ready[node.number]
            event = self._event(node.name, [node], last, int(ready.min()))
            np.maximum(ready, event.cycles, out=ready)
            self.wholes[node.number] = event
            last = node.number
        self._last[node.number] = last

    @cached_property
    def end(self) -> _Event:
        """The end of the inference."""
        outputs = self.steps.dataflow.outputs
        last = max(self._last[node.number] for node in outputs)
        return self._event("the end", outputs, last, path_bound(self.steps, self.heads))

    def _event(self, until: str, ends: list[Node], last: int, chain: int) -> _Event:
        """The event that all of some nodes are ready; no chain that leads to it ends earlier.

        `last` is the number of the last whole layer that leads to it, negative if none does.

        Proof.  Each output of a whole layer needs all elements that the layer reads; the end of the
        inference needs all outputs.  So the event comes after each piece of work that leads to one
        of them, and the tail from there to the event; what is proven of loads holds with the event
        for the end.  Work that leads to the last whole layer before is followed, too, by what leads
        from there to here.  Of a whole layer with one window the first output takes all rows and
        bits of one channel, too.
        """
        nodes = self.steps.dataflow.nodes
        beside = self.wholes[last].beside if last in self.wholes else []
        among = {node.number for node in ends}
        before = nodes[max(last, 0) : max(among)]
        between = [*beside, *(node for node in before if node.number not in among)]
        tails = Tails(self.steps)
        for node in between:
            tails.add(node)
        for node in ends:
            tails.add(node, 0)
        for node in sorted((*ends, *between), key=lambda each: each.number, reverse=True):
            if node.number != last:
                tails.pass_back(node)
        found = _Event(until, chain, 0, PATH, {}, [n for n in between if tails.is_never(n)])
        if last in self.wholes:
            found = found._replace(begin=self.wholes[last].cycles)
        interconnect = self.steps.accelerator.components.interconnect
        returns = interconnect.least_returns if ends[0].kind is NodeKind.OUTPUT else None
        chains = Chains(self.steps, self.heads, tails, between, returns=returns)
        for name, load in self._loads(chains):
            if last in self.wholes:
                after = int(tails.full[last].max())
                load = load.with_work(self.wholes[last].before[name].later(after))
            found.before[name] = load.rounded()
            if ends[0].kind is NodeKind.LAYER and ends[0].positions == 1:
                load = load.with_work(
                    self.loads[name](replace(chains, nodes=ends, first=True)).work
                )
            busy = load.bound()
            if busy.cycles > found.cycles:
                found = found._replace(cycles=busy.cycles, begin=busy.head, by=name)
        if last not in self.wholes and self.with_entry:
            cycles = entry_bound(chains)
            if cycles > found.cycles:
                found = found._replace(cycles=cycles, begin=0, by=ENTRY)
        return found

    def _loads(self, chains: Chains) -> Iterator[tuple[str, Load]]:
        """The loads of some nodes, much of which starts where a whole layer ends."""
        events = tuple(event.cycles for event in self.wholes.values())
        return ((name, replace(load(chains), events=events)) for name, load in self.loads.items())


def is_whole(steps: NetworkSteps, node: Node) -> bool:
    """Whether all windows of a layer read every position of its operand in all channels."""
    if node.kind is not NodeKind.LAYER or layer_of(node).groups > 1:
        return False
    return steps.reads[node.number].windows.is_whole
