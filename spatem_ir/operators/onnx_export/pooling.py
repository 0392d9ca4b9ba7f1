"""Windows of poolings in ONNX; onnxruntime refuses pads as large as the kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.operators import PoolOp
from spatem_ir.geometry.shapes.window import Window

if TYPE_CHECKING:
    from spatem_ir.dialects.cnn.attributes import Quantization
    from spatem_ir.operators.onnx_export.graph import GraphBuilder


def window_attributes(window: Window) -> dict[str, Any]:
    """The attributes of a pooling; dilations, which few kernels know, only where there are some."""
    attributes: dict[str, Any] = {
        "kernel_shape": window.kernel,
        "strides": window.strides,
        "pads": window.pads,
    }
    if window.dilations != (1, 1):
        attributes["dilations"] = window.dilations
    return attributes


def trimmed(op: PoolOp) -> Window:
    """The window without pads below and to the right that no window reads."""
    window, (height, width) = op.window.data, shape_of(op.input)[1:]
    pads = list(window.pads)
    outputs = window.output_size(height, width)
    for axis, size in enumerate((height, width)):
        read = (outputs[axis] - 1) * window.strides[axis] + window.extent[axis]
        pads[axis + 2] = max(0, read - size - pads[axis])
    return replace(window, pads=(pads[0], pads[1], pads[2], pads[3]))


def has_large_pads(window: Window) -> bool:
    """Whether a pad is as large as the kernel."""
    return any(pad >= window.kernel[side % 2] for side, pad in enumerate(window.pads))


def without_large_pads(
    op: PoolOp, graph: GraphBuilder, operand: str, value: float, code: Quantization | None
) -> tuple[str, Window]:
    """An operand and a window whose pads are smaller than the kernel, so that ONNX takes them.

    `code` is that of the operand, None if it is float32.
    """
    window = trimmed(op)
    if not has_large_pads(window):
        return operand, window
    top, left, bottom, right = window.pads
    narrow = code if code is not None and code.bits <= 8 else None
    operand = graph.padded(operand, [(0, 0), (top, bottom), (left, right)], value, narrow)
    return operand, replace(window, pads=(0, 0, 0, 0))
