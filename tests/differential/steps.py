"""Small quantised networks as plain data.

A network is a list of steps; step n computes value n + 1 from earlier values, value 0 is the input.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.geometry.shapes.window import Window

Shape = tuple[int, ...]

ACCUMULATOR = Quantization(32, True, 1.0, 0)
POINT = Window((1, 1))


@dataclass(frozen=True)
class WeightStep:
    """A weight layer; weights have the shape of the `cnn` op that `kind` names."""

    kind: str
    source: int
    weights: NDArray[np.integer]
    weight_bits: int
    weight_signed: bool
    weight_zero_point: int
    weight_scale: NDArray[np.float32]
    bias: NDArray[np.int32] | None
    code: Quantization
    window: Window = POINT
    groups: int = 1
    region: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class PoolStep:
    """A pooling, maximum or average."""

    kind: str
    source: int
    window: Window
    code: Quantization
    count_include_pad: bool = False


@dataclass(frozen=True)
class ReluStep:
    """A rectification."""

    source: int


@dataclass(frozen=True)
class JoinStep:
    """Values with the same code, flattened if their maps differ in size, one after the other."""

    sources: tuple[int, ...]
    flat: bool


@dataclass(frozen=True)
class CropStep:
    """Some rows (axis 1) or columns (axis 2)."""

    source: int
    axis: int
    indices: tuple[int, ...]


@dataclass(frozen=True)
class ShuffleStep:
    """A channel shuffle: channels as groups x rest, transposed."""

    source: int
    groups: int


@dataclass(frozen=True)
class DigitalStep:
    """An operator in float32 between codes; `kind` names the `cnn` op.

    `numbers` are a slope, or two bounds, or the size, alpha, beta and bias of an `lrn`, or the axis
    of a softmax, or the value of a padding; `pads` are elements before and after each dimension,
    `parameters` the scales and shifts of an affine operator, each [channels].
    """

    kind: str
    sources: tuple[int, ...]
    code: Quantization
    numbers: tuple[float, ...] = ()
    pads: tuple[tuple[int, int], ...] = ()
    parameters: tuple[NDArray[np.float32], ...] = ()


Step = WeightStep | PoolStep | ReluStep | JoinStep | CropStep | ShuffleStep | DigitalStep


@dataclass(frozen=True)
class Network:
    """An input, steps, and which values are outputs.

    `float_input` puts a quantisation before the input, `float_output` a dequantisation behind the
    last output.
    """

    input_shape: Shape
    input_code: Quantization
    steps: list[Step]
    outputs: list[int]
    float_input: bool
    float_output: bool


@dataclass
class Values:
    """Shapes and codes of the values so far."""

    shapes: list[Shape]
    codes: list[Quantization]
    steps: list[Step] = field(default_factory=list)

    def append(self, step: Step, shape: Shape, code: Quantization) -> None:
        self.steps.append(step)
        self.shapes.append(shape)
        self.codes.append(code)

    @property
    def last(self) -> int:
        return len(self.shapes) - 1
