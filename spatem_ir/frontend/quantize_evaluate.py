"""A float32 evaluator of ONNX graphs in numpy, for calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.frontend.onnx_graph import Graph, Node
from spatem_ir.frontend.onnx_shapes import (
    convolution_window,
    flattened_shape,
    map_size,
    pooling_window,
    reshaped_shape,
)
from spatem_ir.geometry.window import PADDING, Window

Array = NDArray[np.float32]


def evaluate(graph: Graph, inputs: Array) -> dict[str, Array]:
    """All activations of a float graph whose one input is `inputs`, shape [n, …], by tensor."""
    values: dict[str, Array] = {graph.inputs[0].name: inputs}
    for node in graph.nodes:
        operands = [
            values[name] if name in values else graph.constants[name].values
            for name in node.inputs
            if name
        ]
        ...
    return values
