"""Which poolings over a whole map work by rows (R6): those of which a PE has less to do so.

A pooling over a whole map has one result for each channel, at one PE; its row sums can be made at
the PEs of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node
from spatem_ir.geometry.network.decided import can_work_by_rows, sums_name
from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]
Homes = dict[str, Ints]
"""The home PE of each (slice, position) of every layer and digital operator, by name."""


def pooled_by_rows(
    whole: Dataflow,
    network: Callable[[Collection[str]], Dataflow],
    homes_of: Callable[[Dataflow], Homes],
    accelerator: Accelerator,
) -> tuple[Dataflow, Homes]:
    """A network some of whose poolings work by rows, and its homes.

    None do in the `whole` one; `network` is that in which the poolings of some names do, and
    `homes_of` says its homes.
    """
    homes = homes_of(whole)
    names = [node.name for node in whole.nodes if can_work_by_rows(node)]
    if not names:
        return whole, homes
    by_rows = network(names)
    homes_by_rows = homes_of(by_rows)
    better = [
        name
        for name in names
        if busiest(by_rows, sums_name(name), homes_by_rows, accelerator)
        + busiest(by_rows, name, homes_by_rows, accelerator)
        < busiest(whole, name, homes, accelerator)
    ]
    if better == names:
        return by_rows, homes_by_rows
    if not better:
        return whole, homes
    some = network(better)
    return some, homes_of(some)


def busiest(dataflow: Dataflow, name: str, homes: Homes, accelerator: Accelerator) -> int:
    """The most cycles for which the pooling units of a PE work on a node."""
    cycles = pooling_cycles(dataflow.by_name[name], accelerator)
    return int(np.bincount(homes[name].reshape(-1), cycles).max())


def pooling_cycles(node: Node, accelerator: Accelerator) -> Ints:
    """The cycles that each piece of a pooling over a line or a map takes: [pieces]."""
    (reach,) = node.reaches
    read = reach.rows.kernel * reach.columns.kernel
    digital = accelerator.components.digital
    cycles = digital.cycles(node.slice_sizes * read, pooling=True)
    return np.repeat(cycles, node.positions)
