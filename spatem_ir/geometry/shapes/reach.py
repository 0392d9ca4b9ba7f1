"""What the results of digital operators read of an operand.

All digital operators read windows: of a pooling they extend over rows and columns, of a local
response normalisation over channels, of a softmax over all of one dimension; of element-wise
operators they hold one element, which an operand of extent 1 repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.window import PADDING, Axis, Window, crossed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shape = tuple[int, int, int]
"""Channels, rows and columns of a feature map."""


@dataclass(frozen=True)
class Reach:
    """What results read along the channels, rows and columns of an operand."""

    channels: Axis
    rows: Axis
    columns: Axis

    @staticmethod
    def of_elements(operand: Shape, result: Shape) -> Reach:
        """One element for each result; an extent of 1 is repeated."""
        return Reach(
            *(
                Axis(extent, results, stride=int(extent == results))
                for extent, results in zip(operand, result, strict=True)
            )
        )

    @staticmethod
    def of_window(operand: Shape, window: Window) -> Reach:
        """A window over rows and columns, channel by channel."""
        channels, height, width = operand
        return Reach(Axis(channels, channels), *window.axes(height, width))

    @staticmethod
    def of_channels(operand: Shape, size: int) -> Reach:
        """`size` channels around each, ⌊(size − 1) / 2⌋ of them before it."""
        channels, height, width = operand
        before, after = (min(side, channels) for side in ((size - 1) // 2, size // 2))
        around = Axis(channels, channels, before + 1 + after, first=-before)
        return Reach(around, Axis(height, height), Axis(width, width))

    @staticmethod
    def of_line(operand: Shape, dimension: int) -> Reach:
        """All elements along one dimension: 0 for channels, 1 for rows, 2 for columns."""
        axes = [Axis(extent, extent) for extent in operand]
        axes[dimension] = Axis(operand[dimension], operand[dimension], operand[dimension], stride=0)
        return Reach(*axes)

    @staticmethod
    def of_padding(operand: Shape, pads: tuple[tuple[int, int], ...]) -> Reach:
        """The operand's elements, and nothing before and after each dimension."""
        return Reach(
            *(
                Axis(extent, before + extent + after, first=-before)
                for extent, (before, after) in zip(operand, pads, strict=True)
            )
        )

    def positions(self) -> NDArray[np.int64]:
        """The operand's positions that each result position reads: shape [positions, kernel]."""
        return crossed(self.rows, self.columns)

    def elements(self, channels: slice) -> NDArray[np.int64]:
        """The operand's elements that some channels of the result read.

        Returns an array of shape [positions, channels, kernel] with :data:`PADDING` for padding.
        """
        import numpy as np

        plane = self.rows.extent * self.columns.extent
        positions = self.positions()[:, None, None, :]
        read = self.channels.indices()[channels][None, :, :, None]
        padding = (positions == PADDING) | (read == PADDING)
        elements = np.where(padding, PADDING, read * plane + positions)
        return elements.reshape(*elements.shape[:2], -1)
