"""The `calibrate` pass: the ranges of a float32 network's activations, from sample inputs.

It is the one pass that executes the network, so it stands with the frontend, not with the passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import DequantizeOp
from spatem_ir.dialects.cnn.attributes import RangeAttr, quantization_of
from spatem_ir.dialects.cnn.operators import ViewOp
from spatem_ir.dialects.mvm import network_of
from spatem_ir.passes.quantize.quantize import INPUT_RANGES, RANGE
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import current_messages

if TYPE_CHECKING:
    from numpy.typing import NDArray

Inputs = list["NDArray[Any]"]
"""One array [n, …] for each input of a network."""

BATCH = 16
"""Inputs that are executed at a time."""

MOST_BITS = 8
"""The widest codes of activations, and the width unless an option says otherwise."""

BINS = 2048
"""Bins of the histogram from which `mse` takes its ranges."""


@dataclass(frozen=True)
class CalibratePass(ModulePass):
    """Executes a float32 network on sample inputs and notes the range of every activation.

    Ranges go onto the ops as attributes, where `quantize` reads them.

    Options:
        inputs: an .npy file of inputs [n, …], or an .npz file with an array for each input, by its
            name.
        method: `max-abs` (least and greatest value), or `mse`: the part of that range whose code of
            `bits` bits has the smallest mean squared error.
        bits: the bits of an activation, for `mse`.
    """

    name = "calibrate"

    inputs: str
    method: str = "max-abs"
    bits: int = MOST_BITS

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.method not in ("max-abs", "mse"):
            raise SpatemError(f"calibrate: method is '{self.method}'; one of max-abs, mse")
        if not 2 <= self.bits <= MOST_BITS:
            raise SpatemError(f"calibrate: bits is {self.bits}; 2 to {MOST_BITS} are possible")
        if self.method == "max-abs" and self.bits != MOST_BITS:
            raise SpatemError("calibrate: bits has no effect with method=max-abs; leave it out")
        network = network_of(op)
        if network is None:
            raise SpatemError("calibrate: the module holds no cnn.network")
        from spatem_ir.frontend.samples import calibration_inputs

        calibrate(op, calibration_inputs(network, self.inputs), self.method, self.bits)


def calibrate(module: ModuleOp, inputs: Inputs, method: str, bits: int) -> None:
    """Note the ranges of all float32 activations of a network for inputs [n, …].

    The range of an input that is codes is that of all codes.
    """
    network = network_of(module)
    assert network is not None
    ranges = activation_ranges(module, inputs)
    if method == "mse":
        ranges = clipped_ranges(module, inputs, ranges, bits)
    input_ranges = [
        RangeAttr.of(*(ranges[argument] if is_floating(argument) else limits_of(argument)))
        for argument in network.body.block.args
    ]
    network.attributes[INPUT_RANGES] = ArrayAttr(input_ranges)
    for value, limits in ranges.items():
        if isinstance(value.owner, Operation):
            value.owner.attributes[RANGE] = RangeAttr.of(*limits)


def activation_ranges(module: ModuleOp, inputs: Inputs) -> dict[SSAValue, tuple[float, float]]:
    """The least and the greatest value of every float32 activation over the inputs [n, …]."""
    import numpy as np

    ranges: dict[SSAValue, tuple[float, float]] = {}

    def note(value: SSAValue, images: NDArray[Any]) -> None:
        if not is_floating(value):
            return
        if not np.isfinite(images).all():
            what = "an input" if isinstance(value, BlockArgument) else value.owner.name  # type: ignore[union-attr]
            raise SpatemError(
                f"calibrate: '%{value.name_hint}' of {what} has infinite values on the inputs"
            )
        if is_input_code(value):
            ranges[value] = limits_of(value.owner.input)  # type: ignore[union-attr]
            return
        low, high = ranges.get(value, (np.inf, -np.inf))
        ranges[value] = min(low, float(images.min())), max(high, float(images.max()))

    _observe(module, inputs, note)
    return ranges


def clipped_ranges(
    module: ModuleOp,
    inputs: Inputs,
    ranges: dict[SSAValue, tuple[float, float]],
    bits: int,
) -> dict[SSAValue, tuple[float, float]]:
    """The part of every range whose code has the smallest mean squared error."""
    import numpy as np

    from spatem_ir.passes.quantize.scales import clipped_range

    counts = {
        value: np.zeros(BINS, np.int64)
        for value, (low, high) in ranges.items()
        if low < high and not is_input_code(value)
    }

    def note(value: SSAValue, images: NDArray[Any]) -> None:
        if value in counts:
            counts[value] += np.histogram(images, BINS, ranges[value])[0]

    _observe(module, inputs, note)
    return {
        value: clipped_range(counts[value], *limits, bits) if value in counts else limits
        for value, limits in ranges.items()
    }


def is_input_code(value: SSAValue) -> bool:
    """Whether a value is the real numbers of an input that is codes, or of a view of it."""
    if not isinstance(value.owner, DequantizeOp):
        return False
    codes = value.owner.input
    while isinstance(codes.owner, ViewOp):
        codes = codes.owner.operands[0]
    return isinstance(codes, BlockArgument)


def limits_of(codes: SSAValue) -> tuple[float, float]:
    """The least and the greatest real number of codes; signed ones are symmetric."""
    code = quantization_of(codes.type)
    assert code is not None
    least = code.minimum + int(code.signed and not code.zero_point)
    return code.scale * (least - code.zero_point), code.scale * (code.maximum - code.zero_point)


def _observe(module: ModuleOp, inputs: Inputs, note: Any) -> None:
    from spatem_ir.runtime.interpreter import execute
    from spatem_ir.weights.store import current_store

    say, count = current_messages(), len(inputs[0])
    for first in range(0, count, BATCH):
        batch = [array[first : first + BATCH] for array in inputs]
        execute(module, batch, current_store(), observe=note)
        say.progress(min(first + BATCH, count) / count)
