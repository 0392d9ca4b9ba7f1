"""Random digital operators that compute in float32, and channel shuffles."""

from __future__ import annotations

from math import prod

import numpy as np
from differential.codes import codes
from differential.steps import DigitalStep, Shape, ShuffleStep, Values
from hypothesis import strategies as st
from numpy.typing import NDArray

KINDS = (
    "add",
    "add",
    "mul",
    "leaky_relu",
    "clip",
    "sigmoid",
    "affine",
    "softmax",
    "pad",
    "requantize",
)
ON_MAPS = ("lrn", "lrn")
"""Operators that onnxruntime has for feature maps alone, with windows of odd size."""
SAME_CODE = ("clip", "pad")
"""Operators whose result has the code of their operand."""

MOST_ELEMENTS = 400
"""Values with more elements are not padded further."""


def add_digital(draw: st.DrawFn, values: Values) -> None:
    """An operator on the last value, or a shuffle of its channels."""
    source, shape = values.last, values.shapes[-1]
    if len(shape) == 3 and draw(st.integers(0, 5)) == 0:
        divisors = [n for n in range(1, shape[0] + 1) if shape[0] % n == 0]
        groups = draw(st.sampled_from(divisors))
        values.append(ShuffleStep(source, groups), shape, values.codes[source])
        return
    kind = draw(st.sampled_from(KINDS + ON_MAPS if len(shape) == 3 else KINDS))
    code = values.codes[source] if kind in SAME_CODE else draw(codes())
    sources: tuple[int, ...] = (source,)
    pads: tuple[tuple[int, int], ...] = ()
    if kind in ("add", "mul"):
        sources = (source, *others(draw, values, 1 if kind == "mul" else draw(st.integers(1, 2))))
    if kind == "pad":
        most = 1 if prod(shape) <= MOST_ELEMENTS else 0
        pads = tuple((draw(st.integers(0, most)), draw(st.integers(0, most))) for _ in shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parameters: tuple[NDArray[np.float32], ...] = ()
    if kind == "affine":
        parameters = tuple(rng.uniform(-2, 2, shape[0]).astype(np.float32) for _ in range(2))
    step = DigitalStep(kind, sources, code, numbers(draw, kind, shape), pads, parameters)
    values.append(step, padded(shape, pads) if pads else shape, code)


def padded(shape: Shape, pads: tuple[tuple[int, int], ...]) -> Shape:
    """The shape with some elements added before and after each dimension."""
    return tuple(b + extent + a for extent, (b, a) in zip(shape, pads, strict=True))


def others(draw: st.DrawFn, values: Values, count: int) -> list[int]:
    """Values that fit the last one, some of which are repeated along channels or positions."""
    shape = values.shapes[-1]
    fitting = [
        number
        for number, other in enumerate(values.shapes)
        if len(other) == len(shape)
        and all(own in (1, extent) for own, extent in zip(other, shape, strict=True))
    ]
    return draw(st.lists(st.sampled_from(fitting), min_size=count, max_size=count))


def numbers(draw: st.DrawFn, kind: str, shape: Shape) -> tuple[float, ...]:
    """The numbers that an operator takes."""
    real = st.floats(-4, 4, width=32)
    match kind:
        case "leaky_relu":
            return (draw(st.floats(0, 1, width=32)),)
        case "clip":
            return tuple(sorted((draw(real), draw(real))))
        case "lrn":
            return (draw(st.sampled_from([1, 3, 5])), 0.5, 0.75, 1.0)
        case "softmax":
            return (draw(st.integers(0, len(shape) - 1)),)
        case "pad":
            return (draw(real),)
        case _:
            return ()
