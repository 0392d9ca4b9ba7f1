"""Which indices of each dimension of a network's values are live: outputs and readers need them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import (
    ConvOp,
    DequantizeOp,
    DigitalOp,
    LocalOp,
    NetworkOp,
    OutputOp,
    PoolOp,
    QuantizeOp,
    TransposeOp,
    ViewOp,
)
from spatem_ir.dialects.cnn.operators import DependsOnPosition
from spatem_ir.geometry.shapes.live import Ints, read_by
from spatem_ir.geometry.shapes.window import Axis
from spatem_ir.operators.concat import ConcatOp
from spatem_ir.operators.gather import GatherOp
from spatem_ir.operators.pad import PadOp

Live = tuple[Ints, ...]
"""The live indices of each dimension of a value."""

CHANNELS = 0
"""The dimension of a feature map that is no position."""


def every(value: SSAValue) -> Live:
    """All indices of a value."""
    return tuple(np.arange(extent) for extent in shape_of(value))


def is_every(live: Live, value: SSAValue) -> bool:
    """Whether all indices of a value are live."""
    return all(len(some) == extent for some, extent in zip(live, shape_of(value), strict=True))


def liveness(network: NetworkOp) -> dict[SSAValue, Live]:
    """The live indices of all values, with those that cannot be left out.

    What several readers read is joined dimension by dimension.  Values of which nothing is read,
    although they have readers, are left out.
    """
    read: dict[SSAValue, list[NDArray[np.bool_]]] = {}
    given = given_values(network)
    live: dict[SSAValue, Live] = {value: every(value) for value in network.body.block.args}
    for op in reversed(list(network.body.block.ops)):
        if isinstance(op, OutputOp):
            needs = [every(value) for value in op.operands]
        else:
            (result,) = op.results
            found = read.get(result)
            if found is None and result.uses:
                continue
            some = every(result) if found is None else tuple(map(np.flatnonzero, found))
            live[result] = every(result) if result in given else with_fixed(op, some)
            needs = needed(op, live[result])
        for value, need in zip(op.operands, needs, strict=True):
            if all(map(len, need)):
                masks = read.setdefault(value, [np.zeros(n, np.bool_) for n in shape_of(value)])
                for mask, indices in zip(masks, need, strict=True):
                    mask[indices] = True
    return live


def given_values(network: NetworkOp) -> set[SSAValue]:
    """The network's inputs, on the host and as codes, and views of them."""
    given: set[SSAValue] = set(network.body.block.args)
    for op in network.body.block.ops:
        if isinstance(op, QuantizeOp | LocalOp) or (
            isinstance(op, ViewOp) and given.issuperset(op.operands)
        ):
            given.update(op.results)
    return given


def map_axes(op: ConvOp | DigitalOp, operand: int) -> tuple[Axis, Axis]:
    """What the results of an op on feature maps read along rows and columns of an operand."""
    if isinstance(op, ConvOp):
        return op.layer.window.axes(*op.layer.input_shape[1:])
    reach = op.reaches()[operand]
    return reach.rows, reach.columns


def with_fixed(op: Operation, live: Live) -> Live:
    """The live indices of an op's result, with all where the op computes all or nothing."""
    (result,) = op.results
    pairs = zip(live, every(result), strict=True)
    return tuple(
        some if can_leave_out(op, dimension, some) else whole
        for dimension, (some, whole) in enumerate(pairs)
    )


def can_leave_out(op: Operation, dimension: int, live: Ints) -> bool:
    """Whether an op can compute the live indices of a dimension of its result alone."""
    match op:
        case ViewOp() | DequantizeOp():
            return True
        case ConvOp():
            return dimension != CHANNELS
        case DigitalOp() if works_on_maps(op) and dimension != CHANNELS:
            if op.has_trait(DependsOnPosition):
                return False
            if isinstance(op, PadOp):
                return bool(len(inside_pads(op, dimension, live)))
            axes = [map_axes(op, number)[dimension - 1] for number in range(len(op.operands))]
            plain = all(axis.is_identity or axis.is_repetition for axis in axes)
            return plain or isinstance(op, PoolOp)
        case _:
            return False


def works_on_maps(op: DigitalOp) -> bool:
    """Whether all operands and the result of an operator are feature maps."""
    return all(len(shape_of(value)) == 3 for value in (*op.operands, op.output))


def inside_pads(op: PadOp, dimension: int, live: Ints) -> Ints:
    """The indices of the operand among those of a padded dimension of the result."""
    indices = live - op.pads[dimension][0]
    return indices[(indices >= 0) & (indices < shape_of(op.input)[dimension])]


def needed(op: Operation, live: Live) -> list[Live]:
    """The indices of each operand that the live ones of an op's result need."""
    (result,) = op.results
    whole = [every(value) for value in op.operands]
    if is_every(live, result) and isinstance(op, ViewOp) and not isinstance(op, GatherOp):
        return whole
    match op:
        case DequantizeOp():
            return [live]
        case GatherOp():
            taken = np.unique(op.indices.data.to_array()[live[op.axis]])
            return [(*live[: op.axis], taken, *live[op.axis + 1 :])]
        case TransposeOp():
            return [tuple(live[op.order.index(d)] for d in range(len(live)))]
        case ConcatOp():
            return [(part, *live[1:]) for part in parts_of(op, live[0])]
        case ViewOp():
            return _viewed(op, live)
        case ConvOp():
            return [_read(whole[0], map_axes(op, 0), live)]
        case DigitalOp() if works_on_maps(op):
            return [
                _read(indices, map_axes(op, number), live) for number, indices in enumerate(whole)
            ]
        case _:
            return whole


def parts_of(op: ConcatOp, live: Ints) -> list[Ints]:
    """The live indices along the first dimension of each operand of a concatenation; maybe none."""
    parts, first = [], 0
    for value in op.operands:
        extent = shape_of(value)[0]
        parts.append(live[(live >= first) & (live < first + extent)] - first)
        first += extent
    return parts


def _read(whole: Live, axes: tuple[Axis, Axis], live: Live) -> Live:
    """What results read of an operand: all channels, and some rows and columns."""
    rows, columns = (read_by(axis, some) for axis, some in zip(axes, live[1:], strict=True))
    return whole[CHANNELS], rows, columns


def _viewed(op: ViewOp, live: Live) -> list[Live]:
    """What a view that moves elements needs: for each operand, the indices of the live elements."""
    (result,) = op.results
    elements = np.ravel_multi_index(np.ix_(*live), shape_of(result)).reshape(-1)
    order = op.element_order()
    read = elements if order is None else order[elements]
    needs, first = [], 0
    for value in op.operands:
        shape = shape_of(value)
        last = first + int(np.prod(shape))
        own = read[(read >= first) & (read < last)] - first
        needs.append(tuple(np.unique(indices) for indices in np.unravel_index(own, shape)))
        first = last
    return needs
