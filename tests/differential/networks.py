"""How to draw small quantised networks at random."""

from __future__ import annotations

from math import prod, sqrt

import numpy as np
from differential.builder import build
from differential.codes import codes
from differential.digital import add_digital
from differential.steps import (
    ACCUMULATOR,
    CropStep,
    JoinStep,
    Network,
    PoolStep,
    ReluStep,
    Shape,
    Values,
    WeightStep,
)
from hypothesis import strategies as st
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.geometry.shapes.window import Window

__all__ = ["Network", "build", "networks", "random_images"]

Draw = st.DrawFn


@st.composite
def windows(draw: Draw, height: int, width: int, *, pooling: bool = False) -> Window:
    """Windows of which at least one fits; a pooling has none of padding alone."""
    kernel = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    most = 0 if draw(st.booleans()) else 2
    top, left, bottom, right = (
        draw(st.integers(0, min(most, kernel[axis % 2] - 1) if pooling else most))
        for axis in range(4)
    )
    dilations = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2)]))
    strides = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    window = Window(kernel, strides, (top, left, bottom, right), dilations)
    fits = min(window.output_size(height, width)) > 0
    if not fits or (pooling and (window.positions(height, width) < 0).all(axis=1).any()):
        return Window((1, 1), strides)
    return window


def scaled(draw: Draw, code: Quantization, source: Quantization, rows: int, bits: int) -> float:
    """A weight scale with which typical sums fill the range of the output's code."""
    typical = sqrt(rows) * 2 ** (source.bits + bits) / 12
    step = 2**code.bits / 4 / typical
    return step * code.scale / source.scale * draw(st.sampled_from([0.5, 1.0, 3.0]))


def parameters(
    draw: Draw, shape: Shape, channels: int, biases: int, source: Quantization, code: Quantization
) -> dict[str, object]:
    """Weights of 2 to 8 bits, their scale and zero point, and a bias."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weight = Quantization(draw(st.integers(2, 8)), draw(st.booleans()), 1.0, 0)
    dtype = np.int8 if weight.signed else np.uint8
    scale = scaled(draw, code, source, prod(shape) // biases, weight.bits)
    per_channel = draw(st.booleans())
    spread = rng.uniform(0.5, 1.5, channels) if per_channel else np.ones(())
    bias = rng.integers(-200, 200, biases).astype(np.int32) if draw(st.booleans()) else None
    weights = rng.integers(weight.minimum, weight.maximum + 1, shape)
    return {
        "weights": weights.astype(dtype),
        "weight_bits": weight.bits,
        "weight_signed": weight.signed,
        "weight_zero_point": draw(st.just(0) | st.integers(weight.minimum, weight.maximum)),
        "weight_scale": np.asarray(scale * spread, np.float32),
        "bias": bias,
        "code": code,
    }


def add_convolution(draw: Draw, values: Values, source: int, local: bool) -> None:
    channels, height, width = values.shapes[source]
    window = draw(windows(height, width))
    rows, columns = window.output_size(height, width)
    groups = 1 if local else draw(st.sampled_from([1, channels]))
    features = groups * draw(st.integers(1, max(1, 6 // groups)))
    code = draw(codes())
    shape: Shape = (features, channels // groups, *window.kernel)
    region, regions = (1, 1), 1
    if local:
        region = draw(st.sampled_from([(1, 1), (rows, 1), (1, columns)]))
        regions = rows // region[0] * (columns // region[1])
        shape = (regions, *shape)
    weights = parameters(draw, shape, features, regions * features, values.codes[source], code)
    kind = "local" if local else "conv"
    step = WeightStep(kind, source, window=window, groups=groups, region=region, **weights)  # type: ignore[arg-type]
    values.append(step, (features, rows, columns), code)


def add_dense(draw: Draw, values: Values, source: int, *, last: bool) -> None:
    features = draw(st.integers(1, 12))
    code = ACCUMULATOR if last and draw(st.booleans()) else draw(codes())
    shape = (features, prod(values.shapes[source]))
    weights = parameters(draw, shape, features, features, values.codes[source], code)
    values.append(WeightStep("dense", source, **weights), (features,), code)  # type: ignore[arg-type]


def add_pool(draw: Draw, values: Values, source: int) -> None:
    channels, height, width = values.shapes[source]
    window = draw(windows(height, width, pooling=True))
    average = draw(st.booleans())
    code = draw(codes()) if average else values.codes[source]
    counts = average and draw(st.booleans())
    step = PoolStep("average" if average else "max", source, window, code, counts)
    values.append(step, (channels, *window.output_size(height, width)), code)


def add_crop(draw: Draw, values: Values, source: int) -> None:
    """Some rows or columns in their order."""
    shape, axis = values.shapes[source], draw(st.integers(1, 2))
    chosen = st.sets(st.integers(0, shape[axis] - 1), min_size=1)
    indices = tuple(sorted(draw(chosen)))
    cropped = (*shape[:axis], len(indices), *shape[axis + 1 :])
    values.append(CropStep(source, axis, indices), cropped, values.codes[source])


def add_join(draw: Draw, values: Values, source: int) -> None:
    """Join a value with an earlier one of the same code, if need be with itself."""
    same = [n for n in range(values.last + 1) if values.codes[n] == values.codes[source]]
    other = draw(st.sampled_from(same))
    shapes = values.shapes[source], values.shapes[other]
    flat = len({shape[1:] for shape in shapes}) > 1 or draw(st.booleans())
    joined = (
        (sum(prod(shape) for shape in shapes),)
        if flat
        else (shapes[0][0] + shapes[1][0], *shapes[0][1:])
    )
    values.append(JoinStep((source, other), flat), joined, values.codes[source])


@st.composite
def networks(draw: Draw) -> Network:
    """Networks of one to six steps, at least one of which is a weight layer."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(3, 6)), draw(st.integers(3, 6)))
    values = Values([shape], [draw(codes())])
    for _ in range(draw(st.integers(0, 4))):
        kinds = ["relu", "join", "digital", "digital"]
        if len(values.shapes[-1]) == 3:
            kinds += ["conv", "conv", "local", "pool", "crop"]
        kind = draw(st.sampled_from(kinds))
        match kind:
            case "conv" | "local":
                add_convolution(draw, values, values.last, kind == "local")
            case "pool":
                add_pool(draw, values, values.last)
            case "crop":
                add_crop(draw, values, values.last)
            case "relu":
                values.append(ReluStep(values.last), values.shapes[-1], values.codes[-1])
            case "join":
                add_join(draw, values, values.last)
            case "digital":
                add_digital(draw, values)
    layers = [n for n, step in enumerate(values.steps, 1) if isinstance(step, WeightStep)]
    if not layers or draw(st.booleans()):
        add_dense(draw, values, values.last, last=True)
        layers.append(values.last)
    outputs = [*draw(st.lists(st.sampled_from(layers), max_size=1)), values.last]
    return Network(
        shape, values.codes[0], values.steps, outputs, draw(st.booleans()), draw(st.booleans())
    )


def random_images(network: Network, count: int, seed: int) -> NDArray[np.generic]:
    """Inputs for the network: codes, or the real values of which half round exactly to codes."""
    rng = np.random.default_rng(seed)
    code, shape = network.input_code, (count, *network.input_shape)
    images = rng.integers(code.minimum, code.maximum + 1, shape)
    if network.float_input:
        steps = images - code.zero_point + rng.choice([0.0, 0.5], shape)
        return (steps * code.scale).astype(np.float32)
    return images
