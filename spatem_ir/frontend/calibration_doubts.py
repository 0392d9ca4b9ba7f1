"""What makes inputs a poor sample: calibration takes every scale from them."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from xdsl.ir import Operation, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import RangeAttr
from spatem_ir.passes.quantize.quantize import RANGE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.dialects.cnn import NetworkOp

NEARLY_ALL = 0.99
"""The share of values, not all equal, with one code from which on a scale is that of outliers."""


ELEMENTS_AT_ONCE = 1 << 22
"""Elements of calibration inputs that are looked at together."""


def doubts_about_inputs(name: str, inputs: NDArray[np.float32], bits: int) -> tuple[str, ...]:
    """What is probably not meant in the calibration inputs [n, …] of the input called `name`.

    At most one doubt, the gravest; `bits` are those of an activation.
    """
    import numpy as np

    what = f"the calibration inputs of '{name}'"
    images = inputs.reshape(len(inputs), -1)
    low, high = float(images.min()), float(images.max())
    if low == high:
        value = "zero" if low == 0 else f"{low:g}"
        return (f"{what} are all {value}: no scale that is taken from them means anything",)
    if images.shape[1] > 1 and all((some == some[:, :1]).all() for some in _parts(images)):
        return (f"{what} do not vary within an image: scales are those of flat images",)
    if len(images) > 1 and all((some == images[0]).all() for some in _parts(images)):
        return (f"{what} are {len(images)} times the same image",)
    step = max(-low, high) / (2 ** (bits - 1) - 1 if low < 0 else 2**bits - 1)
    counts = np.zeros(2 ** (bits + 1), np.int64)
    for some in _parts(images):
        counts += np.bincount(_codes(some, step).reshape(-1) + 2**bits, minlength=len(counts))
    code, size = int(counts.argmax()) - 2**bits, int(counts.max())
    if size < NEARLY_ALL * images.size:
        return ()
    least, greatest = high, low
    for some in _parts(images):
        alike = some[_codes(some, step) == code]
        least = min(least, float(alike.min(initial=np.inf)))
        greatest = max(greatest, float(alike.max(initial=-np.inf)))
    if least < greatest:
        return (
            f"{what} have outliers: {size / images.size:.2%} of the values, from {least:g} to "
            f"{greatest:g}, get one and the same code",
        )
    return ()


def _parts(images: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Images [n, …], some at a time."""
    at_once = max(1, ELEMENTS_AT_ONCE // images.shape[1])
    return (images[first : first + at_once] for first in range(0, len(images), at_once))


def _codes(images: NDArray[np.float32], step: float) -> NDArray[np.int32]:
    """The nearest multiples of a step."""
    import numpy as np

    return np.rint(images / np.float32(step)).astype(np.int32)


def doubts_about_results(network: NetworkOp) -> tuple[str, ...]:
    """Whether operators give one value everywhere, on calibration inputs that do vary.

    `calibrate` has noted the ranges.
    """
    results = [result for op in network.body.block.ops for result in op.results]
    silent = [value for value in results if prod(shape_of(value)) > 1 and _is_constant(value)]
    if not silent:
        return ()
    more = f", nor those of {len(silent) - 1} more operators" if len(silent) > 1 else ""
    return (
        f"the results of '%{silent[0].name_hint}' do not vary on the calibration inputs{more}: "
        "their scale means nothing",
    )


def _is_constant(value: SSAValue) -> bool:
    """Whether the noted range of a result is one number."""
    assert isinstance(value.owner, Operation)
    noted = value.owner.attributes.get(RANGE)
    return isinstance(noted, RangeAttr) and noted.limits[0] == noted.limits[1]
