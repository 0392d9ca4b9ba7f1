"""What the visits of an execution are of: tiles, windows and images, for any crossbars at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import Dataflow
from spatem_ir.runtime.machine.schedule import VisitSchedule

Ints = NDArray[np.int64]


class Visited(NamedTuple):
    """Of several visits: the tile of the layer, the window and the image; arrays of one length."""

    tiles: Ints
    windows: Ints
    images: Ints


def visited(
    crossbars: Ints,
    numbers: Ints,
    nodes: Ints,
    programs: Iterable[CrossbarProgram],
    dataflow: Dataflow,
    schedule: VisitSchedule | None,
) -> Visited:
    """What visits are of, by crossbar, number and node; arrays of one length.

    The visits of a crossbar are numbered in the order in which it ran them, over all images;
    `schedule` says that order unless it is that of the programs.
    """
    tiles, turns, images = (np.full(len(crossbars), -1, np.int64) for _ in range(3))
    order = np.argsort(crossbars, kind="stable")
    in_order = crossbars[order]
    for program in programs:
        bounds = np.searchsorted(in_order, np.stack([program.crossbars, program.crossbars + 1]))
        for member, (first, stop) in enumerate(bounds.T.tolist()):
            if first == stop:
                continue
            here = order[first:stop]
            places = numbers[here]
            if schedule is not None:
                places = schedule.places[schedule.of(int(program.crossbars[member]))][places]
            images[here], places = np.divmod(places, len(program.bursts))
            tiles[here] = program.tiles[program.bursts[places], member]
            turns[here] = program.windows[places]
    return Visited(tiles, _windows(dataflow, nodes, tiles, turns), images)


def _windows(dataflow: Dataflow, nodes: Ints, tiles: Ints, turns: Ints) -> Ints:
    """The windows with numbers `turns` in the shares of the copies of tiles, layer by layer."""
    windows = turns.copy()
    for number in np.unique(nodes).tolist():
        here = np.flatnonzero(nodes == number)
        layer, grid = dataflow.nodes[number].partitioned
        windows[here] = grid.dealt_window(layer, grid.coordinates(tiles[here]).copy, turns[here])
    return windows
