"""SPATEM's partitioning (ASP-DAC 2022, Algorithm 1): relaxed bounded knapsack by DP.

[P] Stages are (layer, degree) with the degrees in the fixed order hwm, wwm, iw, ib; columns are
the crossbar requirement r from 0 to L · C.  The requirement is relaxed: each tile asks for one
crossbar, but up to L layers may share one after packing.  The value of a state is the inference
latency reduction (ILR) against the minimum mapping; latencies of layers add up.

[R] The minimum mapping is charged first.  A stage carries a state over when its degree is not
raised.  Every state keeps the degrees chosen so far, because gains inside a layer multiply.  After
a layer's last degree, columns that need more crossbars for no more ILR are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.candidates import LayerCandidates, layer_candidates
from spatem_ir.geometry.latency import layer_latencies
from spatem_ir.passes.partition.strategy import Strategy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.grid import Deal
    from spatem_ir.geometry.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class States:
    """The reachable columns of one stage of the DP.

    `requirement` and `reduction` (ILR) have shape [states], `choice` (the numbers of the cuts of
    the current layer) shape [states, 4], `origin` (the state after the previous layer) [states].
    """

    requirement: NDArray[np.int64]
    reduction: NDArray[np.int64]
    choice: NDArray[np.int64]
    origin: NDArray[np.int64]

    def select(self, which: NDArray[np.int64]) -> States:
        """The states with the given numbers."""
        return States(
            self.requirement[which], self.reduction[which], self.choice[which], self.origin[which]
        )


def partition_spatem(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> list[Strategy]:
    """Strategies of all useful crossbar requirements, in ascending estimated latency.

    A minimum mapping of more than L · C tiles is the only strategy then; `pack` finds out whether
    more than L tiles fit into a crossbar.
    """
    candidates = [layer_candidates(layer, accelerator) for layer in layers]
    latencies = [layer_latencies(candidate, accelerator) for candidate in candidates]
    minimum = sum(int(candidate.parts.flat[0]) for candidate in candidates)
    columns = max(len(layers) * accelerator.crossbars, minimum)
    worst = sum(int(latency.flat[0]) for latency in latencies)
    states = States(
        requirement=np.array([minimum]),
        reduction=np.array([0]),
        choice=np.zeros((1, 4), np.int64),
        origin=np.zeros(1, np.int64),
    )
    history = []
    for candidate, latency in zip(candidates, latencies, strict=True):
        states = _start_layer(states)
        for degree in range(4):
            states = _raise_degree(states, degree, candidate.parts, latency, columns)
        states = _undominated(states)
        history.append(states)
    return _strategies(candidates, history, worst, deal)


def _start_layer(states: States) -> States:
    """The states before a layer's first stage: its minimum mapping, whatever came before."""
    count = len(states.requirement)
    return States(
        states.requirement, states.reduction, np.zeros((count, 4), np.int64), np.arange(count)
    )


def _raise_degree(
    states: States,
    degree: int,
    parts: NDArray[np.int64],
    latency: NDArray[np.int64],
    columns: int,
) -> States:
    """One stage: every state with every value of one degree; the best state of each column."""
    raised = []
    before = tuple(states.choice.T)
    for value in range(parts.shape[degree]):
        choice = states.choice.copy()
        choice[:, degree] = value
        after = tuple(choice.T)
        requirement = states.requirement + parts[after] - parts[before]
        reduction = states.reduction + latency[before] - latency[after]
        raised.append(
            States(requirement, reduction, choice, states.origin).select(
                np.flatnonzero(requirement <= columns)
            )
        )
    return _best_per_column(_joined(raised))


def _joined(parts: list[States]) -> States:
    return States(
        np.concatenate([part.requirement for part in parts]),
        np.concatenate([part.reduction for part in parts]),
        np.concatenate([part.choice for part in parts]),
        np.concatenate([part.origin for part in parts]),
    )


def _best_per_column(states: States) -> States:
    """Of the states with the same requirement, the first with the largest reduction."""
    order = np.lexsort((-states.reduction, states.requirement))
    requirement = states.requirement[order]
    first = np.append(True, requirement[1:] != requirement[:-1])
    return states.select(order[first])


def _undominated(states: States) -> States:
    """The states with a larger reduction than every state with a smaller requirement."""
    best_before = np.maximum.accumulate(np.append(-1, states.reduction[:-1]))
    return states.select(np.flatnonzero(states.reduction > best_before))


def _strategies(
    candidates: list[LayerCandidates], history: list[States], worst: int, deal: Deal
) -> list[Strategy]:
    """Trace every final state back through the layers."""
    final = history[-1]
    state = np.arange(len(final.requirement))
    choices = []
    for states in reversed(history):
        choices.append(states.choice[state])
        state = states.origin[state]
    choices.reverse()
    strategies = [
        Strategy(
            cycles=worst - int(final.reduction[number]),
            grids=tuple(
                candidate.grid(tuple(choice[number].tolist()), deal)
                for candidate, choice in zip(candidates, choices, strict=True)
            ),
        )
        for number in range(len(final.requirement))
    ]
    return sorted(strategies, key=lambda strategy: strategy.cycles)
