"""Transposed convolutions, as convolutions over inputs with zeros between their elements.

An input of n elements becomes one of s · (n − 1) + 1, s the stride, that is convolved at stride 1
with the mirrored kernel.  All shapes are without the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mirrored(
    node: OnnxNode, weights: Constant | QuantizedConstant, groups: int
) -> Constant | QuantizedConstant:
    """Weights [inputs, outputs / groups, height, width] as [outputs, inputs / groups, …], turned.

    Raises:
        SpatemError: weights in integers have a scale for each input.
    """
    import numpy as np

    if isinstance(weights, Constant):
        return Constant(_mirrored(weights.values, groups))
    scale, zeros = weights.scale.values.reshape(-1), weights.zero_points
    if scale.size * zeros.size > 1 and weights.axis != 1:
        node.fail("its weights must have one scale for all or one per output channel")
    return replace(
        weights,
        codes=Constant(_mirrored(weights.codes.values, groups)),
        scale=Constant(np.tile(scale, groups) if scale.size > 1 else scale),
        zero_points=np.tile(zeros, groups) if zeros.size > 1 else zeros,
        axis=0,
    )


def _mirrored(values: NDArray[Any], groups: int) -> NDArray[Any]:
    inputs, outputs, height, width = values.shape
    grouped = values.reshape(groups, inputs // groups, outputs, height, width)
    exchanged = grouped.swapaxes(1, 2)[..., ::-1, ::-1]
    return exchanged.reshape(groups * outputs, inputs // groups, height, width).copy()


def transposed_geometry(
    node: OnnxNode, kernel: tuple[int, int], size: tuple[int, int], *, is_signal: bool
) -> tuple[Window, tuple[int, int], tuple[int, int, int, int]]:
    """How a ConvTranspose of a kernel over maps of `size` is computed.

    Returns:
        The window over the input with zeros, the strides, which say how many zeros there are
        between its elements, and the elements that are cropped from it: top, left, bottom, right.
    """
    strides = _pair(node.attribute("strides", [1, 1]), 1, is_signal)
    dilations = _pair(node.attribute("dilations", [1, 1]), 1, is_signal)
    added = _pair(node.attribute("output_padding", [0, 0]), 0, is_signal)
    node.attribute("kernel_shape")
    extent = Window(kernel, dilations=dilations).extent
    leading, trailing = _pads(node, strides, extent, size, added, is_signal=is_signal)
    before = [reach - 1 - pad for reach, pad in zip(extent, leading, strict=True)]
    after = [r - 1 - pad + a for r, pad, a in zip(extent, trailing, added, strict=True)]
    pads = (*before, *after)
    window = Window(kernel, (1, 1), _four([max(pad, 0) for pad in pads]), dilations)
    return window, strides, _four([max(-pad, 0) for pad in pads])


def _pads(
    node: OnnxNode,
    strides: tuple[int, int],
    extent: tuple[int, int],
    size: tuple[int, int],
    added: tuple[int, int],
    *,
    is_signal: bool,
) -> tuple[list[int], list[int]]:
    """What a ConvTranspose leaves out of its result, before and after each dimension.

    A result that is stated larger than all that the kernel reaches has more behind it.
    """
    mode = node.attribute("auto_pad", "NOTSET")
    wanted = node.attribute("output_shape")
    stated = list(node.attribute("pads", [0] * (2 if is_signal else 4)))
    if mode not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        node.fail(f"has auto_pad '{mode}'")
    if wanted is None and mode in ("NOTSET", "VALID"):
        pads = stated if mode == "NOTSET" else [0] * len(stated)
        return (
            list(_pair(pads[: len(pads) // 2], 0, is_signal)),
            list(_pair(pads[len(pads) // 2 :], 0, is_signal)),
        )
    results = [n * stride for n, stride in zip(size, strides, strict=True)]
    if wanted is not None:
        results = list(_pair(wanted, 1, is_signal))
    whole = [
        stride * (n - 1) + reach + more
        for stride, n, reach, more in zip(strides, size, extent, added, strict=True)
    ]
    totals = [length - result for length, result in zip(whole, results, strict=True)]
    smaller = [max(total, 0) // 2 for total in totals]
    larger = [max(total, 0) - half for total, half in zip(totals, smaller, strict=True)]
    leading, trailing = (smaller, larger) if mode == "SAME_UPPER" else (larger, smaller)
    if wanted is not None:
        trailing = [pad + min(total, 0) for pad, total in zip(trailing, totals, strict=True)]
    return leading, trailing


def _pair(values: Sequence[int], neutral: int, is_signal: bool) -> tuple[int, int]:
    """Numbers of rows and columns; a signal has one row, for which the number is neutral."""
    return (neutral, values[-1]) if is_signal else (values[0], values[1])


def _four(values: Sequence[int]) -> tuple[int, int, int, int]:
    top, left, bottom, right = values
    return top, left, bottom, right
