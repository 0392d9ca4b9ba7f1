"""The `fold-clips` pass: what computes codes saturates them where a clip follows."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, i64
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
)

from spatem_ir.dialects.cnn import ViewOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.operators import DigitalOp
from spatem_ir.dialects.cnn.weight_layers import ACCUMULATOR_TYPE, WeightLayerOp
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.max_pool import MaxPoolOp
from spatem_ir.operators.relu import ReluOp
from spatem_ir.passes.remove_identities import RemoveIdentity

Saturating = WeightLayerOp | DigitalOp
"""Ops whose codes can saturate within others than those of their type."""


@dataclass(frozen=True)
class FoldClipsPass(ModulePass):
    """Makes clips and rectifications of codes part of what computes the codes (level `cnn`).

    One whose bounds are those of the code, or beyond, does nothing.  Any other one becomes the
    bounds within which the layers and digital operators before it saturate (`saturate [0, 127]`,
    `{saturate = array<i64: 0, 127>}`), if nobody else reads their results.  Views and maximum
    poolings may be between: the largest of clipped codes is the clipped largest.  No code of any
    result changes.
    """

    name = "fold-clips"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns: list[RewritePattern] = [RemoveIdentity(), FoldIntoProducers()]
        PatternRewriteWalker(GreedyRewritePatternApplier(patterns)).rewrite_module(op)


class FoldIntoProducers(RewritePattern):
    """Lets all ops whose codes a clip reads saturate within its bounds."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, ClipOp | ReluOp):
            return
        code, producers = quantization_of(op.input.type), producers_of(op.input)
        if code is None or producers is None:
            return
        least, greatest = op.limits(code)
        for producer in producers:
            own = producer.saturation or (code.minimum, code.maximum)
            limits = [min(max(limit, least), greatest) for limit in own]
            if isinstance(producer, DigitalOp):
                producer.saturate(*limits)
            else:
                producer.saturate = DenseArrayBase.from_list(i64, limits)
        rewriter.replace(op, [], [op.input])


def producers_of(value: SSAValue) -> list[Saturating] | None:
    """The ops that compute the codes of which a value consists, or is the largest of in windows.

    None if there is anything else, or if somebody else reads any of that.
    """
    op = value.owner
    if len(list(value.uses)) > 1:
        return None
    if isinstance(op, ViewOp | MaxPoolOp):
        before = [producers_of(operand) for operand in op.operands]
        if None not in before:
            return [producer for found in before if found for producer in found]
    return [op] if isinstance(op, Saturating) and is_requantized(op) else None


def is_requantized(op: Saturating) -> bool:
    """Whether an op's results are codes other than sums of products."""
    code = quantization_of(op.output.type)
    return code is not None and code.bits < ACCUMULATOR_TYPE.width.data
