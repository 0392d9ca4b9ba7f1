"""Which indices of a tensor's dimensions nodes of ONNX take; all shapes are without the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from spatem_ir.operators.onnx_import.shapes import extents_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode

Taken = Iterator[tuple[int, Sequence[int]]]
"""Dimensions behind the batch, and the indices that are taken of each."""


def dimension_behind_batch(node: OnnxNode, axis: int, shape: tuple[int, ...]) -> int:
    """The dimension behind the batch that an axis of [batch, …] names.

    Raises:
        SpatemError: it is the batch, or there is none.
    """
    dimensions = 1 + len(shape)
    if not -dimensions <= axis < dimensions or axis % dimensions == 0:
        node.fail(f"has axis {axis} on [batch, {extents_text(shape)}]; it must not be the batch")
    return axis % dimensions - 1


def gathered_indices(
    node: OnnxNode, network: NetworkBuilder, shape: tuple[int, ...]
) -> tuple[int, NDArray[np.int64]]:
    """The dimension and the indices of a Gather, counted from the start."""
    import numpy as np

    dimension = dimension_behind_batch(node, node.attribute("axis", 0), shape)
    extent = shape[dimension]
    indices = network.constant(node, 1).values.astype(np.int64)
    if indices.size == 0 or indices.min() < -extent or indices.max() >= extent:
        node.fail(f"has indices outside a dimension of {extent}")
    return dimension, np.where(indices < 0, indices + extent, indices)


def sliced_indices(node: OnnxNode, network: NetworkBuilder, shape: tuple[int, ...]) -> Taken:
    """The dimensions and the indices of a Slice."""
    starts, ends = (network.constant(node, index).values.reshape(-1).tolist() for index in (1, 2))
    given = [network.optional_constant(node, index) for index in (3, 4)]
    axes, steps = (None if one is None else one.values.reshape(-1).tolist() for one in given)
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if axis in (0, -1 - len(shape)) and (start, step) == (0, 1) and end >= network.batch:
            continue
        dimension = dimension_behind_batch(node, axis, shape)
        indices = range(*slice(start, end, step).indices(shape[dimension]))
        if not indices:
            node.fail(f"takes nothing of axis {axis}")
        yield dimension, indices


def part_sizes(
    node: OnnxNode, network: NetworkBuilder, shape: tuple[int, ...]
) -> tuple[int, list[int]]:
    """The dimension and the sizes of the parts of a Split."""
    dimension = dimension_behind_batch(node, node.attribute("axis", 0), shape)
    extent, stated = shape[dimension], network.optional_constant(node, 1)
    if stated is not None:
        sizes = stated.values.reshape(-1).tolist()
    else:
        count = node.attribute("num_outputs", len(node.outputs))
        size = -(-extent // count)
        sizes = [min(size, extent - first) for first in range(0, extent, size)]
    if sum(sizes) != extent or min(sizes) < 1 or len(sizes) != len(node.outputs):
        node.fail(f"has {len(node.outputs)} parts of sizes {sizes} of a dimension of {extent}")
    return dimension, sizes


def expanded_indices(node: OnnxNode, network: NetworkBuilder, shape: tuple[int, ...]) -> Taken:
    """The dimensions and the indices of an Expand: an extent of 1 is repeated."""
    target = network.constant(node, 1).values.reshape(-1).tolist()
    aligned = [1] * (1 + len(shape) - len(target)) + target
    if len(aligned) > 1 + len(shape) or aligned[0] not in (1, network.batch):
        node.fail(
            f"expands [batch, {extents_text(shape)}] to [{extents_text(target)}], which changes "
            "the batch"
        )
    for dimension, (extent, wanted) in enumerate(zip(shape, aligned[1:], strict=True)):
        if extent == 1:
            yield dimension, [0] * max(wanted, 1)
        elif wanted not in (1, extent):
            node.fail(f"expands an extent of {extent} to {wanted}; it must be 1")


def tiled_indices(node: OnnxNode, network: NetworkBuilder, shape: tuple[int, ...]) -> Taken:
    """The dimensions and the indices of a Tile."""
    repeats = network.constant(node, 1).values.reshape(-1).tolist()
    if len(repeats) != 1 + len(shape) or repeats[0] != 1 or min(repeats) < 1:
        node.fail(f"has repeats {repeats} of [batch, {extents_text(shape)}]; the batch must stay")
    for dimension, (extent, count) in enumerate(zip(shape, repeats[1:], strict=True)):
        yield dimension, list(range(extent)) * count
