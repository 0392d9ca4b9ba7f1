"""Poolings in ONNX.

onnxruntime refuses pads as large as the kernel and pools no codes of more than 8 bits; explicit
padding, float32 in which codes are exact and sums of slices stand in for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import AveragePoolOp, GlobalAveragePoolOp, MaxPoolOp, PoolOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.exchange.onnx_codes import (
    centred,
    dequantized,
    padded,
    rounded,
    rounded_after_shift,
    saturated,
    scale_and_zero_point,
)
from spatem_ir.exchange.onnx_graph import GraphBuilder
from spatem_ir.geometry.shapes.window import PADDING, Window
from spatem_ir.numerics.codes import storage_dtype
from spatem_ir.numerics.exact import FLOAT32_BITS
from spatem_ir.support.errors import SpatemError


def max_pool(op: MaxPoolOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The largest value of each window."""
    code = quantization_of(op.input.type)
    if code is None or code.bits <= 8:
        lowest = -np.inf if code is None else np.iinfo(storage_dtype(code)).min
        return _maxima(op, graph, operands[0], lowest)
    if code.bits > FLOAT32_BITS:
        raise SpatemError(
            f"{op.name} @{op.sym_name.data}: onnxruntime has no MaxPool of {code.bits} bits; pool "
            f"codes of at most {FLOAT32_BITS} bits"
        )
    maxima = _maxima(op, graph, graph.cast(operands[0], np.float32), -np.inf)
    return graph.cast(maxima, storage_dtype(code))


def _maxima(op: MaxPoolOp, graph: GraphBuilder, operand: str, lowest: float) -> str:
    """MaxPool of a tensor that onnxruntime pools; padding is the lowest value."""
    operand, window = _without_large_pads(op, graph, operand, lowest)
    return graph.add("MaxPool", operand, **_window(window))


def average_pool(op: AveragePoolOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The mean of each window, with or without its padding."""
    if not is_floating(op.input):
        return _average_of_codes(op, graph, operands[0])
    operand, window, counted = operands[0], _trimmed(op), op.count_include_pad is not None
    if counted:
        operand, window = _without_large_pads(op, graph, operand, 0.0)
    elif _has_large_pads(window):
        raise SpatemError(
            f"{op.name} @{op.sym_name.data}: onnxruntime averages no windows with pads as large as "
            "the kernel; use smaller pads"
        )
    count = int(counted)
    attributes = _window(window)
    return graph.add("AveragePool", operand, count_include_pad=count, **attributes)


def global_average_pool(op: GlobalAveragePoolOp, graph: GraphBuilder, operands: list[str]) -> str:
    """The mean of each channel."""
    if is_floating(op.input):
        return graph.add("GlobalAveragePool", operands[0])
    source, target = quantized(op, op.input), quantized(op, op.output)
    if source.bits <= 8 and storage_dtype(source) == storage_dtype(target):
        result = graph.add(
            "QLinearGlobalAveragePool",
            operands[0],
            *scale_and_zero_point(graph, "input", source),
            *scale_and_zero_point(graph, "output", target),
        )
        return saturated(graph, result, target)
    _, height, width = shape_of(op.input)
    axes = graph.constant("axes", np.array([2, 3]))
    sums = graph.add("ReduceSum", centred(graph, operands[0], source), axes)
    count = np.float32(height * width)
    factor = np.float32(source.scale) / (np.float32(target.scale) * count)
    scaled = graph.scalar("multiplier", float(factor), np.float32)
    return rounded(graph, graph.add("Mul", graph.cast(sums, np.float32), scaled), target)


def _average_of_codes(op: AveragePoolOp, graph: GraphBuilder, operand: str) -> str:
    """The mean of each window: QLinearAveragePool, or what it computes, spelled out.

    It knows no dilations, no pads as large as the kernel, and no codes but those of 8 bits.
    """
    source, target, window = quantized(op, op.input), quantized(op, op.output), _trimmed(op)
    is_narrow = source.bits <= 8 and storage_dtype(source) == storage_dtype(target)
    if is_narrow and window.dilations == (1, 1) and not _has_large_pads(window):
        result = graph.add(
            "QLinearAveragePool",
            operand,
            *scale_and_zero_point(graph, "input", source),
            *scale_and_zero_point(graph, "output", target),
            count_include_pad=int(op.count_include_pad is not None),
            **_window(window),
        )
        return saturated(graph, result, target)
    _, height, width = shape_of(op.input)
    rows, columns = op.window.data.output_size(height, width)
    inside = op.window.data.positions(height, width) != PADDING
    counts = inside.sum(axis=1).reshape(rows, columns)
    if op.count_include_pad is not None:
        counts = np.full_like(counts, inside.shape[1])
    top, left, bottom, right = op.window.data.pads
    pads = [(0, 0), (top, bottom), (left, right)]
    maps = padded(graph, dequantized(graph, operand, source), pads, 0.0, None)
    sums = ""
    for plane in _planes(graph, maps, op.window.data, (rows, columns)):
        sums = graph.add("Add", sums, plane) if sums else plane
    steps = graph.add("Div", sums, graph.constant("counts", counts.astype(np.float32)))
    steps = graph.add("Div", steps, graph.scalar("output.scale", target.scale, np.float32))
    return rounded_after_shift(graph, steps, target)


def _planes(
    graph: GraphBuilder, maps: str, window: Window, output: tuple[int, int]
) -> Iterator[str]:
    """The activation at each kernel position of every window of padded maps, in raster order."""
    axes = graph.constant("axes", np.array([2, 3]))
    steps = graph.constant("strides", np.array(window.strides))
    for position in product(*map(range, window.kernel)):
        first = np.array(position) * window.dilations
        last = first + (np.array(output) - 1) * window.strides + 1
        bounds = [
            graph.constant(name, values) for name, values in (("first", first), ("last", last))
        ]
        yield graph.add("Slice", maps, *bounds, axes, steps)


def _window(window: Window) -> dict[str, Any]:
    """The attributes of a pooling; dilations, which few kernels know, only where there are some."""
    attributes: dict[str, Any] = {
        "kernel_shape": window.kernel,
        "strides": window.strides,
        "pads": window.pads,
    }
    if window.dilations != (1, 1):
        attributes["dilations"] = window.dilations
    return attributes


def _trimmed(op: PoolOp) -> Window:
    """The window without pads below and to the right that no window reads."""
    window, (height, width) = op.window.data, shape_of(op.input)[1:]
    pads = list(window.pads)
    outputs = window.output_size(height, width)
    for axis, size in enumerate((height, width)):
        read = (outputs[axis] - 1) * window.strides[axis] + window.extent[axis]
        pads[axis + 2] = max(0, read - size - pads[axis])
    return replace(window, pads=(pads[0], pads[1], pads[2], pads[3]))


def _has_large_pads(window: Window) -> bool:
    return any(pad >= window.kernel[side % 2] for side, pad in enumerate(window.pads))


def _without_large_pads(
    op: PoolOp, graph: GraphBuilder, operand: str, value: float
) -> tuple[str, Window]:
    """An operand and a window whose pads are smaller than the kernel, so that ONNX takes them."""
    window, code = _trimmed(op), quantization_of(op.input.type)
    if not _has_large_pads(window):
        return operand, window
    top, left, bottom, right = window.pads
    narrow = code if code is not None and code.bits <= 8 else None
    operand = padded(graph, operand, [(0, 0), (top, bottom), (left, right)], value, narrow)
    return operand, replace(window, pads=(0, 0, 0, 0))
