"""What the positions of a feature map read of an operand, row by row and column by column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.window import Axis

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PositionReads:
    """The rows and columns of an operand of `height` × `width` positions that positions read.

    `rows` has shape [kernel rows, result rows], `columns` [kernel columns, result columns]; padding
    is :data:`~spatem_ir.geometry.shapes.window.PADDING`, which stands for one more row or column.
    """

    height: int
    width: int
    rows: Ints
    columns: Ints

    @staticmethod
    def along(rows: Axis, columns: Axis) -> PositionReads:
        """What results on two dimensions read."""
        return PositionReads(
            rows.extent,
            columns.extent,
            np.ascontiguousarray(rows.indices().T),
            np.ascontiguousarray(columns.indices().T),
        )

    @property
    def kernel(self) -> int:
        """Positions that each position reads, with padding."""
        return len(self.rows) * len(self.columns)

    @cached_property
    def is_identity(self) -> bool:
        """Whether each position reads the one at the same place alone."""
        return np.array_equal(self.rows, [np.arange(self.height)]) and np.array_equal(
            self.columns, [np.arange(self.width)]
        )

    @cached_property
    def readers_of_position(self) -> float:
        """How many positions read one of the operand's, on average, up to the last that is read."""
        last = int(self.rows.max()) * self.width + int(self.columns.max())
        return self.rows.size * self.columns.size / max(last + 1, 1)

    def latest(self, times: Ints, padding: int = 0) -> Ints:
        """The latest of the operand's times [positions] that each position reads."""
        if self.is_identity:
            return times
        plane = np.full((self.height + 1, self.width + 1), padding, np.int64)
        plane[:-1, :-1] = times.reshape(self.height, self.width)
        by_row = plane[self.rows].max(axis=0)
        return by_row[:, self.columns].max(axis=1).reshape(-1)
