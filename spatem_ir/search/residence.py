"""How much waits in buffers, by the coarse simulation: from when it is there to its last read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Need(NamedTuple):
    """How many strips of a producer each strip of a reader needs: an array [strips]."""

    producer: int
    strips: Ints


class Read(NamedTuple):
    """A feature map that a layer reads.

    Attributes:
        source: the number of the node whose results it has.
        layer: the number of the layer.
        size: bytes of the map.
        needs: what each strip of the map needs; as many of a producer if that is a layer or input.
        last: how many strips of the layer have run when each strip of the map has been read for the
            last time, an array [strips].
    """

    source: int
    layer: int
    size: int
    needs: tuple[Need, ...]
    last: Ints


@dataclass(frozen=True)
class Residence:
    """The maps that layers read, as arrays.

    Attributes:
        source, layer: of each read, by number of the map and of the layer: [reads].
        last: how many strips of its layer each read's strips need until the last: [reads, strips].
        sizes: bytes of a strip of each map: [maps].
        first, producers, strips: the first of the needs of each map, the producers of all, and how
            many strips of them are needed: [maps], [needs], [needs, strips].
    """

    source: Ints
    layer: Ints
    last: Ints
    sizes: Floats
    first: Ints
    producers: Ints
    strips: Ints

    @staticmethod
    def of(reads: tuple[Read, ...]) -> Residence:
        """The arrays of some reads."""
        maps = {read.source: read for read in reads}
        numbers = {source: number for number, source in enumerate(maps)}
        needs = [need for read in maps.values() for need in read.needs]
        counts = [len(read.needs) for read in maps.values()]
        return Residence(
            np.array([numbers[read.source] for read in reads], np.int64),
            np.array([read.layer for read in reads], np.int64),
            np.array([read.last for read in reads], np.int64),
            np.array([read.size / len(read.last) for read in maps.values()]),
            np.cumsum([0, *counts[:-1]]),
            np.array([need.producer for need in needs], np.int64),
            np.array([need.strips for need in needs], np.int64),
        )

    def most(self, ends: Floats, entered: Floats, regions: Ints, shares: Floats) -> float:
        """The most bytes in buffers, of the PEs of a region on average.

        Strips of layers run until `ends`, [layers, strips], those of inputs, which are numbered
        after them, have entered at `entered`.  `regions` are those of layers, and `shares` that of
        their region's PEs that read what they read: [layers].
        """
        if not len(self.source):
            return 0.0
        times = np.pad(np.concatenate([ends, entered]), ((0, 0), (1, 0)))
        made = times[self.producers[:, None], self.strips]
        there = np.maximum.reduceat(made, self.first)
        kept, order, begin = self.in_regions(regions)
        read = times[self.layer[:, None], self.last][order]
        gone = np.maximum.reduceat(read, begin)
        share = np.maximum.reduceat(shares[self.layer][order], begin)
        region, source = np.divmod(kept, len(self.sizes))
        came = there[source]
        sizes = np.where(gone > came, (self.sizes[source] * share)[:, None], 0.0)
        return max(
            most_of(
                np.concatenate([came[region == own], gone[region == own]]).ravel(),
                np.concatenate([sizes[region == own], -sizes[region == own]]).ravel(),
            )
            for own in np.unique(region)
        )

    def arrivals(self, packets: Floats, regions: Ints) -> float:
        """How often a packet arrives at a PE, if so many bring each layer what it reads: [layers].

        What several layers of a region read comes once.
        """
        if not len(self.source):
            return 0.0
        _, order, begin = self.in_regions(regions)
        return float(np.maximum.reduceat(packets[self.layer][order], begin).sum())

    def in_regions(self, regions: Ints) -> tuple[Ints, Ints, Ints]:
        """The maps that are read in each region, by region · maps + map; their reads in a row.

        With the order that puts them in a row, and where those of each begin.
        """
        keys = regions[self.layer] * len(self.sizes) + self.source
        order = np.argsort(keys, kind="stable")
        kept, begin = np.unique(keys[order], return_index=True)
        return kept, order, begin


def most_of(times: Floats, changes: Floats) -> float:
    """The largest sum of changes up to any time; what goes at a time is gone before others come."""
    order = np.lexsort((changes, times))
    return float(np.cumsum(changes[order]).max(initial=0))
