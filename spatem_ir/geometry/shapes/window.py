"""Windows: what results read along each dimension of an operand, and windows over feature maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PADDING = -1
"""The element index that stands for a padded activation."""


@dataclass(frozen=True)
class Axis:
    """What results read along one dimension of an operand.

    Window n reads the `kernel` indices ``first + n · stride + k · dilation``; those that are not
    among the operand's `extent` are padding.  There is a result for each of the first `results`
    windows, or for each of those that are `chosen`.
    """

    extent: int
    results: int
    kernel: int = 1
    stride: int = 1
    first: int = 0
    dilation: int = 1
    chosen: IndexSequence | None = None

    @property
    def is_identity(self) -> bool:
        """Whether each result reads the one index of its own, and every index is read."""
        return self == Axis(self.extent, self.extent)

    @property
    def is_repetition(self) -> bool:
        """Whether all results read the only index that there is."""
        return self.extent == self.kernel == 1 and self.first == 0 and self.stride == 0

    def windows(self) -> NDArray[np.int64]:
        """The window of each result: shape [results]."""
        import numpy as np

        return np.arange(self.results) if self.chosen is None else self.chosen.to_array()

    def indices(self) -> NDArray[np.int64]:
        """The operand's index or :data:`PADDING`, of each result: shape [results, kernel]."""
        import numpy as np

        firsts = self.first + self.windows() * self.stride
        indices = firsts[:, None] + np.arange(self.kernel)[None, :] * self.dilation
        return np.where((indices >= 0) & (indices < self.extent), indices, PADDING)


def crossed(rows: Axis, columns: Axis) -> NDArray[np.int64]:
    """The positions ``row · width + column`` that results on rows and columns read.

    Returns an array of shape [results, kernel], both in raster order; an entry is
    :data:`PADDING` where its row or its column is.
    """
    import numpy as np

    y, x = rows.indices()[:, None, :, None], columns.indices()[None, :, None, :]
    positions = np.where((y == PADDING) | (x == PADDING), PADDING, y * columns.extent + x)
    return positions.reshape(rows.results * columns.results, -1)


@dataclass(frozen=True)
class Window:
    """Kernel size, strides, padding and dilations; pairs are (vertical, horizontal).

    `pads` is (top, left, bottom, right).  Of the windows that fit there are those in `rows` and
    `columns`, ascending numbers, or all of them where these are None.
    """

    kernel: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilations: tuple[int, int] = (1, 1)
    rows: IndexSequence | None = None
    columns: IndexSequence | None = None

    @property
    def whole(self) -> Window:
        """The same with all windows that fit."""
        return replace(self, rows=None, columns=None)

    @property
    def chosen(self) -> tuple[IndexSequence | None, IndexSequence | None]:
        """The rows and the columns of windows that there are; None for all."""
        return self.rows, self.columns

    @property
    def extent(self) -> tuple[int, int]:
        """Height and width that the dilated kernel covers."""
        (kh, kw), (dh, dw) = self.kernel, self.dilations
        return (kh - 1) * dh + 1, (kw - 1) * dw + 1

    def fitting(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of windows that fit into a `height` × `width` input; below 1 if none."""
        top, left, bottom, right = self.pads
        eh, ew = self.extent
        return (
            (height + top + bottom - eh) // self.strides[0] + 1,
            (width + left + right - ew) // self.strides[1] + 1,
        )

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of windows over a `height` × `width` input; below 1 if none fits."""
        rows, columns = self.fitting(height, width)
        return (
            rows if self.rows is None else len(self.rows),
            columns if self.columns is None else len(self.columns),
        )

    def padding_alone(self, height: int, width: int) -> bool:
        """Whether there is a window that reads nothing but padding."""
        for axis, (count, size) in enumerate(
            zip(self.output_size(height, width), (height, width), strict=True)
        ):
            offsets = [k * self.dilations[axis] for k in range(self.kernel[axis])]
            numbers = self.chosen[axis] or range(count)
            firsts = (n * self.strides[axis] - self.pads[axis] for n in numbers)
            if any(all(not 0 <= first + o < size for o in offsets) for first in firsts):
                return True
        return False

    def positions(self, height: int, width: int) -> NDArray[np.int64]:
        """Input positions that each window reads.

        Returns an array of shape [windows, kh · kw]: windows in raster order, kernel positions in
        raster order, each entry ``y · width + x`` or :data:`PADDING`.
        """
        return crossed(*self.axes(height, width))

    def axes(self, height: int, width: int) -> tuple[Axis, Axis]:
        """What windows read along the rows and along the columns of an input."""
        rows, columns = self.output_size(height, width)
        (kh, kw), (sh, sw), (dh, dw) = self.kernel, self.strides, self.dilations
        top, left = self.pads[:2]
        return (
            Axis(height, rows, kh, sh, -top, dh, self.rows),
            Axis(width, columns, kw, sw, -left, dw, self.columns),
        )
