"""Transposed convolutions, as convolutions whose results are dealt to rows and columns.

At stride s, element s · q + p of a result reads elements of the input around q, which depend on
its phase p alone: each phase is a convolution at stride 1 with every s-th element of the mirrored
kernel (Shi et al., 2016, sub-pixel convolution).  One convolution computes the phases of all
channels, its output channels.  All shapes are without the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Phases:
    """A transposed convolution along one axis, phase by phase.

    Attributes:
        stride: The number of phases.
        results: The elements of the result.
        first: Which element of the input the first tap of element 0 of a phase reads.
        taps: The taps of a phase.
        step: From one tap to the next one.
        places: Of each element of the mirrored kernel its phase, its number and its tap.
        extent: The elements of the input.
    """

    stride: int
    results: int
    first: int
    taps: int
    step: int
    places: tuple[tuple[int, int, int], ...]
    extent: int

    @staticmethod
    def of(kernel: int, dilation: int, stride: int, before: int, results: int, n: int) -> Phases:
        """The phases of a kernel over `n` elements.

        `before` is what would have to be added in front of an input with zeros between its
        elements.
        """
        reads = [
            (phase, number, (phase - before + number * dilation) // stride)
            for phase, number in product(range(stride), range(kernel))
            if (phase - before + number * dilation) % stride == 0
        ]
        step = dilation // stride if dilation % stride == 0 else 1
        first, last = min(read for *_, read in reads), max(read for *_, read in reads)
        places = tuple((phase, number, (read - first) // step) for phase, number, read in reads)
        return Phases(stride, results, first, (last - first) // step + 1, step, places, n)

    @property
    def count(self) -> int:
        """The elements of each phase; the last one of some may be beyond the result."""
        return -(-self.results // self.stride)

    @property
    def last(self) -> int:
        """Which element of the input the last tap of the last element reads."""
        return self.count - 1 + self.first + (self.taps - 1) * self.step

    @property
    def pads(self) -> tuple[int, int]:
        """The zeros before and after the input that are read."""
        return max(-self.first, 0), max(self.last - self.extent + 1, 0)

    @property
    def kept(self) -> range:
        """The elements of the input that are read."""
        return range(max(self.first, 0), min(self.last + 1, self.extent))


def phases_of(
    node: OnnxNode, kernel: tuple[int, int], size: tuple[int, int], *, is_signal: bool
) -> tuple[Phases, Phases]:
    """The rows and the columns of a ConvTranspose of a kernel over maps of `size`."""
    strides = _pair(node.attribute("strides", [1, 1]), 1, is_signal)
    dilations = _pair(node.attribute("dilations", [1, 1]), 1, is_signal)
    added = _pair(node.attribute("output_padding", [0, 0]), 0, is_signal)
    node.attribute("kernel_shape")
    extent = Window(kernel, dilations=dilations).extent
    leading, trailing = _pads(node, strides, extent, size, added, is_signal=is_signal)
    found: list[Phases] = []
    for axis, (stride, reach, n) in enumerate(zip(strides, extent, size, strict=True)):
        results = stride * (n - 1) + reach - leading[axis] - trailing[axis] + added[axis]
        if results < 1:
            node.fail("has pads that leave nothing of its result")
        before = reach - 1 - leading[axis]
        found.append(Phases.of(kernel[axis], dilations[axis], stride, before, results, n))
        if not found[-1].kept:
            node.fail("has pads that leave nothing of its input")
    return found[0], found[1]


def window_of(rows: Phases, columns: Phases) -> Window:
    """The window that computes all phases."""
    (top, bottom), (left, right) = rows.pads, columns.pads
    taps, steps = (rows.taps, columns.taps), (rows.step, columns.step)
    return Window(taps, (1, 1), (top, left, bottom, right), steps)


def phased_weights(
    node: OnnxNode,
    weights: Constant | QuantizedConstant,
    groups: int,
    rows: Phases,
    columns: Phases,
) -> Constant | QuantizedConstant:
    """Weights [inputs, outputs / groups, height, width] as those of all phases.

    Their shape is [outputs · phases, inputs / groups, row taps, column taps].

    Raises:
        SpatemError: weights in integers have a scale for each input.
    """
    import numpy as np

    if isinstance(weights, Constant):
        return Constant(_phased(weights.values, groups, rows, columns))
    scale, zeros = weights.scale.values.reshape(-1), weights.zero_points
    if scale.size * zeros.size > 1 and weights.axis != 1:
        node.fail("its weights must have one scale for all or one per output channel")
    codes, phases = weights.codes.values, rows.stride * columns.stride
    centred = _phased(weights.centred(), groups, rows, columns)
    if zeros.size > 1:
        zeros = np.repeat(np.tile(zeros, groups), phases)
    result = replace(
        weights,
        codes=Constant((centred + zeros.reshape(-1, 1, 1, 1)).astype(codes.dtype)),
        scale=Constant(np.repeat(np.tile(scale, groups), phases) if scale.size > 1 else scale),
        zero_points=zeros,
        axis=0,
    )
    return result


def _phased(values: NDArray[Any], groups: int, rows: Phases, columns: Phases) -> NDArray[Any]:
    """Weights, or their codes without zero point, as those of all phases."""
    import numpy as np

    inputs, outputs, height, width = values.shape
    grouped = values.reshape(groups, inputs // groups, outputs, height, width)
    mirrored = grouped.swapaxes(1, 2)[..., ::-1, ::-1].reshape(-1, inputs // groups, height, width)
    shape = (len(mirrored), rows.stride, columns.stride, inputs // groups, rows.taps, columns.taps)
    phased = np.zeros(shape, values.dtype)
    for (p, row, y), (q, column, x) in product(rows.places, columns.places):
        phased[:, p, q, :, y, x] = mirrored[:, :, row, column]
    return phased.reshape(-1, *shape[3:])


def phased_bias(bias: Value | None, phases: int) -> Value | None:
    """A constant bias of all output channels for each of their phases."""
    import numpy as np

    def repeated(numbers: NDArray[Any]) -> NDArray[Any]:
        return np.repeat(numbers.reshape(-1), phases) if numbers.size > 1 else numbers

    match bias:
        case Constant():
            return Constant(repeated(bias.values)) if phases > 1 else bias
        case QuantizedConstant():
            return replace(
                bias,
                codes=Constant(repeated(bias.codes.values)),
                scale=Constant(repeated(bias.scale.values)),
                zero_points=repeated(bias.zero_points),
            )
        case _:
            return bias


def _pads(
    node: OnnxNode,
    strides: tuple[int, int],
    extent: tuple[int, int],
    size: tuple[int, int],
    added: tuple[int, int],
    *,
    is_signal: bool,
) -> tuple[list[int], list[int]]:
    """What a ConvTranspose leaves out of its result, before and after each dimension.

    A result that is stated larger than all that the kernel reaches has more behind it.
    """
    mode = node.attribute("auto_pad", "NOTSET")
    wanted = node.attribute("output_shape")
    stated = list(node.attribute("pads", [0] * (2 if is_signal else 4)))
    if mode not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        node.fail(f"has auto_pad '{mode}'")
    if wanted is None and mode in ("NOTSET", "VALID"):
        pads = stated if mode == "NOTSET" else [0] * len(stated)
        return (
            list(_pair(pads[: len(pads) // 2], 0, is_signal)),
            list(_pair(pads[len(pads) // 2 :], 0, is_signal)),
        )
    results = [n * stride for n, stride in zip(size, strides, strict=True)]
    if wanted is not None:
        results = list(_pair(wanted, 1, is_signal))
    whole = [
        stride * (n - 1) + reach + more
        for stride, n, reach, more in zip(strides, size, extent, added, strict=True)
    ]
    totals = [length - result for length, result in zip(whole, results, strict=True)]
    smaller = [max(total, 0) // 2 for total in totals]
    larger = [max(total, 0) - half for total, half in zip(totals, smaller, strict=True)]
    leading, trailing = (smaller, larger) if mode == "SAME_UPPER" else (larger, smaller)
    if wanted is not None:
        trailing = [pad + min(total, 0) for pad, total in zip(trailing, totals, strict=True)]
    return leading, trailing


def _pair(values: Sequence[int], neutral: int, is_signal: bool) -> tuple[int, int]:
    """Numbers of rows and columns; a signal has one row, for which the number is neutral."""
    return (neutral, values[-1]) if is_signal else (values[0], values[1])
