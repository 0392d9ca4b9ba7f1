"""How much memory a network needs, found from its types before anything is computed."""

from __future__ import annotations

from collections import Counter
from math import prod

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, SSAValue

from spatem_ir.dialects.checks import elements_of, shape_of
from spatem_ir.dialects.cnn.attributes import WindowAttr
from spatem_ir.dialects.cnn.network import NetworkOp
from spatem_ir.support.errors import SpatemError

MOST_ELEMENTS = 1 << 26
"""Elements of the tensors of one image that are needed at the same time."""

MOST_READS = 1 << 26
"""Elements that the windows of an operator cover on one channel."""

MOST_COVERED = 1 << 20
"""Elements that one window covers on a channel."""


def check_sizes(network: NetworkOp, what: str) -> None:
    """Check that the values of a network can be computed; `what` names it in errors.

    Raises:
        SpatemError: too many elements are needed at a time, or windows cover too many.
    """
    unread = Counter(operand for op in network.body.block.ops for operand in op.operands)
    needed = sum(elements_of(argument) for argument in network.body.block.args)
    if needed > MOST_ELEMENTS:
        raise SpatemError(
            f"{what}: its inputs have {needed:,} elements; {MOST_ELEMENTS:,} are possible"
        )
    for op in network.body.block.ops:
        needed += sum(map(elements_of, op.results))
        if needed > MOST_ELEMENTS:
            raise SpatemError(
                f"{what}: {_label(op)} needs {needed:,} elements of activations at a time; "
                f"{MOST_ELEMENTS:,} are possible"
            )
        _check_windows(op, what)
        unread.subtract(op.operands)
        done: set[SSAValue] = {*op.operands, *op.results}
        needed -= sum(elements_of(value) for value in done if not unread[value])


def _check_windows(op: Operation, what: str) -> None:
    window = op.properties.get("window")
    if not isinstance(window, WindowAttr):
        return
    positions, kernel = prod(shape_of(op.results[0])[1:]), prod(window.data.kernel)
    if kernel > MOST_COVERED:
        raise SpatemError(
            f"{what}: a window of {_label(op)} covers {kernel:,} elements of a channel; "
            f"{MOST_COVERED:,} are possible"
        )
    if positions * kernel > MOST_READS:
        raise SpatemError(
            f"{what}: the windows of {_label(op)} cover {positions * kernel:,} elements of a "
            f"channel, {positions:,} times {kernel:,}; {MOST_READS:,} are possible"
        )


def _label(op: Operation) -> str:
    name = op.properties.get("sym_name")
    if isinstance(name, StringAttr):
        return f"{op.name} @{name.data}"
    return f"{op.name} '%{op.results[0].name_hint or '?'}'"
