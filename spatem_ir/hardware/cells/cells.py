"""The cells of crossbars: what it takes to change their levels (docs/gao.md).

A crossbar is written row by row, a row segment by segment.  In a segment all cells that rise get
their SET pulses together, then all cells that fall their RESET pulses; a cell that keeps its level
costs nothing.  A SET pulse takes the same time everywhere; a RESET pulse takes longer the farther a
segment is from the drivers, since less voltage gets there:

    reset_ns · reset_ratio ^ (distance / largest distance)

with the distance in cells along bitline and wordline [P: that latency grows with the distance over
rows and columns; R: the exponential law].  Every pulse, with the verifying read behind it, takes
whole digital cycles, so times are exact whatever the order of adding.
"""

from __future__ import annotations

from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.hardware.component import Actions, Component, Part
from spatem_ir.hardware.parameters import Description, LevelScheme, Writing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Levels = NDArray[np.integer]
    Ints = NDArray[np.int64]

DECIMALS = 6
"""Decimals of times in cycles, by which 10 ns are 5 cycles of 2 ns whatever the rounding."""

AT_ONCE = 16
"""Crossbars that are compared together, so that their cells stay in a processor's cache."""

CELL_WRITES = Part("cell_writes", "writing", "cell writes")


class Written(NamedTuple):
    """What it takes to write crossbars: arrays of one number for each, or single numbers.

    Attributes:
        cycles: digital cycles, from the first to the last pulse.
        set_pulses: SET pulses of cells, each cell and level counted, without those of verify loops.
        reset_pulses: RESET pulses of cells, in the same way.
        cells: cells that change.
    """

    cycles: Ints
    set_pulses: Ints
    reset_pulses: Ints
    cells: Ints


class Cells(Component):
    """Cells that are written in segments of wordlines, by drivers of each crossbar's own."""

    Parameters = Writing
    energies = (CELL_WRITES,)

    def __init__(self, description: Description):
        super().__init__(description)
        self.parameters = description.write

    @property
    def segment_cells(self) -> int:
        """Cells of a wordline that are written together; segments begin at bitline 0."""
        return self.parameters.segment_cells

    @property
    def segments(self) -> int:
        """Segments of a wordline, the last one of fewer cells if the others leave no more."""
        return -(-self.description.crossbar.bitlines // self.segment_cells)

    @property
    def wordlines_per_driver(self) -> int:
        """Neighbouring wordlines that one driver writes, the last one of what is left."""
        return -(-self.description.crossbar.wordlines // self.parameters.drivers)

    @property
    def set_cycles(self) -> int:
        """Cycles of a SET by one level: its pulses and the reads that verify them."""
        return self._cycles(self.parameters.set_ns)

    @cached_property
    def reset_cycles(self) -> Ints:
        """Cycles of a RESET by one level of each segment: shape [wordlines, segments]."""
        import numpy as np

        crossbar = self.description.crossbar
        last = np.arange(1, self.segments + 1) * self.segment_cells - 1
        far = np.arange(crossbar.wordlines)[:, None] + np.minimum(last, crossbar.bitlines - 1)
        share = far / max(1, crossbar.wordlines + crossbar.bitlines - 2)
        ns = self.parameters.reset_ns * self.parameters.reset_ratio**share
        return np.vectorize(self._cycles, otypes=[np.int64])(ns)

    @cached_property
    def rewriting_cycles(self) -> int:
        """Cycles of a crossbar in which some cell of each segment rises, and some falls."""
        import numpy as np

        groups = np.arange(0, self.description.crossbar.wordlines, self.wordlines_per_driver)
        in_rows = (self.reset_cycles + self.set_cycles).sum(axis=1)
        return int(np.add.reduceat(in_rows, groups).max())

    def _cycles(self, pulse_ns: float) -> int:
        """The whole cycles of a pulse and its verification, as often as it takes."""
        ns = (pulse_ns + self.parameters.verify_ns) * self.parameters.verify_loops
        return ceil(round(ns / self.description.cycle_ns, DECIMALS))

    def pulses(self, old: Levels, new: Levels) -> tuple[Ints, Ints]:
        """The SET and the RESET pulses from old levels to new ones, for each cell."""
        import numpy as np

        before, after = np.asarray(old, np.int32), np.asarray(new, np.int32)
        rise, fall = np.maximum(after - before, 0), np.maximum(before - after, 0)
        if self.parameters.levels is LevelScheme.ERASE:
            return np.where(fall > 0, after, rise), np.minimum(fall, 1)
        return rise, fall

    def written(self, old: Levels, new: Levels) -> Written:
        """What it takes to write crossbars from old levels to new ones.

        Both are of shape [wordlines, bitlines] or of several crossbars, [..., wordlines, bitlines];
        the results have the leading axes.  Crossbars are written at the same time.
        """
        import numpy as np

        shape = np.broadcast_shapes(old.shape, new.shape)
        sides = shape[-2:]
        befores = np.broadcast_to(old, shape).reshape(-1, *sides)
        afters = np.broadcast_to(new, shape).reshape(-1, *sides)
        blocks = (slice(n, n + AT_ONCE) for n in range(0, len(befores), AT_ONCE))
        parts = [self._several(befores[some], afters[some]) for some in blocks]
        columns = np.concatenate([np.empty((len(Written._fields), 0), np.int64), *parts], axis=1)
        return Written(*(column.reshape(shape[:-2]) for column in columns))

    def _several(self, old: Levels, new: Levels) -> Ints:
        """The same of some crossbars: cycles, pulses of both kinds, cells: shape [4, crossbars]."""
        import numpy as np

        sets, resets = self.pulses(old, new)
        first = np.arange(self.segments) * self.segment_cells
        in_segment = np.maximum.reduceat(sets, first, axis=2) * np.int64(self.set_cycles)
        in_segment += np.maximum.reduceat(resets, first, axis=2) * self.reset_cycles
        groups = np.arange(0, sets.shape[1], self.wordlines_per_driver)
        by_driver = np.add.reduceat(in_segment.sum(axis=2), groups, axis=1)
        sums = (each.sum(axis=(1, 2), dtype=np.int64) for each in (sets, resets, old != new))
        return np.stack([by_driver.max(axis=1), *sums])

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """The energy of all pulses of cells; no part where nothing is written."""
        if not actions.set_pulses and not actions.reset_pulses:
            return {}
        own = self.parameters
        return {
            CELL_WRITES: own.verify_loops
            * (
                actions.set_pulses * (own.set_pj + own.verify_pj)
                + actions.reset_pulses * (own.reset_pj + own.verify_pj)
            )
        }

    def life_seconds(self, writes_per_image: float, images_per_second: float) -> float:
        """How long a cell lasts that is written so often for an image: infinite if never."""
        rate = writes_per_image * images_per_second
        return self.parameters.endurance / rate if rate else float("inf")
