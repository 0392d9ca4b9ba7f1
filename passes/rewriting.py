"""Steps of rewriting networks that several passes take."""

from __future__ import annotations

from typing import cast

from xdsl.dialects.builtin import StringAttr, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from spatem_ir.dialects.cnn.operators import CommutesWithQuantization, OperatorOp


def commuting(op: object) -> OperatorOp | None:
    """The op, if it commutes with quantisation."""
    if isinstance(op, OperatorOp) and op.has_trait(CommutesWithQuantization):
        return op
    return None


def with_types(op: Operation, operands: list[SSAValue], element: Attribute) -> Operation:
    """A copy of an operator with other operands and another element type of its result."""
    result = cast("TensorType", op.results[0].type)
    copy = type(op).create(
        operands=operands,
        result_types=[TensorType(element, result.get_shape())],
        properties=op.properties,
    )
    return named(copy, op.results[0].name_hint)


def named(op: Operation, hint: str | None) -> Operation:
    """The op, with a hint for the name of its result."""
    op.results[0].name_hint = hint
    return op


def unique_name(op: Operation, wanted: str) -> str:
    """A name that no operator of the network around `op` has."""
    block = op.parent
    assert block is not None
    symbols = (other.get_attr_or_prop("sym_name") for other in block.ops)
    taken = {symbol.data for symbol in symbols if isinstance(symbol, StringAttr)}
    name, number = wanted, 1
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    return name
