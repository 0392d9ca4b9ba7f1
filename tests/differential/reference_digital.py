"""What digital operators compute: in float32 between codes, channel by channel."""

from __future__ import annotations

import numpy as np
from differential.steps import DigitalStep
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.attributes import Quantization

Ints = NDArray[np.int64]
Reals = NDArray[np.float32]


def rounded(steps: NDArray[np.float32], code: Quantization) -> Ints:
    """Float32 steps of the scale, rounded half to even, to codes."""
    assert steps.dtype == np.float32
    codes = np.round(steps).astype(np.float64) + code.zero_point
    return np.minimum(np.maximum(codes, code.minimum), code.maximum).astype(np.int64)


def real(codes: Ints, code: Quantization) -> Reals:
    """The real values that codes stand for."""
    return (codes - code.zero_point).astype(np.float32) * np.float32(code.scale)


def digital(step: DigitalStep, sources: list[tuple[Ints, Quantization]]) -> Ints:
    """The result of an operator on codes [images, channels, …]."""
    (x, code), scale = sources[0], np.float32(step.code.scale)
    match step.kind:
        case "mul":
            (y, other) = sources[1]
            products = ((x - code.zero_point) * (y - other.zero_point)).astype(np.float32)
            factor = np.float32(code.scale) * np.float32(other.scale) / scale
            steps = products * factor + np.float32(step.code.zero_point)
            return np.clip(np.rint(steps), step.code.minimum, step.code.maximum).astype(np.int64)
        case "clip":
            low, high = rounded(np.array(step.numbers, np.float32) / scale, code)
            return np.minimum(np.maximum(x, low), high)
        case "pad":
            value = rounded(np.array(step.numbers, np.float32) / scale, code)[0]
            return np.pad(x, [(0, 0), *step.pads], constant_values=value)
    operands = [real(codes, own) for codes, own in sources]
    return rounded(real_result(step, operands) / scale, step.code)


def real_result(step: DigitalStep, operands: list[Reals]) -> Reals:
    """The float32 result of an operator."""
    x, numbers = operands[0], [np.float32(number) for number in step.numbers]
    match step.kind:
        case "add":
            for other in operands[1:]:
                x = x + other
            return x
        case "leaky_relu":
            return np.where(x < 0, x * numbers[0], x)
        case "sigmoid":
            return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)
        case "affine":
            result = np.empty_like(x)
            for channel, (factor, shift) in enumerate(zip(*step.parameters, strict=True)):
                result[:, channel] = x[:, channel] * factor + shift
            return result
        case "lrn":
            return normalised(x, int(step.numbers[0]), *numbers[1:])
        case "softmax":
            axis = int(step.numbers[0]) + 1
            powers = np.exp((x - x.max(axis, keepdims=True)).astype(np.float64))
            return (powers / powers.sum(axis, keepdims=True)).astype(np.float32)
        case _:
            return x


def normalised(x: Reals, size: int, alpha: np.float32, beta: np.float32, bias: np.float32) -> Reals:
    """Local response normalisation; the sum of squares slides from channel to channel."""
    channels, before = x.shape[1], (size - 1) // 2
    factor, result = alpha / np.float32(size), np.empty_like(x)

    def square(channel: int) -> Reals:
        inside = 0 <= channel < channels
        return factor * (x[:, channel] * x[:, channel]) if inside else np.zeros_like(x[:, 0])

    total = np.full_like(x[:, 0], bias)
    for channel in range(-before, size - before):
        total = total + square(channel)
    for channel in range(channels):
        if channel:
            total = total + square(channel + size - 1 - before) - square(channel - 1 - before)
        power = (total.astype(np.float64) ** -np.float64(beta)).astype(np.float32)
        result[:, channel] = x[:, channel] * power
    return result
