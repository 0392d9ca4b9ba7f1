"""Algorithm 1 of SPATEM (ASP-DAC 2022): relaxed bounded knapsack by DP.

[P] Stages are (layer, degree) with the degrees in the fixed order hwm, wwm, iw, ib; columns are
the crossbar requirement r from 0 to L · C.  The requirement is relaxed: each tile asks for one
crossbar, but up to L layers may share one after packing.  The value of a state is the inference
latency reduction (ILR) against the minimum mapping; latencies of layers add up.

[R] Where L · C exceeds :data:`UNBUCKETED_COLUMNS`, neighbouring requirements share a column, which
keeps the best of their states.  The minimum mapping is charged first.  A stage carries a state over
when its degree is not raised.  Every state keeps the degrees chosen so far, because gains inside a
layer multiply.  After a layer's last degree, columns that need more crossbars for no more ILR are
dropped.
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

UNBUCKETED_COLUMNS = 2**18
"""The largest requirement up to which each requirement has a column of its own."""

MOST_COLUMNS = 2**15
"""Columns of the DP beyond that, where one column stands for several requirements."""

RAISED_AT_ONCE = 2**16
"""States of the DP that are raised in one step of numpy, at least all with one value."""


@dataclass(frozen=True)
class Columns:
    """The columns of the DP: requirements from `least` to `most`, `width` of them to a column.

    The least requirement, that of the minimum mapping, has a column of its own.
    """

    least: int
    most: int
    width: int

    @staticmethod
    def between(least: int, most: int, count: int | None = None) -> Columns:
        """Columns for requirements from `least` to `most`, about `count` of them if given."""
        if count is None:
            count = most if most <= UNBUCKETED_COLUMNS else MOST_COLUMNS
        return Columns(least, most, -(-most // count))

    @property
    def count(self) -> int:
        """How many columns there are."""
        return -(-(self.most - self.least) // self.width) + 1

    def of(self, requirement: NDArray[np.int64]) -> NDArray[np.int64]:
        """The column of each requirement."""
        return -((self.least - requirement) // self.width)


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


def partition_spatem(layers: list[Layer], accelerator: Accelerator, deal: Deal) -> TracedPartitions:
    """Strategies of all useful crossbar requirements, in ascending estimated latency.

    A minimum mapping of more than L · C tiles is the only strategy then; `pack` finds out whether
    more than L tiles fit into a crossbar.
    """
    candidates = [layer_candidates(layer, accelerator) for layer in layers]
    latencies = [layer_latencies(candidate, accelerator) for candidate in candidates]
    return algorithm_1(candidates, latencies, accelerator, deal)


def algorithm_1(
    candidates: list[LayerCandidates],
    latencies: list[NDArray[np.int64]],
    accelerator: Accelerator,
    deal: Deal,
    most_columns: int | None = None,
    most_layers: int | None = None,
) -> TracedPartitions:
    """Algorithm 1 on given candidates, which may be some of a layer's, and their latencies.

    With `most_columns`, so many columns stand for all requirements; with `most_layers`, those are
    at most what so many layers may share.
    """
    layers = [candidate.layer for candidate in candidates]
    minimum = sum(int(candidate.parts.flat[0]) for candidate in candidates)
    sharing = min(len(layers), most_layers or len(layers))
    most = max(sharing * accelerator.crossbars, minimum)
    columns = Columns.between(minimum, most, most_columns)
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
    columns: Columns,
) -> States:
    """One stage: every state with every value of one degree; the best state of each column.

    Of the states of a column, the first with the largest reduction: the one with the lowest value,
    then the one whose origin has the lowest requirement.
    """
    before = np.ravel_multi_index(tuple(states.choice.T), parts.shape)
    step = int(np.prod(parts.shape[degree + 1 :]))
    lowest = before - states.choice[:, degree] * step
    flat_parts, flat_latency = parts.reshape(-1), latency.reshape(-1)
    other_parts = states.requirement - flat_parts[before]
    other_reduction = states.reduction + flat_latency[before]
    best = np.full(columns.count, UNREACHED, np.int64)
    raised = []
    count, values = len(states.requirement), parts.shape[degree]
    values_at_once = max(RAISED_AT_ONCE // count, 1)
    for first in range(0, values, values_at_once):
        value = np.arange(first, min(first + values_at_once, values))[:, None]
        after = lowest + value * step
        requirement = (other_parts + flat_parts[after]).reshape(-1)
        reduction = (other_reduction - flat_latency[after]).reshape(-1)
        fits = np.flatnonzero(requirement <= columns.most)
        column, reduction = columns.of(requirement[fits]), reduction[fits]
        np.maximum.at(best, column, reduction)
        raised.append((first * count + fits, column, reduction))
    chosen = np.zeros(columns.count, np.int64)
    for number, column, reduction in reversed(raised):
        wins = np.flatnonzero(reduction == best[column])[::-1]
        chosen[column[wins]] = number[wins]
    reached = np.flatnonzero(best > UNREACHED)
    value, which = np.divmod(chosen[reached], count)
    choice = states.choice[which]
    choice[:, degree] = value
    requirement = other_parts[which] + flat_parts[lowest[which] + value * step]
    return States(requirement, best[reached], choice, states.origin[which])


def _undominated(states: States) -> States:
    """The states with a larger reduction than every state with a smaller requirement."""
    best_before = np.maximum.accumulate(np.append(-1, states.reduction[:-1]))
    return states.select(np.flatnonzero(states.reduction > best_before))


def _strategies(
    candidates: list[LayerCandidates], history: list[States], worst: int, deal: Deal
) -> TracedPartitions:
    """Trace every final state back through the layers."""
    final = history[-1]
    cycles = worst - final.reduction
    state = np.argsort(cycles, kind="stable")
    cycles, choices = cycles[state], []
    for states in reversed(history):
        choices.append(states.choice[state])
        state = states.origin[state]
    return TracedPartitions(tuple(candidates), cycles, np.array(choices[::-1]), deal)
