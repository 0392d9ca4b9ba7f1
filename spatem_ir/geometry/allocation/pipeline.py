"""A network as a pipeline of convolutions, and what the first results of a layer read.

Results of a layer are counted in raster order.  The last one that the first P results of a reader
need follows from the windows between the two maps, from the reader back to what it reads [P]: for
result (row, column), both from 1, of a window with kernel K, stride S and padding P

    row' = (row − 1) · S + K − P,    column' = min((column − 1) · S + K − P, width)

The published numbers do not limit row' to the map [R]; `clamp` does, as is right for networks with
strides, where the last rows of a window may be padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.window import Axis

    Ints = NDArray[np.int64]
    Plane = tuple[Axis, Axis]


@dataclass(frozen=True)
class MapRead:
    """What a layer reads of a producer: windows along rows and columns, the layer's own first.

    `producer` is the layer's number; the windows after the first are those of poolings between the
    two, from the reader to the producer.
    """

    producer: int
    windows: tuple[Plane, ...]

    def needed(self, counts: Ints, *, clamp: bool) -> Ints:
        """Results of the producer up to the last that the first `counts` of the reader need."""
        width = self.windows[0][1].results
        row = -(-counts // width)
        column = counts - (row - 1) * width
        for rows, columns in self.windows:
            row = _last(rows, row)
            column = np.minimum(_last(columns, column), columns.extent)
            if clamp:
                row = np.minimum(row, rows.extent)
        return (row - 1) * self.windows[-1][1].extent + column

    def needed_in_full(self, counts: Ints) -> Ints:
        """The same on the map, and at least what the end of the row before needs."""
        width = self.windows[0][1].results
        before = np.maximum((-(-counts // width) - 1) * width, 1)
        return np.maximum(self.needed(counts, clamp=True), self.needed(before, clamp=True))


def _last(axis: Axis, numbers: Ints) -> Ints:
    """The last index, from 1, that each of some results, from 1, reads along an axis."""
    windows = numbers - 1
    if axis.chosen is not None:
        windows = axis.windows()[np.minimum(windows, axis.results - 1)]
    return axis.first + windows * axis.stride + (axis.kernel - 1) * axis.dilation + 1


@dataclass(frozen=True)
class PipelineLayer:
    """A convolution as the model sees it.

    Attributes:
        name: what it is called.
        results: W = Wo · Ho, results of one image, each of all channels.
        crossbars: set, crossbars of one copy.
        reads: what it reads of the layers before it.
        trailing: results that are still to come when all that it reads is there: Wo · ⌊P / S⌋.
        channels: Co, values of a result.
        fetched: values that one copy fetches for a result: Kc² · Ci · ⌈Co / N⌉.
    """

    name: str
    results: int
    crossbars: int
    reads: tuple[MapRead, ...]
    trailing: int
    channels: int
    fetched: int


@dataclass(frozen=True)
class LayerPipeline:
    """Layers, each behind those that it reads."""

    layers: tuple[PipelineLayer, ...]

    def __len__(self) -> int:
        return len(self.layers)

    @cached_property
    def sets(self) -> Ints:
        """Crossbars of one copy of each layer: shape [layers]."""
        return np.array([layer.crossbars for layer in self.layers], np.int64)

    @cached_property
    def results(self) -> Ints:
        """Results of each layer: shape [layers]."""
        return np.array([layer.results for layer in self.layers], np.int64)

    @cached_property
    def is_chain(self) -> bool:
        """Whether every layer reads the one before it, and nothing else."""
        return all(
            [read.producer for read in layer.reads] == ([number - 1] if number else [])
            for number, layer in enumerate(self.layers)
        )

    @cached_property
    def last_layers(self) -> list[int]:
        """The numbers of the layers that no other reads."""
        read = {each.producer for layer in self.layers for each in layer.reads}
        return [number for number in range(len(self)) if number not in read]

    def used(self, copies: Sequence[int] | Ints) -> int:
        """Crossbars of so many copies of each layer."""
        return int(self.sets @ np.asarray(copies, np.int64))
