"""The time that crossbars shared by several layers have left for the next layer [R].

Of crossbars of one kind, B(t) is how long they have been busy until cycle t, on average; their
spare time until then is A(t) = t - B(t), kept as a polyline.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]

SAMPLES = 1024
"""Visits of a layer from which its use of a kind of crossbars is known."""

KNOTS = 64
"""Points that describe how a layer's use of a kind of crossbars grows."""

MOST_KNOTS = 256
"""Points that describe the use of a kind of crossbars by all layers."""


class SpareTime:
    """The time that crossbars have left, by kind of crossbar: tiles of the same layers.

    `kind[c]` is the kind of crossbar c.
    """

    def __init__(self, crossbars: dict[int, NDArray[np.int64]], count: int):
        count = max(count, *(int(used.max()) + 1 for used in crossbars.values()))
        holds = np.zeros((len(crossbars), count), np.int64)
        self.rows = {number: row for row, number in enumerate(crossbars)}
        for number, used in crossbars.items():
            holds[self.rows[number]] = np.bincount(used, minlength=count)
        self.count = count
        self.kind = kinds_of(holds > 0)
        kinds = int(self.kind.max()) + 1
        self.size = np.bincount(self.kind, minlength=kinds)
        self.held = np.stack(
            [np.bincount(self.kind, weights=row, minlength=kinds) for row in holds]
        )
        self.knots = {k: (np.array([0.0]), np.array([0.0])) for k in range(kinds)}

    def tiles(self, layer: int, kind: int) -> float:
        """Tiles of a layer in a crossbar of a kind, on average."""
        return float(self.held[self.rows[layer], kind] / self.size[kind])

    def before(self, kind: int, times: Times) -> NDArray[np.float64]:
        """Spare time until each cycle."""
        at, spare = self.knots[kind]
        return np.interp(times, at, spare) + np.maximum(times - at[-1], 0)

    def after(self, kind: int, spare: NDArray[np.float64]) -> Times:
        """The cycle until which there is so much spare time."""
        at, known = self.knots[kind]
        rising = known + np.arange(len(known)) * 1e-6
        times = np.interp(spare, rising, at) + np.maximum(spare - known[-1], 0)
        return np.ceil(times).astype(np.int64)

    def use(self, kind: int, done: Times, visit: int, busy: float) -> None:
        """A layer's visits that end at `done` keep a crossbar busy, `busy` cycles on average."""
        ends = done.reshape(-1)
        ends = np.sort(ends[:: -(-len(ends) // SAMPLES)])
        picked = np.linspace(0, len(ends) - 1, min(KNOTS, len(ends))).astype(np.int64)
        at = np.append(max(int(ends[0]) - visit, 0), ends[picked]).astype(float)
        share = np.append(0, (picked + 1) / len(ends)) * busy
        merged = np.unique(np.concatenate([self.knots[kind][0], at]))
        if len(merged) > MOST_KNOTS:
            merged = merged[np.linspace(0, len(merged) - 1, MOST_KNOTS).astype(np.int64)]
        spare = self.before(kind, merged) - np.interp(merged, at, share)
        self.knots[kind] = merged, np.maximum.accumulate(spare.clip(min=0))


def kinds_of(holds: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The kind of each crossbar, 0, 1, 2 …: those alike in `holds` [layers, crossbars].

    Neighbours are mostly alike, so that only one crossbar of each run of equal ones is looked at.
    """
    differs = np.append(True, (holds[:, 1:] != holds[:, :-1]).any(axis=0))
    packed = np.packbits(holds[:, differs], axis=0)
    _, kind = np.unique(packed, axis=1, return_inverse=True)
    return kind.reshape(-1)[np.cumsum(differs) - 1]
