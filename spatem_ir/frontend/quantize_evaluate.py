"""A float32 evaluator of ONNX graphs in numpy, for calibration."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from spatem_ir.frontend.onnx_graph import Graph, Node
from spatem_ir.frontend.onnx_shapes import (
    convolution_window,
    dense_form,
    flattened_shape,
    map_size,
    pooling_window,
    reshaped_shape,
    softmax_shape,
)
from spatem_ir.geometry.window import PADDING, Window

Array = NDArray[np.float32]
Evaluator = Callable[[Node, Sequence[Array], Graph], Array]


def evaluate(graph: Graph, inputs: Array) -> dict[str, Array]:
    """All activations of a float graph whose one input is `inputs` [n, …], by tensor.

    Raises:
        SpatemError: a node cannot be evaluated.
    """
    constants = {name: constant.values for name, constant in graph.constants.items()}
    activations: dict[str, Array] = {graph.inputs[0].name: inputs}
    known = ChainMap(activations, constants)
    for node in graph.nodes:
        names = [name for name in node.inputs if name]
        if node.operator not in EVALUATORS or not all(name in known for name in names):
            node.fail("cannot be evaluated on the calibration inputs")
        try:
            result = EVALUATORS[node.operator](node, [known[name] for name in names], graph)
        except ValueError as error:
            node.fail(f"cannot be evaluated on the calibration inputs: {error}")
        activations[node.outputs[0]] = result
    return activations


def _convolution(node: Node, operands: Sequence[Array], _: Graph) -> Array:
    images, weights = operands[0], operands[1]
    size = map_size(node, images.shape[1:])
    window = convolution_window(node, weights.shape, size)
    groups = node.attribute("group", 1)
    matrices = weights.reshape(groups, len(weights) // groups, -1)
    rows, columns = window.output_size(*size)
    result = np.empty((len(images), len(weights), rows, columns), np.float32)
    for image, output in zip(images, result, strict=True):
        im2col = _windows(image, window, np.float32(0)).swapaxes(1, 2)
        products = matrices @ im2col.reshape(groups, matrices.shape[2], -1)
        output[:] = products.reshape(output.shape)
    return result + operands[2].reshape(-1, 1, 1) if len(operands) > 2 else result


def _windows(maps: Array, window: Window, padding: np.float32) -> Array:
    """The elements of every window of maps [maps, height, width]: [maps, windows, kernel]."""
    flat = maps.reshape(len(maps), -1)
    padded = np.concatenate([flat, np.full((len(flat), 1), padding)], axis=1)
    assert PADDING == -1, "padded positions must select the last element"
    return padded[:, window.positions(*maps.shape[1:])]


def _dense(node: Node, operands: Sequence[Array], _: Graph) -> Array:
    form = dense_form(node, operands[0].shape[1:])
    matrix = operands[1].T if form.transposed else operands[1]
    result = form.alpha * (operands[0] @ matrix)
    return result + form.beta * operands[2] if len(operands) > 2 else result


def _max_pool(node: Node, operands: Sequence[Array], _: Graph) -> Array:
    window = pooling_window(node, map_size(node, operands[0].shape[1:]))
    return _pooled(operands[0], window, np.float32(-np.inf)).max(axis=-1)


def _average_pool(node: Node, operands: Sequence[Array], _: Graph) -> Array:
    size = map_size(node, operands[0].shape[1:])
    counts_padding = bool(node.attribute("count_include_pad", 0))
    window = pooling_window(node, size, count_include_pad=counts_padding)
    is_counted = (window.positions(*size) != PADDING) | counts_padding
    counts = is_counted.sum(axis=1, dtype=np.float32).reshape(window.output_size(*size))
    return _pooled(operands[0], window, np.float32(0)).sum(axis=-1) / counts


def _pooled(images: Array, window: Window, padding: np.float32) -> Array:
    """The elements of every window: [n, channels, rows, columns, kernel]."""
    count, channels, height, width = images.shape
    maps = images.reshape(count * channels, height, width)
    rows, columns = window.output_size(height, width)
    return _windows(maps, window, padding).reshape(count, channels, rows, columns, -1)


def _reshape(node: Node, operands: Sequence[Array], graph: Graph) -> Array:
    images, target = operands[0], operands[1].tolist()
    shape = reshaped_shape(node, images.shape[1:], target, graph.batch)
    return images.reshape(len(images), *shape)


def _flatten(node: Node, operands: Sequence[Array], _: Graph) -> Array:
    images = operands[0]
    return images.reshape(len(images), *flattened_shape(node, images.shape[1:]))


def _softmax(node: Node, operands: Sequence[Array], _: Graph) -> Array:
    images = operands[0].reshape(len(operands[0]), -1)
    softmax_shape(node, operands[0].shape[1:])
    powers = np.exp(images - images.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).reshape(operands[0].shape)


EVALUATORS: dict[str, Evaluator] = {
    "AveragePool": _average_pool,
    "Concat": lambda _, operands, __: np.concatenate(operands, axis=1),
    "Conv": _convolution,
    "Dropout": lambda _, operands, __: operands[0],
    "Flatten": _flatten,
    "Gemm": _dense,
    "GlobalAveragePool": lambda _, operands, __: operands[0].mean(axis=(2, 3), keepdims=True),
    "Identity": lambda _, operands, __: operands[0],
    "MatMul": _dense,
    "MaxPool": _max_pool,
    "Relu": lambda _, operands, __: np.maximum(operands[0], 0),
    "Reshape": _reshape,
    "Softmax": _softmax,
}
"""The operators of float networks."""
