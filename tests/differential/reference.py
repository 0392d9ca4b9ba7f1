"""What a network computes, in direct loops, without a line of the product's arithmetic."""

from __future__ import annotations

import numpy as np
from differential.reference_digital import digital, rounded
from differential.steps import (
    CropStep,
    DigitalStep,
    JoinStep,
    Network,
    PoolStep,
    ReluStep,
    ShuffleStep,
    WeightStep,
)
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.attributes import Quantization

Ints = NDArray[np.int64]
Array = NDArray[np.generic]


def evaluate(network: Network, images: Array) -> list[Array]:
    """The network's outputs for a batch of images, integers as int64."""
    code = network.input_code
    values: list[Ints] = [
        rounded(images / np.float32(code.scale), code)  # type: ignore[operator]
        if network.float_input
        else images.astype(np.int64)
    ]
    all_codes = [code]
    for step in network.steps:
        match step:
            case WeightStep():
                values.append(weight_layer(step, values[step.source], all_codes[step.source]))
                all_codes.append(step.code)
            case PoolStep():
                values.append(pooled(step, values[step.source], all_codes[step.source]))
                all_codes.append(step.code)
            case ReluStep():
                code = all_codes[step.source]
                values.append(
                    np.where(
                        values[step.source] < code.zero_point, code.zero_point, values[step.source]
                    )
                )
                all_codes.append(code)
            case JoinStep():
                parts = [values[number] for number in step.sources]
                if step.flat:
                    parts = [part.reshape(len(part), -1) for part in parts]
                values.append(np.concatenate(parts, axis=1))
                all_codes.append(all_codes[step.sources[0]])
            case CropStep():
                values.append(values[step.source].take(step.indices, axis=1 + step.axis))
                all_codes.append(all_codes[step.source])
            case ShuffleStep():
                x = values[step.source]
                rest = x.shape[1] // step.groups
                order = [g * rest + r for r in range(rest) for g in range(step.groups)]
                values.append(x[:, order])
                all_codes.append(all_codes[step.source])
            case DigitalStep():
                sources = [(values[number], all_codes[number]) for number in step.sources]
                values.append(digital(step, sources))
                all_codes.append(step.code)
    outputs: list[Array] = [values[number] for number in network.outputs]
    if network.float_output:
        code = all_codes[network.outputs[-1]]
        real = (values[network.outputs[-1]] - code.zero_point).astype(np.float32)
        outputs[-1] = real * np.float32(code.scale)
    return outputs


def weight_layer(step: WeightStep, x: Ints, source: Quantization) -> Ints:
    """Σ (x − x zero point)(w − w zero point) + bias in wrapping int32, requantised."""
    weights = step.weights.astype(np.int64) - step.weight_zero_point
    centred = x - source.zero_point
    if step.kind == "dense":
        sums = np.einsum("nk,ck->nc", centred.reshape(len(x), -1), weights)
        bias = step.bias
    else:
        sums = convolved(step, centred, weights)
        bias = None if step.bias is None else spread_bias(step, step.bias, sums.shape)
    if bias is not None:
        sums = sums + bias
    sums = (sums + 2**31) % 2**32 - 2**31
    if step.code.bits == 32:
        return sums
    multiplier = np.float32(source.scale) * step.weight_scale / np.float32(step.code.scale)
    if multiplier.ndim:
        multiplier = multiplier.reshape(-1, *[1] * (sums.ndim - 2))
    return rounded(sums.astype(np.float32) * multiplier.astype(np.float32), step.code)


def convolved(step: WeightStep, x: Ints, weights: Ints) -> Ints:
    """One output position after the other."""
    top, left, bottom, right = step.window.pads
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    (kh, kw), (sh, sw), (dh, dw) = step.window.kernel, step.window.strides, step.window.dilations
    rows = (x.shape[2] - (kh - 1) * dh - 1) // sh + 1
    columns = (x.shape[3] - (kw - 1) * dw - 1) // sw + 1
    features = weights.shape[-4]
    sums = np.empty((len(x), features, rows, columns), np.int64)
    inputs, outputs = x.shape[1] // step.groups, features // step.groups
    for i in range(rows):
        for j in range(columns):
            kernel = weights
            if step.kind == "local":
                kernel = weights[region_at(step, i, j, columns)]
            for group in range(step.groups):
                seen = x[
                    :,
                    group * inputs : (group + 1) * inputs,
                    i * sh : i * sh + (kh - 1) * dh + 1 : dh,
                    j * sw : j * sw + (kw - 1) * dw + 1 : dw,
                ]
                own = slice(group * outputs, (group + 1) * outputs)
                sums[:, own, i, j] = np.einsum("nckl,ockl->no", seen, kernel[own])
    return sums


def region_at(step: WeightStep, row: int, column: int, columns: int) -> int:
    """The number of the region that holds an output position."""
    height, width = step.region
    return row // height * (columns // width) + column // width


def spread_bias(step: WeightStep, bias: NDArray[np.int32], shape: tuple[int, ...]) -> Ints:
    """The bias of every (channel, row, column)."""
    _, features, rows, columns = shape
    spread = np.empty((features, rows, columns), np.int64)
    for i in range(rows):
        for j in range(columns):
            region = region_at(step, i, j, columns) if step.kind == "local" else 0
            spread[:, i, j] = bias[region * features : (region + 1) * features]
    return spread


def pooled(step: PoolStep, x: Ints, source: Quantization) -> Ints:
    """One window after the other; padded activations are left out."""
    (kh, kw), (sh, sw), (dh, dw) = step.window.kernel, step.window.strides, step.window.dilations
    top, left, bottom, right = step.window.pads
    rows = (x.shape[2] + top + bottom - (kh - 1) * dh - 1) // sh + 1
    columns = (x.shape[3] + left + right - (kw - 1) * dw - 1) // sw + 1
    result = np.empty((*x.shape[:2], rows, columns), np.int64)
    for i in range(rows):
        for j in range(columns):
            inside = [
                x[:, :, y, z]
                for y in range(i * sh - top, i * sh - top + kh * dh, dh)
                for z in range(j * sw - left, j * sw - left + kw * dw, dw)
                if 0 <= y < x.shape[2] and 0 <= z < x.shape[3]
            ]
            if step.kind == "max":
                result[:, :, i, j] = np.max(inside, axis=0)
            else:
                count = kh * kw if step.count_include_pad else len(inside)
                total = np.zeros(x.shape[:2], np.float32)
                for codes in inside:
                    real = (codes - source.zero_point).astype(np.float32)
                    total = total + real * np.float32(source.scale)
                steps = total / np.float32(count) / np.float32(step.code.scale) + np.float32(
                    step.code.zero_point
                )
                result[:, :, i, j] = np.clip(np.rint(steps), step.code.minimum, step.code.maximum)
    return result
