"""Windows over a map, for numbers that each position of it or each window has.

[R] Windows are the product of what they read along rows and along columns, so extremes and sums
over windows are taken along one axis after the other.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.window import PADDING, Axis, crossed

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.reach import Reach
    from spatem_ir.geometry.shapes.window import Window

Times = NDArray[np.int64]
Booleans = NDArray[np.bool_]

NEVER = -(2**40)
"""The tail of what no output depends on."""


class MapWindows:
    """Windows over the positions of a map; both are numbered in raster order."""

    def __init__(self, rows: Axis, columns: Axis):
        self.rows = rows
        self.columns = columns

    @classmethod
    def of_layer(cls, window: Window, height: int, width: int) -> MapWindows:
        """The windows of a layer over its operand."""
        return cls(*window.axes(height, width))

    @classmethod
    def of_reach(cls, reach: Reach) -> MapWindows:
        """What the results of a digital operator read of an operand."""
        return cls(reach.rows, reach.columns)

    @classmethod
    def of_all(cls, positions: int) -> MapWindows:
        """One window that reads so many positions."""
        return cls(Axis(positions, 1, kernel=positions), Axis(1, 1))

    @property
    def count(self) -> int:
        """How many positions the map has."""
        return self.rows.extent * self.columns.extent

    @property
    def windows(self) -> int:
        """How many windows there are."""
        return self.rows.results * self.columns.results

    @property
    def kernel(self) -> int:
        """How many positions each window reads, padding among them."""
        return self.rows.kernel * self.columns.kernel

    @cached_property
    def positions(self) -> Times:
        """The positions that each window reads, negative where padding: [windows, kernel]."""
        return crossed(self.rows, self.columns)

    @cached_property
    def positions_read(self) -> Times:
        """How many positions each window reads, without padding: [windows]."""
        rows, columns = ((line.indices >= 0).sum(axis=1) for line in self._lines)
        return np.outer(rows, columns).reshape(-1)

    @property
    def padding_kinds(self) -> list[tuple[Booleans, Times]]:
        """What of the kernel is no padding, for the rows and for the columns of windows.

        For each axis the different cases [kinds, kernel], and that of each result [results].
        """
        kinds = [np.unique(line.indices >= 0, axis=0, return_inverse=True) for line in self._lines]
        return [(each, number.reshape(-1)) for each, number in kinds]

    @cached_property
    def is_whole(self) -> bool:
        """Whether each window reads every position."""
        return all(
            line.indices.shape[1] >= line.extent
            and all(len(np.unique(each[each >= 0])) == line.extent for each in line.indices)
            for line in self._lines
        )

    def of_windows(self, values: Times, extreme: np.ufunc, padding: int) -> Times:
        """The extreme of what each window reads: [positions] to [windows].

        `extreme` is `np.maximum` or `np.minimum`; padding counts as `padding`.
        """
        rows, columns = self._lines
        values = values.reshape(self.rows.extent, self.columns.extent)
        values = rows.read(values, extreme, padding)
        return columns.read(values.T, extreme, padding).T.reshape(-1)

    def latest(self, values: Times) -> Times:
        """The largest value of the windows that read each position, NEVER if none does.

        From shape [windows] to [positions].
        """
        return self._of_positions(values, np.maximum, NEVER)

    def earliest(self, values: Times) -> Times:
        """The smallest value of the windows that read each position, −NEVER if none does."""
        return self._of_positions(values, np.minimum, -NEVER)

    def total(self, values: Times) -> Times:
        """The sum of the values of the windows that read each position."""
        return self._of_positions(values, np.add, 0)

    def _of_positions(self, values: Times, combine: np.ufunc, none: int) -> Times:
        rows, columns = self._lines
        values = values.reshape(self.rows.results, self.columns.results)
        values = rows.give(values, combine, none)
        return columns.give(values.T, combine, none).T.reshape(-1)

    @cached_property
    def _lines(self) -> tuple[_Line, _Line]:
        return _Line(self.rows), _Line(self.columns)


class _Line:
    """Windows along one axis, which is the first one of the arrays here; the other has any size."""

    def __init__(self, axis: Axis):
        self.extent = axis.extent
        self.is_identity = axis.is_identity
        self.indices = axis.indices()
        self.columns = [self._column(column) for column in self.indices.T]

    def _column(self, column: Times) -> tuple[Times, Times, bool]:
        """What windows read at one place of their kernel, if no padding; whether all differ."""
        readers = np.flatnonzero(column != PADDING)
        read = column[readers]
        return readers, read, len(np.unique(read)) == len(read)

    def read(self, values: Times, extreme: np.ufunc, padding: int) -> Times:
        """The extreme of what is read: [extent, others] to [results, others]."""
        if self.is_identity:
            return values
        found = None
        for column, (readers, _, _) in zip(self.indices.T, self.columns, strict=True):
            read = values[column]
            if len(readers) < len(column):
                read[column == PADDING] = padding
            found = read if found is None else extreme(found, read, out=found)
        assert found is not None
        return found

    def give(self, values: Times, combine: np.ufunc, none: int) -> Times:
        """What readers give: [results, others] to [extent, others]."""
        if self.is_identity:
            return values
        found = np.full((self.extent, values.shape[1]), none)
        for readers, read, differ in self.columns:
            if differ:
                found[read] = combine(found[read], values[readers])
            else:
                combine.at(found, read, values[readers])
        return found
