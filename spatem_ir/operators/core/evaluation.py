"""How operators that are functions of float32 are evaluated: on float32, and on codes between them.

On codes an operator gives Q(f(DQ(operands))): dequantised, computed in float32, quantised.
Operands are arrays of shape [images, …].
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.operators import DigitalOp, FunctionOp, UnaryDigitalOp

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.core.operator import Evaluate
    from spatem_ir.weights.store import ParameterStore

    RealFunction = Callable[..., Reals]

TABLE_BITS = 8
"""Widest codes of which an operator tabulates all."""


def of_operands(function: RealFunction) -> Evaluate:
    """The evaluation of an operator that is a float32 function of its whole operands."""

    def evaluate(op: DigitalOp, operands: list[Array], _: ParameterStore) -> Array:
        return computed(op, operands, function)

    return evaluate


def of_elements(function: RealFunction) -> Evaluate:
    """The evaluation of an operator that is a float32 function of each element.

    The function gets the op's numbers, if it has any, as arguments of their names.
    """

    def evaluate(op: UnaryDigitalOp, operands: list[Array], _: ParameterStore) -> Array:
        numbers = op.numbers if isinstance(op, FunctionOp) else {}
        return tabulated(op, operands, partial(function, **numbers))

    return evaluate


def computed(op: DigitalOp, operands: list[Array], function: RealFunction) -> Array:
    """The result of an operator that is a float32 function of its whole operands."""
    sources = [quantization_of(operand.type) for operand in op.operands]
    return _between_codes(function, operands, sources, quantization_of(op.output.type))


def tabulated(
    op: UnaryDigitalOp,
    operands: list[Array],
    function: RealFunction,
    *,
    per_channel: bool = False,
) -> Array:
    """The result of an operator that is a float32 function of each element.

    With `per_channel` it is a function of each element and its channel.  Codes of up to
    :data:`TABLE_BITS` bits select from a table of the results of all codes, as the digital units of
    chips do, unless the tables of all channels had more elements than the result.
    """
    import numpy as np

    from spatem_ir.numerics.codes import blockwise, every_code, storage_dtype

    (values,) = operands
    source, target = quantization_of(op.input.type), quantization_of(op.output.type)

    def on(block: Array) -> Array:
        return _between_codes(function, [block], [source], target)

    dtype = np.dtype(np.float32) if target is None else storage_dtype(target)
    if source is None or source.bits > TABLE_BITS:
        return on(values) if per_channel else blockwise(on, values, dtype)
    every = every_code(source)
    if not per_channel:
        table = on(every)
        return blockwise(lambda block: table[block], values, dtype)
    if every.size * values.shape[1] > values.size:
        return on(values)
    column = every.reshape(-1, *[1] * (values.ndim - 1))
    repeated = np.repeat(column, values.shape[1], axis=1)
    table = on(repeated)
    return np.take_along_axis(table, values.astype(np.intp), axis=0)


def _between_codes(
    function: RealFunction,
    operands: list[Array],
    sources: list[Quantization | None],
    target: Quantization | None,
) -> Array:
    """A function of operands with the codes `sources`; its result has the code `target`."""
    from spatem_ir.numerics.codes import dequantize, quantize

    reals = [
        values if code is None else dequantize(values, code)
        for values, code in zip(operands, sources, strict=True)
    ]
    result = function(*reals)
    return result if target is None else quantize(result, target)
