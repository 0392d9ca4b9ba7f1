"""Phases of an execution: what is in buffers before a node begins is gone afterwards.

A *barrier* is a node all of whose positions wait until all its sources are complete.  Before it
begins nothing of it or of what only follows from it is in any buffer, and afterwards nothing that
only its sources, and what comes before them, read.  Barriers one after the other make phases.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.links import axes_of
from spatem_ir.geometry.network.waits import Wait

PIECES, SUMS = "activations", "partial sums"
"""What a node can have in buffers."""


class Phase(NamedTuple):
    """Nodes of which pieces, and layers of which partial sums may be in buffers during a phase."""

    pieces: frozenset[int]
    sums: frozenset[int]


def is_in(node: Node, what: str, phase: Phase) -> bool:
    """Whether a node can have pieces or sums in buffers during a phase."""
    return node.number in (phase.pieces if what == PIECES else phase.sums)


def barriers(dataflow: Dataflow, waits: Iterable[Wait]) -> list[Node]:
    """The nodes that some waits make barriers, in topological order."""
    complete = {
        (wait.node, wait.other)
        for wait in waits
        if wait.until.min() == dataflow.nodes[wait.other].positions
    }
    return [
        node
        for node in dataflow.nodes
        if node.sources and all((node.number, source) in complete for source in node.sources)
    ]


def phases(dataflow: Dataflow, nodes: Iterable[Node]) -> list[Phase]:
    """The phases that barriers make, of which those are used that follow from each other."""
    everything = frozenset(range(len(dataflow.nodes)))
    later = [everything]
    pieces_gone: list[frozenset[int]] = [frozenset()]
    sums_gone: list[frozenset[int]] = [frozenset()]
    for node in nodes:
        following = _following(dataflow, node)
        if following < later[-1]:
            complete = _complete(dataflow, node)
            later.append(following)
            sums_gone.append(complete)
            pieces_gone.append(
                frozenset(
                    other.number
                    for other in dataflow.nodes
                    if complete.issuperset(r.number for r in dataflow.readers(other))
                )
            )
    found = []
    for number in range(len(later)):
        begun = everything - frozenset().union(*later[number + 1 :])
        found.append(
            Phase(
                begun - frozenset().union(*pieces_gone[: number + 1]),
                begun - frozenset().union(*sums_gone[: number + 1]),
            )
        )
    return found


def _following(dataflow: Dataflow, barrier: Node) -> frozenset[int]:
    """The barrier and all nodes that cannot begin anything before it has."""
    found = {barrier.number}
    for node in dataflow.nodes[barrier.number + 1 :]:
        if node.sources and found.issuperset(node.sources) and not _reads_padding(node):
            found.add(node.number)
    return frozenset(found)


def _reads_padding(node: Node) -> bool:
    """Whether there is padding in what a node reads: what reads nothing else can begin at once."""
    if node.kind is NodeKind.LAYER:
        axes = list(axes_of(node, 0))
    else:
        axes = [axis for r in node.reaches for axis in (r.channels, r.rows, r.columns)]
    return any((axis.indices() < 0).any() for axis in axes)


def _complete(dataflow: Dataflow, barrier: Node) -> frozenset[int]:
    """The sources of a barrier and all nodes before them."""
    found = set(barrier.sources)
    for node in reversed(dataflow.nodes[: barrier.number]):
        if node.number in found:
            found.update(node.sources)
    return frozenset(found)
