"""Turns: in which order the crossbars that add to a result own it (rule R13 of the machine).

The row and bit parts of one copy of a matrix's column part are a *group*: all of them add to the
same output vectors, each as often as the copy has windows.  Part v begins with window `starts[v]`
and goes round.  A window belongs to the parts in the order in which they come to it: the *step* of
a visit is how many its part has made before; of parts that come in the same step the lowest goes
first.

The *global position* of a visit is (layer, step, part).  A visit waits for the one before it in
its crossbar's program, for the one that has the vector before, and for what it reads, of layers
before its own.  Where programs are in the order of global positions, all of these have smaller
ones: nothing waits for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Turns:
    """The turns of a layer: with which window each part begins, shape [parts].

    If they are `in_sequence`, whole visits come one after the other: a part begins when the one
    before it has ended its visit to the window, and the first one when the last one has ended its
    visit to the window before.
    """

    starts: Ints
    in_sequence: bool = False

    @property
    def parts(self) -> int:
        """How many crossbars, or tiles, add to a result."""
        return len(self.starts)

    @property
    def rotates(self) -> bool:
        """Whether some parts do not begin with the first window."""
        return bool(self.starts.any())

    def first(self, windows: int) -> Ints:
        """The window with which each part begins in a copy that has so many: shape [parts]."""
        return self.starts % windows

    def steps(self, windows: int) -> Ints:
        """The step in which each part comes to each window: shape [windows, parts]."""
        return (np.arange(windows)[:, None] - self.first(windows)) % windows

    def in_turn(self, windows: int) -> Ints:
        """The parts in the order in which each window belongs to them: shape [windows, parts]."""
        return np.argsort(self.steps(windows), axis=1, kind="stable")

    def turns(self, windows: int) -> Ints:
        """How many parts own each window before each part does: shape [windows, parts]."""
        return np.argsort(self.in_turn(windows), axis=1, kind="stable")

    def turn(self, parts: Ints, ordinals: Ints, windows: Ints) -> Ints:
        """The turns of parts at windows of copies that have so many: arrays of one shape."""
        found = np.empty(windows.shape, np.int64)
        for count in np.unique(windows).tolist():
            own = windows == count
            found[own] = self.turns(count)[ordinals[own], parts[own]]
        return found

    def calls(self, windows: int) -> Ints:
        """How many CALLs a part waits for before it owns a window: shape [windows, parts].

        Each part is called by one other only, in its own order; 0 where it is the first owner.  In
        sequence the first part is called, too, by the last one.
        """
        turns, steps = self.turns(windows), self.steps(windows)
        if self.in_sequence:
            return np.arange(windows)[:, None] + (turns > 0)
        in_steps = np.argsort(steps, axis=0, kind="stable")
        waits = np.take_along_axis(turns > 0, in_steps, axis=0)
        counts = np.zeros_like(turns)
        np.put_along_axis(counts, in_steps, np.cumsum(waits, axis=0) * waits, axis=0)
        return counts


def parts_of(grid: Grid) -> int:
    """How many tiles of a grid add to a result: row parts times bit parts."""
    return grid.hwm * grid.ib


def linear(grid: Grid) -> Turns:
    """All parts come to the windows in the same order, one after the other."""
    return Turns(np.zeros(parts_of(grid), np.int64))


def sequential(grid: Grid) -> Turns:
    """Whole visits come one after the other, part by part, window by window."""
    return Turns(np.zeros(parts_of(grid), np.int64), in_sequence=True)


def cyclic(layer: Layer, grid: Grid) -> Turns:
    """Part v of P begins with window ⌊v · O / P⌋ of O: who is first and last changes."""
    parts = parts_of(grid)
    return Turns(np.arange(parts) * grid.windows_per_copy(layer) // parts)
