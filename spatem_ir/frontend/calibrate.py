"""The `calibrate` pass: the ranges of a float32 network's activations, from sample inputs.

It is the one pass that executes the network, so it stands with the frontend, not with the passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.dialects.cnn.attributes import RangeAttr
from spatem_ir.dialects.mvm import network_of
from spatem_ir.passes.quantize.quantize import INPUT_RANGES, RANGE
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 16
"""Inputs that are executed at a time."""

BINS = 2048
"""Bins of the histogram from which `mse` takes its ranges."""


@dataclass(frozen=True)
class CalibratePass(ModulePass):
    """Executes a float32 network on sample inputs and notes the range of every activation.

    Ranges go onto the ops as attributes, where `quantize` reads them.

    Options:
        inputs: an .npy file of float32 inputs [n, …].
        method: `max-abs` (least and greatest value), or `mse`: the part of that range whose code of
            `bits` bits has the smallest mean squared error.
        bits: the bits of an activation, for `mse`.
    """

    name = "calibrate"

    inputs: str
    method: str = "max-abs"
    bits: int = 8

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.method not in ("max-abs", "mse"):
            raise SpatemError(f"calibrate: method is '{self.method}'; one of max-abs, mse")
        if not 2 <= self.bits <= 8:
            raise SpatemError(f"calibrate: bits is {self.bits}; 2 to 8 are possible")
        network = network_of(op)
        if network is None:
            raise SpatemError("calibrate: the module holds no cnn.network")
        calibrate(op, calibration_inputs(network, self.inputs), self.method, self.bits)


def calibrate(module: ModuleOp, inputs: NDArray[np.float32], method: str, bits: int) -> None:
    """Note the ranges of all float32 activations of a network for inputs [n, …]."""
    network = network_of(module)
    assert network is not None
    ranges = activation_ranges(module, inputs)
    if method == "mse":
        ranges = clipped_ranges(module, inputs, ranges, bits)
    input_ranges = [RangeAttr.of(*ranges[argument]) for argument in network.body.block.args]
    network.attributes[INPUT_RANGES] = ArrayAttr(input_ranges)
    for value, limits in ranges.items():
        if isinstance(value.owner, Operation):
            value.owner.attributes[RANGE] = RangeAttr.of(*limits)


def activation_ranges(
    module: ModuleOp, inputs: NDArray[np.float32]
) -> dict[SSAValue, tuple[float, float]]:
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
        low, high = ranges.get(value, (np.inf, -np.inf))
        ranges[value] = min(low, float(images.min())), max(high, float(images.max()))

    _observe(module, inputs, note)
    return ranges


def clipped_ranges(
    module: ModuleOp,
    inputs: NDArray[np.float32],
    ranges: dict[SSAValue, tuple[float, float]],
    bits: int,
) -> dict[SSAValue, tuple[float, float]]:
    """The part of every range whose code has the smallest mean squared error."""
    import numpy as np

    from spatem_ir.passes.quantize.scales import clipped_range

    counts = {
        value: np.zeros(BINS, np.int64) for value, (low, high) in ranges.items() if low < high
    }

    def note(value: SSAValue, images: NDArray[Any]) -> None:
        if value in counts:
            counts[value] += np.histogram(images, BINS, ranges[value])[0]

    _observe(module, inputs, note)
    return {
        value: clipped_range(counts[value], *limits, bits) if value in counts else limits
        for value, limits in ranges.items()
    }


def _observe(module: ModuleOp, inputs: NDArray[np.float32], note: Any) -> None:
    from spatem_ir.runtime.interpreter import execute
    from spatem_ir.weights.store import current_store

    for first in range(0, len(inputs), BATCH):
        execute(module, [inputs[first : first + BATCH]], current_store(), observe=note)


def _read(path: str) -> NDArray[np.float32]:
    import numpy as np

    from spatem_ir.weights.store import PACKAGE_SCHEME, packaged_file

    try:
        located = packaged_file(path) if path.startswith(PACKAGE_SCHEME) else Path(path)
        inputs = np.load(located, allow_pickle=False)
    except FileNotFoundError as error:
        raise SpatemError(f"{path}: calibration file not found") from error
    except (OSError, ValueError, EOFError) as error:
        raise SpatemError(f"{path}: not a readable .npy file: {error}") from error
    if not isinstance(inputs, np.ndarray):
        raise SpatemError(f"{path}: is an archive; calibration needs one array, an .npy file")
    return inputs


def calibration_inputs(network: NetworkOp, given: str | NDArray[np.float32]) -> NDArray[np.float32]:
    """Inputs [n, …], given or in an .npy file, if they fit the one float32 input of the network.

    Raises:
        SpatemError: they cannot be read or do not fit.
    """
    import numpy as np

    arguments = network.body.block.args
    if len(arguments) != 1 or not is_floating(arguments[0]):
        raise SpatemError(
            f"@{network.sym_name.data}: is quantised only if it has one float32 input; quantise it "
            "beforehand"
        )
    inputs = _read(given) if isinstance(given, str) else given
    path = given if isinstance(given, str) else "calibration"
    name = arguments[0].name_hint
    if inputs.dtype != np.float32:
        raise SpatemError(
            f"{path}: calibration inputs are {inputs.dtype}; the model's input '{name}' is float32"
        )
    expected = shape_of(arguments[0])
    if inputs.shape[1:] != expected or not len(inputs):
        wanted = ", ".join(map(str, ("n", *expected)))
        raise SpatemError(
            f"{path}: calibration inputs have shape {list(inputs.shape)}; the model's input "
            f"'{name}' needs [{wanted}] with n of at least 1"
        )
    if not np.isfinite(inputs).all():
        raise SpatemError(f"{path}: calibration inputs contain values that are not finite")
    return inputs
