"""Networks whose channels come last, as exporters of such frameworks write them, and their twins.

Between the layers, which have transpositions around them, are operators on [n, rows, columns,
channels]; the twins have the same operators with the channels in front.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from unit.frontend.onnx_builder import ModelBuilder

TO_FRONT, TO_BACK = [0, 3, 1, 2], [0, 2, 3, 1]


class Layers:
    """Appends layers to a model, in one of the two layouts."""

    def __init__(self, model: ModelBuilder, *, last: bool):
        self.model = model
        self.last = last

    def around(self, tensor: str, layer: Callable[[str], str]) -> str:
        """A layer that works with the channels in front."""
        if not self.last:
            return layer(tensor)
        moved = self.model.node("Transpose", tensor, perm=TO_FRONT)
        return self.model.node("Transpose", layer(moved), perm=TO_BACK)

    def conv(self, tensor: str, channels: int, outputs: int, size: int = 3, stride: int = 1) -> str:
        shape = (outputs, channels, size, size)
        weights = self.model.constant(self.model.random.normal(0, 0.3, shape).astype(np.float32))
        edge = [size // 2] * 4
        return self.around(
            tensor,
            lambda x: self.model.node("Conv", x, weights, pads=edge, strides=[stride, stride]),
        )

    def numbers(self, channels: int) -> str:
        """One constant for each channel."""
        values = self.model.random.uniform(0.5, 1.5, channels).astype(np.float32)
        return self.model.constant(values if self.last else values.reshape(-1, 1, 1))

    def scaled(self, tensor: str, channels: int) -> str:
        """A batch normalisation in parts."""
        product = self.model.node("Mul", tensor, self.numbers(channels))
        return self.model.node("Add", product, self.numbers(channels))

    def average(self, tensor: str) -> str:
        """A mean of maps, which keeps the dimensions."""
        axes = self.model.constant(np.array([1, 2] if self.last else [2, 3]))
        return self.model.node("ReduceMean", tensor, axes, keepdims=1)

    def padded(self, tensor: str) -> str:
        pads = [0, 0, 1, 1] if not self.last else [0, 1, 1, 0]
        return self.model.node("Pad", tensor, self.model.constant(np.array([0] * 4 + pads)))

    def joined(self, *tensors: str) -> str:
        return self.model.node("Concat", *tensors, axis=3 if self.last else 1)

    def flat(self, tensor: str, channels: int) -> str:
        return self.model.node("Reshape", tensor, self.model.constant(np.array([-1, channels])))


def network(model: ModelBuilder, layers: Layers, tensor: str) -> str:
    """A stem with padding, a residual block with squeeze and excitation, a concat, a classifier."""
    stem = layers.conv(layers.padded(tensor), 3, 8, stride=2)
    stem = model.node("Relu", layers.scaled(stem, 8))
    inner = model.node("HardSwish", layers.scaled(layers.conv(stem, 8, 8), 8))
    squeezed = layers.conv(layers.average(inner), 8, 4, size=1)
    excited = layers.conv(model.node("Relu", squeezed), 4, 8, size=1)
    block = model.node("Add", stem, model.node("Mul", inner, model.node("Sigmoid", excited)))
    joined = layers.joined(block, layers.conv(block, 8, 8, size=1))
    features = layers.flat(layers.average(model.node("Relu", joined)), 16)
    weights = model.constant(model.random.normal(0, 0.3, (16, 10)).astype(np.float32))
    return model.node("MatMul", features, weights)
