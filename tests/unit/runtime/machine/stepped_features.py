"""Feature maps as arrays, and which of their entries operators read, for the simulator.

Entry −1 is padding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue

from spatem_ir.dialects.cnn import DigitalOp, FlattenOp, PoolOp, TransposeOp
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.concat import ConcatOp
from spatem_ir.operators.gather import GatherOp
from spatem_ir.operators.lrn import LrnOp
from spatem_ir.operators.pad import PadOp
from spatem_ir.operators.softmax import SoftmaxOp

Ints = NDArray[np.int64]


@dataclass
class Feature:
    """A value: the piece of every element, and the element's number before views permuted them.

    `starts` are the numbers of the elements with which channel slices start.
    """

    pieces: Ints
    numbers: Ints
    starts: list[int]

    @property
    def map(self) -> Ints:
        """The pieces by channel, row and column."""
        return self.pieces.reshape(*map_shape(self.pieces.shape))

    @property
    def slices(self) -> list[int]:
        """The first channel of each slice: one where elements were permuted."""
        if (np.diff(self.numbers.reshape(-1)) != 1).any():
            return [0]
        _, height, width = self.map.shape
        return [start // (height * width) for start in self.starts]


def seen(op: Operation, features: list[Feature]) -> Feature:
    """The value that a view shows."""
    (result,) = op.results
    assert isinstance(result.type, TensorType)
    shape, source = result.type.get_shape(), features[0]
    match op:
        case FlattenOp():
            return Feature(
                source.pieces.reshape(shape), source.numbers.reshape(shape), source.starts
            )
        case TransposeOp():
            permutation = list(op.permutation.get_values())
            pieces, numbers = source.pieces, source.numbers
            return Feature(
                pieces.transpose(permutation), numbers.transpose(permutation), source.starts
            )
        case GatherOp():
            indices, axis = list(op.indices.data), op.dimension.value.data
            return Feature(
                source.pieces.take(indices, axis),
                source.numbers.take(indices, axis),
                source.starts,
            )
        case ConcatOp():
            starts, numbers, first = [], [], 0
            for feature in features:
                starts += [first + start for start in feature.starts]
                numbers.append(first + feature.numbers)
                first += feature.pieces.size
            pieces = np.concatenate([feature.pieces for feature in features])
            return Feature(pieces, np.concatenate(numbers), starts)
        case _:
            raise AssertionError(op.name)


def reads(op: DigitalOp, maps: list[Ints]) -> Ints:
    """The entries of maps that each element of an operator's result reads: [C, H, W, reads]."""
    match op:
        case PoolOp():
            rows, columns = map_shape_of(op.output)[1:]
            windows = [
                under(op.window.data, y, x, maps[0]) for y in range(rows) for x in range(columns)
            ]
            return np.stack(windows, axis=1).reshape(len(maps[0]), rows, columns, -1)
        case LrnOp():
            channels, size = len(maps[0]), op.size.value.data
            around = np.full((*maps[0].shape, size), -1)
            for channel in range(channels):
                for number in range(size):
                    other = channel + number - (size - 1) // 2
                    if 0 <= other < channels:
                        around[channel, ..., number] = maps[0][other]
            return around
        case SoftmaxOp():
            line = np.moveaxis(maps[0], op.axis.value.data, -1)
            line = np.expand_dims(line, op.axis.value.data)
            return np.broadcast_to(line, (*maps[0].shape, line.shape[-1]))
        case PadOp():
            pads = list(zip(op.before.get_values(), op.after.get_values(), strict=True))
            pads += [(0, 0)] * (3 - len(pads))
            return np.pad(maps[0], pads, constant_values=-1)[..., None]
        case _:
            return np.stack(np.broadcast_arrays(*maps), axis=-1)


def slices_of(op: DigitalOp, features: list[Feature]) -> list[int]:
    """The first channel of each slice of an operator's result: where any operand's slice starts."""
    before = next(iter(op.before.get_values())) if isinstance(op, PadOp) else 0
    starts = {before + start for feature in features for start in feature.slices if start}
    return [0, *sorted(starts)]


def under(window: Window, y: int, x: int, plane: Ints) -> Ints:
    """The entries that the window of result (y, x) reads: [channels, kernel], −1 for padding."""
    (height, width), (top, left) = plane.shape[1:], window.pads[:2]
    y = y if window.rows is None else list(window.rows)[y]
    x = x if window.columns is None else list(window.columns)[x]
    found = []
    for ky, kx in np.ndindex(window.kernel):
        row = y * window.strides[0] - top + ky * window.dilations[0]
        column = x * window.strides[1] - left + kx * window.dilations[1]
        inside = 0 <= row < height and 0 <= column < width
        found.append(plane[:, row, column] if inside else np.full(len(plane), -1))
    return np.stack(found, axis=1)


def map_shape_of(value: SSAValue) -> tuple[int, int, int]:
    """Channels, height and width of a value."""
    assert isinstance(value.type, TensorType)
    return map_shape(value.type.get_shape())


def map_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width; a value that is no feature map has one position."""
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (int(np.prod(shape)), 1, 1)
