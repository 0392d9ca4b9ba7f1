"""From where along a dimension Resize takes its elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.operators.onnx_import.shapes import extents_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode

    Reals = NDArray[np.float32]

WITHOUT_EFFECT = ("cubic_coeff_a", "exclude_outside", "extrapolation_value", "nearest_mode")
"""Attributes of Resize that the supported modes do not read, or do not read all."""

Sizes = list[tuple[int, float]]
"""The extent of each dimension behind the batch after resizing, and its scale."""


def resized_sizes(node: OnnxNode, network: NetworkBuilder, shape: tuple[int, ...]) -> Sizes:
    """The sizes that a Resize states by scales or by sizes."""
    for without_effect in WITHOUT_EFFECT:
        node.attribute(without_effect)
    if node.attribute("antialias", 0):
        node.fail("has antialias, which is not supported")
    if node.attribute("keep_aspect_ratio_policy", "stretch") != "stretch":
        node.fail("keeps the aspect ratio; state all sizes")
    whole = (network.batch, *shape)
    axes = [axis % len(whole) for axis in node.attribute("axes", range(len(whole)))]
    scales = network.optional_constant(node, 2)
    if scales is not None and scales.values.size:
        factors = [float(scale) for scale in scales.values.reshape(-1)]
        stated = [int(whole[a] * f) for a, f in zip(axes, factors, strict=True)]
    else:
        stated = network.constant(node, 3).values.reshape(-1).tolist()
        factors = [size / whole[axis] for axis, size in zip(axes, stated, strict=True)]
    sizes = [(extent, 1.0) for extent in whole]
    for axis, size, factor in zip(axes, stated, factors, strict=True):
        sizes[axis] = size, factor
    if sizes[0][0] != network.batch or min(size for size, _ in sizes) < 1:
        node.fail(
            f"gives [{extents_text([size for size, _ in sizes])}], which has another batch or "
            "an extent of 0"
        )
    return sizes[1:]


def nearest_indices(node: OnnxNode, extent: int, size: int, scale: float) -> list[int]:
    """The index that each element of the result repeats."""
    import numpy as np

    coordinates = _coordinates(node, extent, size, scale)
    match node.attribute("nearest_mode", "round_prefer_floor"):
        case "round_prefer_floor":
            nearest = np.ceil(coordinates - np.float32(0.5))
        case "round_prefer_ceil":
            nearest = np.floor(coordinates + np.float32(0.5))
        case "floor":
            nearest = np.floor(coordinates)
        case "ceil":
            nearest = np.ceil(coordinates)
        case mode:
            node.fail(f"has nearest_mode '{mode}'")
    return np.clip(nearest.astype(np.int64), 0, extent - 1).tolist()


def linear_neighbours(
    node: OnnxNode, extent: int, size: int, scale: float
) -> tuple[NDArray[np.int64], Reals]:
    """The two indices between which each element of the result lies, and their weights.

    Arrays of shape [size, 2]; [size, 1] where every element is one of the operand.
    """
    import numpy as np

    coordinates = np.clip(_coordinates(node, extent, size, scale), 0, extent - 1)
    before = np.floor(coordinates).astype(np.int64)
    after = np.minimum(before + 1, extent - 1)
    shares = (coordinates - before).astype(np.float32)
    if not shares.any():
        return before[:, None], np.ones((size, 1), np.float32)
    weights = np.stack([np.float32(1) - shares, shares], axis=1)
    return np.stack([before, after], axis=1), weights


def _coordinates(node: OnnxNode, extent: int, size: int, scale: float) -> Reals:
    """Where each element of the result lies on the operand, in the arithmetic of onnxruntime."""
    import numpy as np

    mode = node.attribute("coordinate_transformation_mode", "half_pixel")
    numbers, factor, half = np.arange(size, dtype=np.float32), np.float32(scale), np.float32(0.5)
    if size == extent and scale == 1:
        return numbers
    match mode:
        case "half_pixel":
            return (numbers + half) / factor - half
        case "pytorch_half_pixel":
            return (numbers + half) / factor - half if size > 1 else numbers
        case "half_pixel_symmetric":
            adjustment = np.float32(size) / (factor * np.float32(extent))
            offset = np.float32(extent) / np.float32(2) * (np.float32(1) - adjustment)
            return offset + (numbers + half) / factor - half
        case "align_corners":
            span = np.float32(max(size - 1, 1))
            return numbers * np.float32(extent - 1) / span if size > 1 else numbers
        case "asymmetric":
            return numbers / factor
        case _:
            node.fail(f"has coordinate_transformation_mode '{mode}', which is not supported")
