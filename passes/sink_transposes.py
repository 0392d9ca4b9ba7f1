"""The `sink-transposes` pass: transpositions move behind what works element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    ModuleOp,
    TensorType,
    f32,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.rewriter import InsertPoint

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import DequantizeOp, DigitalOp, FlattenOp, QuantizeOp, TransposeOp
from spatem_ir.operators.affine import AffineOp
from spatem_ir.operators.gather import GatherOp
from spatem_ir.operators.pad import PadOp
from spatem_ir.operators.prelu import PReluOp
from spatem_ir.passes.remove_identities import JoinViews, RemoveIdentity, RemoveUnused

Order = tuple[int, ...]


@dataclass(frozen=True)
class SinkTransposesPass(ModulePass):
    """Moves transpositions towards the outputs, until they meet their inverses (level `cnn`).

    Networks of frameworks whose channels come last have transpositions around each layer, and
    operators between them; the same networks with the channels in front have none.  A transposition
    goes behind operators that work element by element, pads, parts of dimensions, and
    (de)quantisations; two that meet become one, which may do nothing.  The first one behind an
    input goes in front of such operators, as the host can transpose the input.  One that keeps the
    order of the elements becomes a view of another shape.
    """

    name = "sink-transposes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        cleaning: list[RewritePattern] = [JoinViews(), RemoveIdentity(), RemoveUnused()]
        moving = [*cleaning, ShareTransposition(), TransposeAtEntry(), SinkTransposition()]
        for patterns in (moving, [*cleaning, ReshapeInstead()]):
            PatternRewriteWalker(GreedyRewritePatternApplier(patterns)).rewrite_module(op)


class ReshapeInstead(RewritePattern):
    """Makes a view of another shape of a transposition that moves extents of 1 only."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TransposeOp, rewriter: PatternRewriter) -> None:
        if keeps_order(shape_of(op.input), op.order):
            rewriter.replace(op, _hinted(FlattenOp(op.input, shape_of(op.output)), op))


class ShareTransposition(RewritePattern):
    """Transposes a value once where that is done twice alike."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TransposeOp, rewriter: PatternRewriter) -> None:
        for use in op.input.uses:
            other = use.operation
            if other is op or not isinstance(other, TransposeOp) or other.order != op.order:
                continue
            if other.is_before_in_block(op):
                rewriter.replace(op, [], [other.output])
                return


class TransposeAtEntry(RewritePattern):
    """Moves the first transposition behind an input in front of the operators between them."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TransposeOp, rewriter: PatternRewriter) -> None:
        inner = op.input.owner
        if isinstance(inner, Block) or not is_at_entry(op.input):
            return
        properties = moved_properties(inner, inverse_of(op.order))
        if properties is None:
            return
        transposed = TransposeOp(inner.operands[0], op.order)
        transposed.output.name_hint = inner.operands[0].name_hint
        moved = type(inner).create(
            operands=[transposed.output],
            result_types=[op.output.type],
            properties=properties,
            attributes=inner.attributes,
        )
        moved.results[0].name_hint = op.output.name_hint
        rewriter.replace(op, [transposed, moved])


class SinkTransposition(RewritePattern):
    """Moves the transposition of an operator's operands behind the operator."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        views = [value.owner for value in op.operands if isinstance(value.owner, TransposeOp)]
        if not views or len(op.results) != 1 or all(is_at_entry(view.input) for view in views):
            return
        order = views[0].order
        properties = moved_properties(op, order)
        if properties is None:
            return
        if not all(is_transposed(operand, order) for operand in op.operands):
            return
        inverse = inverse_of(order)
        operands = [_before(operand, inverse, op, rewriter) for operand in op.operands]
        result = cast("TensorType", op.results[0].type)
        shape = [result.get_shape()[axis] for axis in inverse]
        moved = type(op).create(
            operands=operands,
            result_types=[TensorType(result.element_type, shape)],
            properties=properties,
            attributes=op.attributes,
        )
        moved.results[0].name_hint = op.results[0].name_hint
        rewriter.replace(op, [moved, _hinted(TransposeOp(moved.results[0], order), op)])


def moved_properties(op: Operation, order: Order) -> dict[str, Attribute] | None:
    """The properties of an operator in front of a transposition of its operands.

    None if it must stay behind.
    """
    match op:
        case PadOp():
            before, after = zip(*(op.pads[axis] for axis in inverse_of(order)), strict=True)
            return {
                **op.properties,
                "before": DenseArrayBase.from_list(i64, before),
                "after": DenseArrayBase.from_list(i64, after),
            }
        case GatherOp():
            return {**op.properties, "dimension": IntegerAttr(order[op.axis], i64)}
        case QuantizeOp() | DequantizeOp():
            return dict(op.properties)
        case AffineOp() if order[0] != 0:
            return _of_other_channels(op, shape_of(op.input)[inverse_of(order)[0]])
        case AffineOp() | PReluOp():
            return dict(op.properties) if order[0] == 0 else None
        case DigitalOp() if op.is_elementwise:
            return dict(op.properties)
        case _:
            return None


def is_at_entry(value: SSAValue) -> bool:
    """Whether a value is an input, or computed from one alone, for one reader, where it enters."""
    while isinstance(value.owner, Operation):
        op = value.owner
        if len(op.operands) != 1 or len(list(value.uses)) != 1 or isinstance(op, TransposeOp):
            return False
        if moved_properties(op, tuple(range(len(shape_of(value))))) is None:
            return False
        value = op.operands[0]
    return True


def _of_other_channels(op: AffineOp, channels: int) -> dict[str, Attribute] | None:
    """The properties of an affine function for other channels, if it is the same for all."""
    from spatem_ir.weights.store import current_store

    properties: dict[str, Attribute] = dict(op.properties)
    for what, parameter in (("scale", op.scale), ("shift", op.shift)):
        values = current_store().floats(parameter)
        if (values != values[0]).any():
            return None
        numbers = [float(values[0])] * channels
        properties[what] = DenseIntOrFPElementsAttr.from_list(TensorType(f32, [channels]), numbers)
    return properties


def is_transposed(operand: SSAValue, order: Order) -> bool:
    """Whether an operand is a transposition by `order`, or has nothing but extents of 1 to move."""
    owner, shape = operand.owner, shape_of(operand)
    if isinstance(owner, TransposeOp) and owner.order == order:
        return True
    return len(shape) == len(order) and keeps_order(shape, inverse_of(order))


def _before(
    operand: SSAValue, inverse: Order, op: Operation, rewriter: PatternRewriter
) -> SSAValue:
    """The value of which an operand of `op` is the transposition."""
    owner, shape = operand.owner, shape_of(operand)
    if isinstance(owner, TransposeOp) and inverse_of(owner.order) == inverse:
        return owner.input
    view = FlattenOp(operand, tuple(shape[axis] for axis in inverse))
    view.output.name_hint = operand.name_hint
    rewriter.insert(view, InsertPoint.before(op))
    return view.output


def keeps_order(shape: Sequence[int], order: Order) -> bool:
    """Whether a permutation of dimensions leaves elements in their order: it moves extents of 1."""
    moved = [axis for axis in order if shape[axis] != 1]
    return moved == sorted(moved)


def inverse_of(order: Order) -> Order:
    """The permutation that undoes one."""
    return tuple(order.index(axis) for axis in range(len(order)))


def _hinted(view: FlattenOp | TransposeOp, op: Operation) -> FlattenOp | TransposeOp:
    """A view whose result is called as that of an op that it stands for."""
    view.output.name_hint = op.results[0].name_hint
    return view
