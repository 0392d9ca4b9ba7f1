"""A network without positions that nobody reads: each op computes the live indices alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np
from xdsl.dialects.builtin import DenseArrayBase, TensorType, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import (
    ConvOp,
    DequantizeOp,
    DigitalOp,
    NetworkOp,
    OutputOp,
    PoolOp,
    TransposeOp,
    ViewOp,
    WindowAttr,
)
from spatem_ir.geometry.shapes.live import (
    Ints,
    axis_among,
    places_of,
    read_by,
    spanned,
    window_along,
)
from spatem_ir.geometry.shapes.window import Axis
from spatem_ir.operators.concat import ConcatOp
from spatem_ir.operators.gather import GatherOp
from spatem_ir.operators.pad import PadOp
from spatem_ir.passes.dead_positions.liveness import (
    Live,
    every,
    inside_pads,
    is_every,
    liveness,
    map_axes,
    parts_of,
)


@dataclass
class LiveNetwork:
    """Replaces the ops of a network by ones that compute live indices alone.

    `made` has the value that holds the live indices of each value of which some are left out.
    """

    network: NetworkOp
    live: dict[SSAValue, Live] = field(init=False)
    made: dict[SSAValue, SSAValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.live = liveness(self.network)

    def rewrite(self) -> None:
        """Replace the ops, in their order."""
        replaced: list[Operation] = []
        for op in list(self.network.body.block.ops):
            if isinstance(op, OutputOp):
                continue
            (result,) = op.results
            if result not in self.live:
                replaced.append(op)
            elif self.is_smaller(result) or any(map(self.is_smaller, op.operands)):
                self.at = InsertPoint.before(op)
                self.replace(result, self.computed(op))
                replaced.append(op)
        for op in reversed(replaced):
            Rewriter.erase_op(op)

    def is_smaller(self, value: SSAValue) -> bool:
        """Whether some indices of a value are left out."""
        return not (value in self.live and is_every(self.live[value], value))

    def replace(self, old: SSAValue, new: SSAValue) -> None:
        """Let readers of a value read the one that takes its place."""
        new.name_hint = old.name_hint
        if self.is_smaller(old):
            self.made[old] = new
        else:
            self.live[new] = self.live[old]
            old.replace_all_uses_with(new)

    def insert(self, op: Operation) -> SSAValue:
        """Insert an op before the one that is being replaced."""
        Rewriter.insert_op(op, self.at)
        return op.results[0]

    # Operands

    def held(self, value: SSAValue) -> tuple[SSAValue, Live]:
        """The value in the place of another one, and the indices that it holds."""
        return self.made.get(value, value), self.live[value]

    def exactly(self, value: SSAValue, wanted: Live) -> SSAValue:
        """A value's elements at the wanted indices; a dead one may be any other element."""
        held, live = self.held(value)
        for dimension, (some, there) in enumerate(zip(wanted, live, strict=True)):
            places = places_of(some, there)
            if len(some) != len(there) or (places != np.arange(len(there))).any():
                held = self.insert(GatherOp(held, dimension, places.clip(min=0).tolist()))
        return held

    # Ops

    def computed(self, op: Operation) -> SSAValue:
        """The live indices of an op's result."""
        (result,) = op.results
        live = self.live[result]
        match op:
            case GatherOp():
                return self.gathered(op, live)
            case TransposeOp():
                order = [op.order.index(dimension) for dimension in range(len(live))]
                moved = self.exactly(op.input, tuple(live[dimension] for dimension in order))
                return self.insert(TransposeOp(moved, op.order))
            case ConcatOp():
                return self.joined(op, live)
            case ViewOp():
                return self.viewed(op, live)
            case ConvOp() | PoolOp():
                return self.windowed(op, live)
            case PadOp():
                return self.padded(op, live)
            case DigitalOp() | DequantizeOp():
                return self.elementwise(op, live)
            case _:
                return self.copied(op, [self.exactly(v, every(v)) for v in op.operands], live)

    def copied(
        self,
        op: Operation,
        operands: list[SSAValue],
        live: Live,
        properties: dict[str, Attribute] | None = None,
    ) -> SSAValue:
        """The result of an op on other operands and with other properties."""
        tensor = cast("TensorType", op.results[0].type)
        result = TensorType(tensor.element_type, [len(some) for some in live])
        copy = type(op).create(
            operands=operands,
            result_types=[result],
            properties={**op.properties, **(properties or {})},
            attributes=dict(op.attributes),
        )
        return self.insert(copy)

    def gathered(self, op: GatherOp, live: Live) -> SSAValue:
        """Live elements along a dimension, from those that are held."""
        axis = op.axis
        taken = op.indices.data.to_array()[live[axis]]
        held = self.live[op.input][axis]
        operand = self.exactly(op.input, (*live[:axis], held, *live[axis + 1 :]))
        places = places_of(taken, held)
        if len(places) == len(held) and (places == np.arange(len(held))).all():
            return operand
        return self.insert(GatherOp(operand, axis, places.tolist()))

    def joined(self, op: ConcatOp, live: Live) -> SSAValue:
        """The operands of which something is live, one after the other."""
        parts = [
            self.exactly(value, (part, *live[1:]))
            for value, part in zip(op.operands, parts_of(op, live[0]), strict=True)
            if len(part)
        ]
        return parts[0] if len(parts) == 1 else self.copied(op, parts, live)

    def viewed(self, op: ViewOp, live: Live) -> SSAValue:
        """A view of whole operands, in which dead elements are any others, and its live part."""
        operands = [self.exactly(value, every(value)) for value in op.operands]
        (result,) = op.results
        whole = self.copied(op, operands, every(result))
        for dimension, some in enumerate(live):
            if len(some) < shape_of(result)[dimension]:
                whole = self.insert(GatherOp(whole, dimension, some.tolist()))
        return whole

    def elementwise(self, op: Operation, live: Live) -> SSAValue:
        """An op each of whose results reads the elements of its own place."""
        operands = []
        for number, value in enumerate(op.operands):
            wanted = list(live)
            if isinstance(op, DigitalOp):
                wanted = list(every(value))
                for dimension, axis in enumerate(map_axes(op, number), 1):
                    if axis.is_identity:
                        wanted[dimension] = live[dimension]
            operands.append(self.exactly(value, tuple(wanted)))
        return self.copied(op, operands, live)

    def padded(self, op: PadOp, live: Live) -> SSAValue:
        """Live elements, and live ones among those that a padding adds."""
        wanted, before, after = [], [], []
        for dimension, ((first, _), some) in enumerate(zip(op.pads, live, strict=True)):
            inside = inside_pads(op, dimension, some)
            wanted.append(inside)
            before.append(int((some < first).sum()))
            after.append(len(some) - len(inside) - before[-1])
        pads: dict[str, Attribute] = {
            "before": DenseArrayBase.from_list(i64, before),
            "after": DenseArrayBase.from_list(i64, after),
        }
        return self.copied(op, [self.exactly(op.input, tuple(wanted))], live, pads)

    def windowed(self, op: ConvOp | PoolOp, live: Live) -> SSAValue:
        """The live windows over what is held of an operand."""
        operand, (channels, *held) = op.input, self.live[op.input]
        axes, wanted = [], [channels]
        for axis, some, there in zip(map_axes(op, 0), live[1:], held, strict=True):
            among, indices = _axis_and_indices(axis, some, there)
            axes.append(among)
            wanted.append(indices)
        window = window_along((axes[0], axes[1]), op.window.data, *shape_of(operand)[1:])
        taken = self.exactly(operand, tuple(wanted))
        return self.copied(op, [taken], live, {"window": WindowAttr(window)})


def _axis_and_indices(axis: Axis, results: Ints, held: Ints) -> tuple[Axis, Ints]:
    """How some results read an operand of which some indices are held, and which they take of it.

    All that is held if possible, otherwise those that they read, or all from the first of these to
    the last, where dead ones may be any others.
    """
    read = read_by(axis, results)
    for taken in (held, read):
        among = axis_among(axis, results, taken)
        if among is not None:
            return among, taken
    among = axis_among(axis, results, spanned(read))
    assert among is not None
    return among, spanned(read)
