"""Algorithm 1 of SPATEM (ASP-DAC 2022): relaxed bounded knapsack by DP.

[P] Stages are (layer, degree) with the degrees in the fixed order hwm, wwm, iw, ib; columns are
the crossbar requirement r from 0 to L · C.  The requirement is relaxed: each tile asks for one
crossbar, but up to L layers may share one after packing.  The value of a state is the inference
latency reduction (ILR) against the minimum mapping; latencies of layers add up.

[R] The minimum mapping is charged first.  A stage carries a state over when its degree is not
raised.  Every state keeps the degrees chosen so far, because gains inside a layer multiply.  After
a layer's last degree, columns that need more crossbars for no more ILR are dropped.

[R] Where L · C exceeds :data:`MOST_COLUMNS`, what each layer requires beyond its minimum mapping is
counted in units of several crossbars, rounded up.  That overstates the requirement of a network by
at most L · (unit - 1) crossbars, less than a share of L / :data:`MOST_COLUMNS` of L · C: 0.1 % for
130 layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.estimate.candidates import LayerCandidates, layer_candidates
from spatem_ir.geometry.estimate.latency import layer_latencies
from spatem_ir.passes.partition.partitions import TracedPartitions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.grid import Deal
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


UNREACHED = np.iinfo(np.int64).min
"""The reduction of a column that no state reaches."""

MOST_COLUMNS = 2**17
"""The columns of the DP up to which each requirement has one of its own."""

RAISED_AT_ONCE = 2**16
"""States of the DP that are raised in one step of numpy, at least all with one value."""


@dataclass(frozen=True)
class States:
    """The reachable columns of one stage of the DP: four arrays of shape [states].

    `requirement` is the column, counted from the minimum mapping's, `reduction` the ILR, `choice`
    the number of the current layer's grid in its raveled candidates, and `origin` the state after
    the previous layer.
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


def algorithm_1(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> TracedPartitions:
    """Strategies of all useful crossbar requirements, in ascending estimated latency.

    A minimum mapping of more than L · C tiles is the only strategy then; `pack` finds out whether
    more than L tiles fit into a crossbar.
    """
    candidates = [layer_candidates(layer, accelerator) for layer in layers]
    latencies = [layer_latencies(candidate, accelerator) for candidate in candidates]
    relaxed = len(layers) * accelerator.crossbars
    minimum = sum(int(candidate.parts.flat[0]) for candidate in candidates)
    unit = -(-relaxed // MOST_COLUMNS)
    columns = max(relaxed - minimum, 0) // unit + 1
    requirements = [-((c.parts.flat[0] - c.parts) // unit) for c in candidates]
    zero = np.zeros(1, np.int64)
    states, history = States(zero, zero, zero, zero), []
    for requirement, latency in zip(requirements, latencies, strict=True):
        states = _start_layer(states)
        for degree in range(requirement.ndim):
            states = _raise_degree(states, degree, requirement, latency, columns)
        states = _undominated(states)
        history.append(states)
    worst = sum(int(latency.flat[0]) for latency in latencies)
    return _strategies(candidates, history, worst, deal)


def _start_layer(states: States) -> States:
    """The states before a layer's first stage: its minimum mapping, whatever came before."""
    count = len(states.requirement)
    return States(states.requirement, states.reduction, np.zeros(count, np.int64), np.arange(count))


def _raise_degree(
    states: States,
    degree: int,
    requirement: NDArray[np.int64],
    latency: NDArray[np.int64],
    columns: int,
) -> States:
    """One stage: every state with every value of one degree; the best state of each column.

    Of the states of a column, the first with the largest reduction: the one with the lowest value,
    then the one whose origin has the lowest requirement.
    """
    count, values = len(states.requirement), requirement.shape[degree]
    step = int(np.prod(requirement.shape[degree + 1 :]))
    flat_requirement, flat_latency = requirement.reshape(-1), latency.reshape(-1)
    others_require = states.requirement - flat_requirement[states.choice]
    others_reduce = states.reduction + flat_latency[states.choice]
    best = np.full(columns, UNREACHED, np.int64)
    winner = np.zeros(columns, np.int64)
    values_at_once = max(RAISED_AT_ONCE // count, 1)
    for first in range(0, values, values_at_once):
        value = np.arange(first, min(first + values_at_once, values))[:, None]
        raised = states.choice + value * step
        column = (others_require + flat_requirement[raised]).reshape(-1)
        fits = np.flatnonzero(column < columns)
        column = column[fits]
        reduction = (others_reduce - flat_latency[raised]).reshape(-1)[fits]
        before = best[column]
        np.maximum.at(best, column, reduction)
        wins = np.flatnonzero((reduction == best[column]) & (reduction > before))[::-1]
        winner[column[wins]] = first * count + fits[wins]
    reached = np.flatnonzero(best > UNREACHED)
    value, which = np.divmod(winner[reached], count)
    return States(reached, best[reached], states.choice[which] + value * step, states.origin[which])


def _undominated(states: States) -> States:
    """The states with a larger reduction than every state with a smaller requirement."""
    best_before = np.maximum.accumulate(np.append(-1, states.reduction[:-1]))
    return states.select(np.flatnonzero(states.reduction > best_before))


def _strategies(
    candidates: list[LayerCandidates], history: list[States], worst: int, deal: Deal
) -> TracedPartitions:
    """Trace every final state back through the layers, the one with the largest ILR first."""
    state = np.arange(len(history[-1].reduction))[::-1]
    cycles, choices = worst - history[-1].reduction[state], []
    for candidate, states in zip(reversed(candidates), reversed(history), strict=True):
        grids = np.unravel_index(states.choice[state], candidate.parts.shape)
        choices.append(np.stack(grids, axis=1))
        state = states.origin[state]
    return TracedPartitions(tuple(candidates), cycles, np.array(choices[::-1]), deal)
