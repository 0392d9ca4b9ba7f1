"""Weight layers as matrices: rows, columns, groups and windows.

A weight layer (convolution, locally connected, dense) is G independent matrices of K rows and N
columns; each is multiplied by the im2col operand of W windows.  Row k of a convolution is
(input channel, kernel row, kernel column) in that order, the layout of ONNX weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.window import PADDING, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Layer:
    """The geometry of one weight layer.

    `input_shape` is (channels, height, width); a dense layer is a 1 × 1 window on (K, 1, 1).
    Channel groups (`groups` > 1) cut the channels; a locally connected layer has a `region`, the
    block of output positions that share weights, and one matrix per region.
    """

    name: str
    input_shape: tuple[int, int, int]
    out_channels: int
    window: Window
    groups: int = 1
    region: tuple[int, int] | None = None
    input_bits: int = 8
    input_signed: bool = False
    weight_bits: int = 8

    @cached_property
    def output_size(self) -> tuple[int, int]:
        """Rows and columns of output positions."""
        return self.window.output_size(*self.input_shape[1:])

    @property
    def positions(self) -> int:
        """Output positions P = rows · columns."""
        rows, columns = self.output_size
        return rows * columns

    @property
    def rows(self) -> int:
        """K: matrix rows, one per input of a window."""
        kh, kw = self.window.kernel
        return self.input_shape[0] // self.groups * kh * kw

    @property
    def columns(self) -> int:
        """N: matrix columns (weights, not cells), one per output channel of a group."""
        return self.out_channels // self.groups

    @cached_property
    def matrices(self) -> int:
        """G: the independent matrices of a grouped or locally connected layer; 1 otherwise."""
        if self.region is None:
            return self.groups
        (oh, ow), (rh, rw) = self.output_size, self.region
        return (oh // rh) * (ow // rw)

    @cached_property
    def windows(self) -> int:
        """W: the windows of each matrix, one for each position of its result."""
        if self.region is None:
            return self.positions
        return self.region[0] * self.region[1]

    @property
    def weights(self) -> int:
        """The weights of all matrices together: G · K · N."""
        return self.matrices * self.rows * self.columns

    def channel_base(self, matrix: int) -> int:
        """The first output channel of a matrix."""
        return matrix * self.columns if self.region is None else 0

    def window_positions(self, matrix: int) -> NDArray[np.int64]:
        """Output position (raster order) of each window of a matrix: shape [W]."""
        import numpy as np

        if self.region is None:
            return np.arange(self.positions)
        (_, ow), (rh, rw) = self.output_size, self.region
        block_row, block_column = divmod(matrix, ow // rw)
        y = block_row * rh + np.arange(rh)[:, None]
        x = block_column * rw + np.arange(rw)[None, :]
        return (y * ow + x).reshape(-1)

    def positions_by_matrix(self) -> NDArray[np.int64]:
        """Output position (raster order) of each window of each matrix: shape [G, W]."""
        import numpy as np

        positions = np.arange(self.positions)
        if self.region is None:
            return np.broadcast_to(positions, (self.matrices, self.windows))
        (oh, ow), (rh, rw) = self.output_size, self.region
        by_region = positions.reshape(oh // rh, rh, ow // rw, rw).swapaxes(1, 2)
        return by_region.reshape(self.matrices, self.windows)

    def operand_elements(self, matrix: int) -> NDArray[np.int64]:
        """Flat input elements (channel, y, x order) of every window of a matrix.

        Returns an array of shape [W, K]; :data:`PADDING` marks padded activations.
        """
        read = self.window.positions(*self.input_shape[1:])[self.window_positions(matrix)]
        group = 0 if self.region is not None else matrix
        return self._elements(self._planes()[group], read)

    def all_operand_elements(self, windows: slice = slice(None)) -> NDArray[np.int64]:
        """Flat input elements of every window, or of some, of all matrices.

        Returns an array of shape [G, W, K]; :data:`PADDING` marks padded activations.
        """
        positions = self.positions_by_matrix()[:, windows]
        read = self.window.positions(*self.input_shape[1:])[positions]
        return self._elements(self._planes()[:, None], read)

    def _planes(self) -> NDArray[np.int64]:
        """The first element of each input channel: shape [groups, channels of a group]."""
        import numpy as np

        channels, height, width = self.input_shape
        return (np.arange(channels) * (height * width)).reshape(self.groups, -1)

    def _elements(
        self, planes: NDArray[np.int64], positions: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The elements at some positions [..., W, kernel] of the channels that begin at `planes`.

        Returns an array of shape [..., W, K].
        """
        import numpy as np

        read = positions[..., None, :]
        elements = planes[..., None] + read
        np.copyto(elements, PADDING, where=read == PADDING)
        return elements.reshape(*positions.shape[:-1], -1)
