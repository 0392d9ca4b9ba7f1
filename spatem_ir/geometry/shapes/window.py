"""Windows: what results read along each dimension of an operand, and windows over feature maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PADDING = -1
"""The element index that stands for a padded activation."""


@dataclass(frozen=True)
class Axis:
    """What results read along one dimension of an operand.

    Result n of `results` reads the `kernel` indices ``first + n · stride + k · dilation``; those
    that are not among the operand's `extent` are padding.
    """

    extent: int
    results: int
    kernel: int = 1
    stride: int = 1
    first: int = 0
    dilation: int = 1

    def indices(self) -> NDArray[np.int64]:
        """The operand's index or :data:`PADDING`, of each result: shape [results, kernel]."""
        import numpy as np

        firsts = self.first + np.arange(self.results) * self.stride
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

    `pads` is (top, left, bottom, right).
    """

    kernel: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilations: tuple[int, int] = (1, 1)

    @property
    def extent(self) -> tuple[int, int]:
        """Height and width that the dilated kernel covers."""
        (kh, kw), (dh, dw) = self.kernel, self.dilations
        return (kh - 1) * dh + 1, (kw - 1) * dw + 1

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of windows over a `height` × `width` input; below 1 if none fit."""
        top, left, bottom, right = self.pads
        eh, ew = self.extent
        return (
            (height + top + bottom - eh) // self.strides[0] + 1,
            (width + left + right - ew) // self.strides[1] + 1,
        )

    def padding_alone(self, height: int, width: int) -> bool:
        """Whether there is a window that reads nothing but padding."""
        outputs = self.output_size(height, width)
        for axis, size in enumerate((height, width)):
            offsets = [k * self.dilations[axis] for k in range(self.kernel[axis])]
            firsts = (n * self.strides[axis] - self.pads[axis] for n in range(outputs[axis]))
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
        return Axis(height, rows, kh, sh, -top, dh), Axis(width, columns, kw, sw, -left, dw)
