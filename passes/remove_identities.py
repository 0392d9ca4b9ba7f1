"""The `remove-identities` pass: removes operators that do nothing."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
)

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import FlattenOp, NetworkOp, OutputOp, TransposeOp
from spatem_ir.dialects.cnn.operators import OperatorOp


@dataclass(frozen=True)
class RemoveIdentitiesPass(ModulePass):
    """Removes what changes no value (level `cnn`).

    `cnn.identity` (Identity, and Dropout in inference), views to the same shape, transpositions and
    pads that leave everything in its place, sums and concatenations of a single tensor; views of
    views become one view; and operators whose results nobody reads.
    """

    name = "remove-identities"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns: list[RewritePattern] = [RemoveIdentity(), JoinViews(), RemoveUnused()]
        PatternRewriteWalker(GreedyRewritePatternApplier(patterns)).rewrite_module(op)


class RemoveIdentity(RewritePattern):
    """Replaces the result of an operator that does nothing by its operand."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, OperatorOp) and op.does_nothing:
            rewriter.replace(op, [], [op.operands[0]])


class JoinViews(RewritePattern):
    """Makes one view of a reshaping of a reshaping, or of a transposition of a transposition."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, FlattenOp | TransposeOp):
            return
        inner = op.input.owner
        if isinstance(op, FlattenOp) and isinstance(inner, FlattenOp):
            joined = FlattenOp(inner.input, shape_of(op.output))
        elif isinstance(op, TransposeOp) and isinstance(inner, TransposeOp):
            order = tuple(inner.order[axis] for axis in op.order)
            joined = TransposeOp(inner.input, order)
        else:
            return
        joined.output.name_hint = op.output.name_hint
        rewriter.replace(op, joined)


class RemoveUnused(RewritePattern):
    """Removes an operator of a network of whose results there is no reader."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op.parent_op(), NetworkOp) or isinstance(op, OutputOp):
            return
        if not any(result.uses for result in op.results):
            rewriter.erase(op)
