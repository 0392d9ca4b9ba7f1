"""Cuts of a network into consecutive stages, by dynamic programming over cut positions.

[R] As COMPASS (DATE 2025) does, with copies inside each stage.  A network is a row of *units*: a
weight layer and the digital operators behind it.  What a stage of some units costs is estimated
from what it computes, writes, reads and leaves behind:

- compute: with c copies each a layer of w cycles takes w / c, and its copies take c · s crossbars.
  The layers of a stage work at the same time, each on what the one before has made, so the longest
  of them counts.  With C crossbars it is shortest with copies in proportion to w, at least one
  each.
- feature maps enter and leave through the port while crossbars work: the longest of the three
  counts.
- every stage but the first is written before it begins.

A stage is possible if one copy of each of its layers has room on the chip.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.support.errors import DoesNotFitError, SpatemError

Floats = NDArray[np.float64]


class MapBytes(NamedTuple):
    """A feature map: the unit that makes it, -1 for an input; the units that read it, its bytes.

    One that leaves the network is read by a unit behind the last one.
    """

    maker: int
    readers: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class StageCosts:
    """What stages of units cost.

    Attributes:
        crossbars: crossbars of one copy of each unit's layer: [units].
        work: cycles of one copy of each unit's layer, for an image: [units].
        maps: the feature maps.
        chip: crossbars on the chip.
        port: bytes per cycle through the chip's port.
        memory: the same of maps that wait for a stage in the memory behind it.
        write: cycles in which a crossbar is written.
    """

    crossbars: NDArray[np.int64]
    work: NDArray[np.int64]
    maps: Sequence[MapBytes]
    chip: int
    port: int
    memory: int
    write: int

    @property
    def units(self) -> int:
        """The number of units."""
        return len(self.crossbars)

    def compute(self, first: int, stop: int) -> float:
        """The cycles in which units from `first` up to `stop` compute; infinite without room.

        That is the T for which Σ max(1, w / T) · s are all crossbars: where the shorter layers have
        one copy each, the longer ones share what these leave.
        """
        sets, work = self.crossbars[first:stop].astype(np.float64), self.work[first:stop]
        if sets.sum() > self.chip:
            return np.inf
        order = np.argsort(work)
        shares = np.cumsum((work * sets)[order][::-1])[::-1]
        alone = np.append(0, np.cumsum(sets[order])[:-1])
        longest = shares / np.maximum(self.chip - alone, 1)
        return float(np.minimum(longest, work[order]).max())

    def moved(self, first: int, stop: int) -> tuple[float, float]:
        """The cycles in which maps enter, and leave, a stage of units from `first` to `stop`."""
        own = range(first, stop)
        entering = sum(
            each.bytes / (self.port if each.maker < 0 else self.memory)
            for each in self.maps
            if each.maker < first and any(reader in own for reader in each.readers)
        )
        leaving = sum(
            each.bytes / (self.memory if self._is_stored(each, stop) else self.port)
            for each in self.maps
            if each.maker in own and any(reader >= stop for reader in each.readers)
        )
        return entering, leaving

    def _is_stored(self, each: MapBytes, stop: int) -> bool:
        """Whether a unit from `stop` on reads a map, not only what is behind the last one."""
        return any(stop <= reader < self.units for reader in each.readers)

    def cost(self, first: int, stop: int) -> float:
        """The cycles of a stage of the units from `first` up to `stop`; infinite without room."""
        compute = self.compute(first, stop)
        if not np.isfinite(compute):
            return compute
        entering, leaving = self.moved(first, stop)
        return max(compute, entering, leaving) + (self.write if first else 0)

    def costs(self, begins: Sequence[int]) -> Floats:
        """The cost of all stages that begin and end at given units: [begin, end]; inf elsewhere."""
        ends = [*begins[1:], self.units]
        table = np.full((len(begins), len(ends)), np.inf)
        for number, first in enumerate(begins):
            for last in range(number, len(ends)):
                table[number, last] = self.cost(first, ends[last])
                if np.isinf(table[number, last]):
                    break
        return table


def best_cuts(
    costs: StageCosts,
    begins: Sequence[int],
    stages: int | None = None,
    refused: Collection[tuple[int, int]] = (),
) -> list[int]:
    """The units with which stages begin, the first one among them.

    Args:
        costs: What stages cost.
        begins: The units with which stages may begin, ascending, from 0 on.
        stages: How many there are to be; as many as are best if None.
        refused: What is no stage: the unit with which it would begin, and that behind its last.

    Raises:
        DoesNotFitError: a unit, or what must stay together, is larger than the chip.
        SpatemError: there are fewer places to cut at than so many stages need.
    """
    table = costs.costs(begins)
    places, number = len(begins), {unit: n for n, unit in enumerate([*begins, costs.units])}
    for first, stop in refused:
        table[number[first], number[stop] - 1] = np.inf
    if stages is None:
        found = _fewest_best(table)
    elif stages <= places:
        found = _best_of(table, stages)
    else:
        raise SpatemError(f"the network can be cut into at most {places} stages, not {stages}")
    if found is None:
        raise DoesNotFitError(_too_large(costs, begins, stages))
    return [begins[first] for first in found]


def _fewest_best(table: Floats) -> list[int] | None:
    """The begins of stages that cost least together, the fewest of these; None if none can be.

    `table` is the cost of a stage by begin and end.
    """
    places = len(table)
    best, count = np.append(0.0, np.full(places, np.inf)), np.zeros(places + 1, np.int64)
    origin = np.zeros(places + 1, np.int64)
    for stop in range(1, places + 1):
        totals = best[:stop] + table[:stop, stop - 1]
        first = int(np.lexsort((count[:stop], totals))[0])
        best[stop], count[stop], origin[stop] = totals[first], count[first] + 1, first
    if np.isinf(best[places]):
        return None
    found, stop = [], places
    while stop:
        stop = int(origin[stop])
        found.append(stop)
    return found[::-1]


def _best_of(table: Floats, stages: int) -> list[int] | None:
    """The begins of so many stages that cost least together; None if there are none."""
    places = len(table)
    best = np.full((stages + 1, places + 1), np.inf)
    origin = np.zeros((stages + 1, places + 1), np.int64)
    best[0, 0] = 0
    for count in range(1, stages + 1):
        for stop in range(1, places + 1):
            totals = best[count - 1, :stop] + table[:stop, stop - 1]
            origin[count, stop] = totals.argmin()
            best[count, stop] = totals.min()
    if np.isinf(best[stages, places]):
        return None
    found, stop = [], places
    for count in range(stages, 0, -1):
        stop = int(origin[count, stop])
        found.append(stop)
    return found[::-1]


def _too_large(costs: StageCosts, begins: Sequence[int], stages: int | None) -> str:
    """What does not fit, in words."""
    ends = [*begins[1:], costs.units]
    needed = [int(costs.crossbars[a:b].sum()) for a, b in zip(begins, ends, strict=True)]
    if max(needed) > costs.chip:
        return (
            f"the network does not fit: between two places to cut at there are layers of "
            f"{max(needed)} crossbars, the chip has {costs.chip}"
        )
    return (
        f"the network does not fit in {stages} stages: its layers need {sum(needed)} crossbars, "
        f"the chip has {costs.chip}"
    )
