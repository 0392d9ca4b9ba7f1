"""Sums that are as wide as a layer's weights need them, proven when a network becomes integer."""

from __future__ import annotations

from xdsl.dialects.builtin import TensorType

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.dialects.cnn.weight_layers import (
    ACCUMULATOR_TYPE,
    SUM_BITS,
    WIDEST_SUMS,
    Requantization,
    WeightLayerOp,
    integer,
)
from spatem_ir.support.errors import SpatemError


def widen_sums(network: NetworkOp) -> None:
    """Give layers of a network whose sums might wrap `sum_bits` that suffice for every input.

    Those whose result is the sums themselves keep 32 bits, which is what they state.

    Raises:
        SpatemError: a layer needs sums of more bits than are computed exactly.
    """
    for op in network.body.block.ops:
        if not isinstance(op, WeightLayerOp) or is_floating(op.input) or _gives_sums(op):
            continue
        needed = _needed_bits(op)
        if needed <= SUM_BITS:
            continue
        fixed = op.requantization is Requantization.FIXED_POINT
        widest = SUM_BITS if fixed else WIDEST_SUMS
        if needed > widest:
            how = "in fixed point " if fixed else ""
            raise SpatemError(
                f"{op.name} @{op.sym_name.data}: its sums need {needed} bits, and at most "
                f"{widest} are requantised {how}exactly; use fewer bits for activations or weights"
            )
        op.sum_bits = integer(needed)


def _gives_sums(op: WeightLayerOp) -> bool:
    assert isinstance(op.output.type, TensorType)
    return op.output.type.element_type == ACCUMULATOR_TYPE


def _needed_bits(op: WeightLayerOp) -> int:
    """The bits that a layer needs, or fewer than 33 if those suffice."""
    from spatem_ir.weights.store import current_store
    from spatem_ir.weights.sums import most_sum_bits, needed_sum_bits

    store = current_store()
    most = most_sum_bits(op, store)
    return most if most <= SUM_BITS else needed_sum_bits(op, store)
