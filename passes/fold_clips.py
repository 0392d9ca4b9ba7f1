"""The `fold-clips` pass: layers saturate their results where a clip follows."""

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
from spatem_ir.dialects.cnn.weight_layers import ACCUMULATOR_TYPE, WeightLayerOp
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.max_pool import MaxPoolOp
from spatem_ir.operators.relu import ReluOp
from spatem_ir.passes.remove_identities import RemoveIdentity


@dataclass(frozen=True)
class FoldClipsPass(ModulePass):
    """Makes clips and rectifications of codes part of the layers before them (level `cnn`).

    One whose bounds are those of the code, or beyond, does nothing.  Any other one becomes the
    bounds within which the layer saturates what it requantises (`saturate [0, 127]`), if nobody
    else reads the layer's result.  Views and maximum poolings may be between: the largest of
    clipped codes is the clipped largest.  No code of any result changes.
    """

    name = "fold-clips"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns: list[RewritePattern] = [RemoveIdentity(), FoldIntoLayers()]
        PatternRewriteWalker(GreedyRewritePatternApplier(patterns)).rewrite_module(op)


class FoldIntoLayers(RewritePattern):
    """Lets all layers whose results a clip reads saturate within its bounds."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, ClipOp | ReluOp):
            return
        code, layers = quantization_of(op.input.type), layers_before(op.input)
        if code is None or layers is None:
            return
        least, greatest = op.limits(code)
        for layer in layers:
            own = layer.saturation or (code.minimum, code.maximum)
            limits = [min(max(limit, least), greatest) for limit in own]
            layer.saturate = DenseArrayBase.from_list(i64, limits)
        rewriter.replace(op, [], [op.input])


def layers_before(value: SSAValue) -> list[WeightLayerOp] | None:
    """The layers whose requantised results a value consists of, or is the largest of in windows.

    None if there is anything else, or if somebody else reads any of that.
    """
    layers: list[WeightLayerOp] = []
    waiting = [value]
    while waiting:
        value = waiting.pop()
        op = value.owner
        if len(list(value.uses)) > 1:
            return None
        match op:
            case WeightLayerOp() if is_requantized(op):
                layers.append(op)
            case ViewOp() | MaxPoolOp():
                waiting.extend(op.operands)
            case _:
                return None
    return layers


def is_requantized(layer: WeightLayerOp) -> bool:
    """Whether a layer's results are codes other than its sums."""
    code = quantization_of(layer.output.type)
    return code is not None and code.bits < ACCUMULATOR_TYPE.width.data
