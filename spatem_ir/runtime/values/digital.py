"""What digital operators have in common: a float32 function, on codes between them.

On codes an operator gives Q(f(DQ(operands))): dequantised, computed in float32, quantised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.numerics.codes import Codes, Reals, dequantize, every_code, quantize

Array = NDArray[Any]
"""Reals or codes, of shape [images, …]."""

Code = Quantization | None
"""The code of a tensor; None if it is float32."""

RealFunction = Callable[..., Reals]
"""A function of one or more float32 arrays."""

TABLE_BITS = 8
"""Widest codes of which an operator tabulates all."""


def computed(
    function: RealFunction, operands: Sequence[Array], sources: Sequence[Code], target: Code
) -> Array:
    """A function of operands with the codes `sources`; its result has the code `target`."""
    reals = [
        values if code is None else dequantize(values, code)
        for values, code in zip(operands, sources, strict=True)
    ]
    result = function(*reals)
    return result if target is None else quantize(result, target)


def tabulated(
    function: RealFunction,
    values: Array,
    source: Code,
    target: Code,
    *,
    per_channel: bool = False,
) -> Array:
    """A function of each element, or with `per_channel` of each element and its channel.

    Codes of up to :data:`TABLE_BITS` bits select from a table of the results of all codes, as the
    digital units of chips do.
    """
    if source is None or source.bits > TABLE_BITS:
        return computed(function, [values], [source], target)
    every = every_code(source)
    if not per_channel:
        return computed(function, [every], [source], target)[values]
    column = every.reshape(-1, *[1] * (values.ndim - 1))
    repeated: Codes = np.repeat(column, values.shape[1], axis=1)
    table = computed(function, [repeated], [source], target)
    return np.take_along_axis(table, values.astype(np.intp), axis=0)
