"""Windows over volumes [channels, depth, rows, columns], as windows over feature maps.

The planes of a volume become rows of one map, and a view repeats those that the windows read: the
rows of each result stand together, windows lie side by side.  All shapes are without the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.dialects.checks import shape_of
from spatem_ir.geometry.shapes.window import PADDING, Axis, Window
from spatem_ir.operators.gather import gathered
from spatem_ir.operators.onnx_import.shapes import extents_text
from spatem_ir.operators.onnx_import.windows import completing_pad, same_pads
from spatem_ir.operators.pad import PadOp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from xdsl.ir import SSAValue

    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode

DIMENSIONS = 3
"""Spatial dimensions of a volume."""


@dataclass(frozen=True)
class Volume:
    """Windows over a volume, along its depth, its rows and its columns.

    `stated` are, of each of these, the indices of the volume with the padding that the node states.
    """

    depth: Axis
    rows: Axis
    columns: Axis
    stated: tuple[range, ...]

    @staticmethod
    def of(node: OnnxNode, kernel: tuple[int, ...], shape: tuple[int, ...]) -> Volume:
        """The windows of a convolution or pooling with a kernel over a volume of a shape."""
        if len(shape) != 1 + DIMENSIONS or len(kernel) != DIMENSIONS:
            node.fail(f"has a kernel of {len(kernel)} dimensions on [batch, {extents_text(shape)}]")
        strides, dilations = (
            tuple(node.attribute(name) or (1, 1, 1)) for name in ("strides", "dilations")
        )
        pads = tuple(node.attribute("pads") or [0] * (2 * DIMENSIONS))
        mode, ceil = node.attribute("auto_pad", "NOTSET"), node.attribute("ceil_mode", 0)
        axes: list[Axis] = []
        stated: list[range] = []
        for n, (size, taps) in enumerate(zip(shape[1:], kernel, strict=True)):
            stride, dilation = strides[n], dilations[n]
            extent = (taps - 1) * dilation + 1
            before, after = pads[n], pads[n + DIMENSIONS]
            if mode.startswith("SAME"):
                smaller, larger = same_pads(size, stride, extent)
                before, after = (smaller, larger) if mode == "SAME_UPPER" else (larger, smaller)
            elif mode == "VALID":
                before, after = 0, 0
            stated.append(range(-before, size + after))
            if ceil:
                after = completing_pad(size, before, after, stride, extent)
            results = (size + before + after - extent) // stride + 1
            if results < 1:
                node.fail("has a window that does not fit into its input")
            axes.append(Axis(size, results, taps, stride, -before, dilation))
        depth, rows, columns = axes
        return Volume(depth, rows, columns, tuple(stated))

    @property
    def shape(self) -> tuple[int, int, int]:
        """The spatial extents of the result."""
        return self.depth.results, self.rows.results, self.columns.results

    @property
    def window(self) -> Window:
        """The window over the map whose rows :meth:`as_map` gives."""
        columns, height = self.columns, self.depth.kernel * self.rows.kernel
        last = columns.first + (columns.results - 1) * columns.stride
        last += (columns.kernel - 1) * columns.dilation
        right = max(last + 1 - columns.extent, 0)
        return Window(
            (height, columns.kernel),
            (height, columns.stride),
            (0, -columns.first, 0, right),
            (1, columns.dilation),
        )

    def as_map(
        self, node: OnnxNode, network: NetworkBuilder, volume: SSAValue, *, repeats: bool
    ) -> SSAValue:
        """The rows that all windows read, of each channel.

        In place of rows that are padding there are zeros, or, if a window `repeats`, other rows
        that it reads, which do not change a maximum.
        """
        channels, depth, height, width = shape_of(volume)
        rows = network.regrouped(volume, (channels, depth * height, width))
        planes, lines = self.depth.indices(), self.rows.indices()
        if repeats:
            planes, lines = (_repeated(node, indices) for indices in (planes, lines))
        read = planes[:, None, :, None] * height + lines[None, :, None, :]
        is_padding = (planes == PADDING)[:, None, :, None] | (lines == PADDING)[None, :, None, :]
        if is_padding.any():
            name = f"{node.name}.padding"
            rows = network.append(PadOp(name, rows, (0, 0, 0), (0, 1, 0)), name)
            read[is_padding] = depth * height
        return gathered(network, rows, 1, read.reshape(-1).tolist(), node.name)

    def counts(self, *, with_padding: bool) -> NDArray[np.float32]:
        """How many elements of each window count: [depth, rows, columns].

        They are those of the volume, and `with_padding` those of the padding that is stated.
        """
        import numpy as np

        counts = np.ones(1, np.float32)
        axes = (self.depth, self.rows, self.columns)
        for axis, stated in zip(axes, self.stated, strict=True):
            counted = stated if with_padding else range(axis.extent)
            firsts = axis.first + np.arange(axis.results)[:, None] * axis.stride
            read = firsts + np.arange(axis.kernel) * axis.dilation
            along = ((read >= counted.start) & (read < counted.stop)).sum(axis=1)
            counts = counts[..., None] * along.astype(np.float32)
        return counts[0]


def _repeated(node: OnnxNode, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices [results, kernel] with those of the same window in place of padding."""
    import numpy as np

    if (indices == PADDING).all(axis=1).any():
        node.fail("has a window of padding alone; make the pads smaller")
    return np.where(indices == PADDING, indices.max(axis=1, keepdims=True), indices)
