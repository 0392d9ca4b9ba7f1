"""The time that crossbars shared by several layers have left for the next layer [R].

Of crossbars of one kind, B(t) is how long they have been busy until cycle t, on average; their
spare time until then is A(t) = t - B(t), kept as a polyline.  A layer asks for the time of those
crossbars alone that hold the first tile of a copy: few kinds, though tiles of many layers make
thousands of them.  Kinds for which no later layer asks are not followed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.equals import first_of_equals

Times = NDArray[np.int64]
Numbers = Times | NDArray[np.float64]
"""Cycles, or amounts of spare time."""

Knots = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The points of a polyline: their cycles, ascending, and its values there."""

SAMPLES = 1024
"""Visits of a layer from which its use of a kind of crossbars is known."""

KNOTS = 64
"""Points that describe how a layer's use of a kind of crossbars grows."""

MOST_KNOTS = 256
"""Points that describe the use of a kind of crossbars by all layers."""


class SpareTime:
    """The time that crossbars have left, by kind of crossbar: tiles of the same layers.

    `kind[c]` is the kind of crossbar c, `tiles[layer][k]` the number of tiles of a layer in a
    crossbar of kind k, on average.
    """

    def __init__(
        self,
        crossbars: dict[int, NDArray[np.int64]],
        asked: dict[int, NDArray[np.int64]],
        count: int,
    ):
        """The crossbar of each tile of each layer, and those whose time each layer asks for.

        Layers are in the order in which they use crossbars, of which there are at least `count`.
        """
        self.count = max(count, *(int(used.max()) + 1 for used in crossbars.values()))
        holds = np.zeros((len(crossbars), self.count), np.bool_)
        for row, used in zip(holds, crossbars.values(), strict=True):
            row[used] = True
        self.kind = kinds_of(holds)
        size = np.bincount(self.kind)
        self.tiles = {
            layer: np.bincount(self.kind[used], minlength=len(size)) / size
            for layer, used in crossbars.items()
        }
        last_asked = np.zeros(len(size), np.int64)
        for turn, used in enumerate(asked.values()):
            last_asked[self.kind[used]] = turn
        self.followed = {
            layer: np.flatnonzero((tiles > 0) & (last_asked > turn)).tolist()
            for turn, (layer, tiles) in enumerate(self.tiles.items())
        }
        self.knots: dict[int, Knots] = {}

    def by_kind(self, crossbars: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
        """The places of crossbars in a list, ascending, by kind of crossbar."""
        kinds = self.kind[crossbars]
        order = np.argsort(kinds, kind="stable")
        bounds = np.flatnonzero(np.diff(kinds[order])) + 1
        return {int(kinds[places[0]]): places for places in np.split(order, bounds)}

    def before(self, kind: int, times: Numbers) -> Numbers:
        """Spare time until each cycle: all time on crossbars that no layer has used."""
        if kind not in self.knots:
            return times
        at, spare = self.knots[kind]
        return np.interp(times, at, spare) + np.maximum(times - at[-1], 0)

    def after(self, kind: int, spare: Numbers) -> Numbers:
        """The cycle until which there is so much spare time, a whole number."""
        if kind not in self.knots:
            return spare
        at, known = self.knots[kind]
        rising = known + np.arange(len(known)) * 1e-6
        times = np.interp(spare, rising, at) + np.maximum(spare - known[-1], 0)
        return np.ceil(times)

    def use(
        self,
        layer: int,
        done: dict[int, Numbers],
        everywhere: Numbers,
        visit: int,
        busy: NDArray[np.float64],
    ) -> None:
        """A layer's visits keep crossbars of kind k busy, `busy[k]` cycles on average.

        `done[k]` is when the visits end that are known to be on crossbars of kind k; on those of
        other kinds they end as they do `everywhere`.
        """
        followed = self.followed[layer]
        if not followed:
            return
        elsewhere = growth(everywhere, visit)
        for kind in followed:
            at, share = growth(done[kind], visit) if kind in done else elsewhere
            known = self.knots[kind][0] if kind in self.knots else np.zeros(1)
            cycles = np.sort(np.concatenate([known, at]))
            cycles = cycles[first_of_equals(cycles)]
            if len(cycles) > MOST_KNOTS:
                cycles = cycles[evenly(len(cycles), MOST_KNOTS)]
            spare = self.before(kind, cycles) - np.interp(cycles, at, share * busy[kind])
            self.knots[kind] = cycles, np.maximum.accumulate(np.maximum(spare, 0))


def growth(done: Numbers, visit: int) -> Knots:
    """The share that has passed until a cycle of visits of `visit` cycles that end at `done`."""
    ends = done.reshape(-1)
    ends = np.sort(ends[:: -(-len(ends) // SAMPLES)])
    picked = evenly(len(ends), min(KNOTS, len(ends)))
    at, share = np.empty(len(picked) + 1), np.zeros(len(picked) + 1)
    at[0], at[1:] = max(int(ends[0]) - visit, 0), ends[picked]
    share[1:] = (picked + 1) / len(ends)
    return at, share


def evenly(length: int, count: int) -> NDArray[np.int64]:
    """`count` indices of a sequence of a length, the first, the last and evenly between them."""
    indices = (np.arange(count) * ((length - 1) / max(count - 1, 1))).astype(np.int64)
    indices[-1] = length - 1
    return indices


def kinds_of(holds: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The kind of each crossbar, 0, 1, 2 …: those alike in `holds` [layers, crossbars].

    Neighbours are mostly alike, so that only one crossbar of each run of equal ones is looked at.
    """
    differs = np.append(True, (holds[:, 1:] != holds[:, :-1]).any(axis=0))
    packed = np.packbits(holds[:, differs], axis=0)
    _, kind = np.unique(packed, axis=1, return_inverse=True)
    return kind.reshape(-1)[np.cumsum(differs) - 1]
