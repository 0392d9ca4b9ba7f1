"""Windows from the attributes of ONNX nodes; all shapes are without the batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.onnx_import.shapes import extents_text

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.tensors import OnnxNode


def convolution_window(node: OnnxNode, weights: tuple[int, ...], size: tuple[int, int]) -> Window:
    """The window of a convolution with weights of the given shape over an input of `size`."""
    if len(weights) != 4:
        node.fail(f"has weights of {len(weights)} dimensions; 3, 4 and 5 are supported")
    kernel = (weights[2], weights[3])
    stated = tuple(node.attribute("kernel_shape", kernel))
    if stated not in (kernel, kernel[1:] if kernel[0] == 1 else kernel):
        node.fail(f"its kernel_shape differs from that of its weights, {kernel[0]}x{kernel[1]}")
    return _window(node, kernel, size)


def stated_window(node: OnnxNode, size: tuple[int, int], *, is_signal: bool = False) -> Window:
    """The window of a pooling over an input of `size`, one row of it for a signal."""
    kernel: tuple[int, ...] = tuple(node.attribute("kernel_shape") or ())
    if is_signal and len(kernel) == 1:
        kernel = (1, *kernel)
    if len(kernel) != 2 or min(kernel) < 1:
        node.fail(f"has kernel_shape {list(kernel)}; only one or two dimensions are supported")
    window = _window(node, (kernel[0], kernel[1]), size)
    if node.attribute("auto_pad", "NOTSET").startswith("SAME") and _leaves_gaps(window, size):
        node.fail(
            "has an auto_pad whose pads are negative, as strides exceed the kernel: give pads"
        )
    return window


def pooling_window(node: OnnxNode, size: tuple[int, int], *, is_signal: bool = False) -> Window:
    """The stated window, where `ceil_mode` becomes padding that makes the last windows complete.

    An average that counts the stated padding must not count that.
    """
    window = stated_window(node, size, is_signal=is_signal)
    return _rounded_up(window, size) if node.attribute("ceil_mode", 0) else window


def map_size(node: OnnxNode, shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of a feature map [channels, height, width]."""
    if len(shape) != 3:
        node.fail(
            f"needs an input [batch, channels, height, width], not [batch, {extents_text(shape)}]"
        )
    return shape[1], shape[2]


def _window(node: OnnxNode, kernel: tuple[int, int], size: tuple[int, int]) -> Window:
    strides = _pair(node, "strides", size)
    dilations = _pair(node, "dilations", size)
    unpadded = Window(kernel, strides, dilations=dilations)
    pads = tuple(node.attribute("pads", (0, 0, 0, 0)))
    if len(pads) == 2 and size[0] == 1:
        pads = (0, pads[0], 0, pads[1])
    match node.attribute("auto_pad", "NOTSET"):
        case "NOTSET":
            if len(pads) != 4 or min(pads) < 0:
                node.fail(f"has pads {list(pads)}; they must be four numbers of 0 or more")
        case "VALID":
            pads = (0, 0, 0, 0)
        case "SAME_UPPER":
            (top, bottom), (left, right) = _same_pads(unpadded, size)
            pads = (top, left, bottom, right)
        case "SAME_LOWER":
            (bottom, top), (right, left) = _same_pads(unpadded, size)
            pads = (top, left, bottom, right)
        case other:
            node.fail(f"has an unknown auto_pad '{other}'")
    return Window(kernel, strides, cast("tuple[int, int, int, int]", pads), dilations)


def _pair(node: OnnxNode, name: str, size: tuple[int, int]) -> tuple[int, int]:
    """An attribute with a number of at least 1 per dimension; one alone if there is one row."""
    values = tuple(node.attribute(name) or (1, 1))
    if len(values) == 1 and size[0] == 1:
        values = (1, *values)
    if len(values) != 2 or min(values) < 1:
        node.fail(f"has {name} {list(values)}; only numbers of at least 1, one per dimension")
    return values[0], values[1]


def _same_pads(window: Window, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Per axis the smaller and the larger pad that give ceil(size / stride) windows."""
    axes = zip(size, window.strides, window.extent, strict=True)
    return [same_pads(*axis) for axis in axes]


def same_pads(length: int, stride: int, extent: int) -> tuple[int, int]:
    """The smaller and the larger pad that give ceil(length / stride) windows along an axis."""
    total = max((-(-length // stride) - 1) * stride + extent - length, 0)
    return total // 2, total - total // 2


def _leaves_gaps(window: Window, size: tuple[int, int]) -> bool:
    """Whether automatic padding would have to cut elements off an axis, rather than add some."""
    axes = zip(size, window.strides, window.extent, strict=True)
    return any(
        (-(-size // stride) - 1) * stride + extent < size - 1 for size, stride, extent in axes
    )


def _rounded_up(window: Window, size: tuple[int, int]) -> Window:
    """The window with pads that complete a last, partial window of each axis."""
    top, left, *after = window.pads
    sides = zip(size, (top, left), after, window.strides, window.extent, strict=True)
    bottom, right = (completing_pad(*side) for side in sides)
    return replace(window, pads=(top, left, bottom, right))


def completing_pad(length: int, before: int, after: int, stride: int, extent: int) -> int:
    """The pad behind an axis that completes its last, partial window.

    A window that would start behind the input and its leading padding is left out, as in ONNX.
    """
    count = -(-(length + before + after - extent) // stride) + 1
    if (count - 1) * stride >= length + before:
        count -= 1
    return max((count - 1) * stride + extent - length - before, 0)
