"""Windows: how a convolution or pooling slides over its input feature map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PADDING = -1
"""The element index that stands for a padded activation."""


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
        import numpy as np

        rows, columns = self.output_size(height, width)
        y = _axis(rows, self.kernel[0], self.strides[0], self.pads[0], self.dilations[0])
        x = _axis(columns, self.kernel[1], self.strides[1], self.pads[1], self.dilations[1])
        y, x = y[:, None, :, None], x[None, :, None, :]
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        return np.where(inside, y * width + x, PADDING).reshape(rows * columns, -1)


def _axis(outputs: int, kernel: int, stride: int, pad: int, dilation: int) -> NDArray[np.int64]:
    """Input coordinate of every kernel offset of every output along one axis: [outputs, kernel]."""
    import numpy as np

    return np.arange(outputs)[:, None] * stride - pad + np.arange(kernel)[None, :] * dilation
