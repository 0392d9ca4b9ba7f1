"""The `fold-scales` pass: constant factors become part of the layers before them."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, ModuleOp, f32
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import ConvOp, DenseOp
from spatem_ir.dialects.cnn.views import UnaryViewOp
from spatem_ir.operators.affine import AffineOp
from spatem_ir.operators.average_pool import AveragePoolOp
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.core.global_pools import GlobalPoolOp
from spatem_ir.operators.leaky_relu import LeakyReluOp
from spatem_ir.operators.max_pool import MaxPoolOp
from spatem_ir.operators.relu import ReluOp
from spatem_ir.passes.fold_batch_norm import kept, only_use, scale_weights, values_of

Scaled = UnaryViewOp | ReluOp | LeakyReluOp | ClipOp | MaxPoolOp | AveragePoolOp | GlobalPoolOp
"""Operators f with f(a · x) = a · f(x) for positive a, if bounds of a clip are times a too."""


@dataclass(frozen=True)
class FoldScalesPass(ModulePass):
    """Folds multiplications by positive constants into float32 layers (level `cnn`, float32).

    One behind a layer and operators that let factors through (ReLU, clip, poolings, views), each
    with no other reader, multiplies the layer's weights and bias, and the bounds of clips.  What
    directly follows a layer is folded by `fold-batch-norm`.
    """

    name = "fold-scales"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        PatternRewriteWalker(FoldScale()).rewrite_module(op)


class FoldScale(RewritePattern):
    """Lets the layer before a factor and operators that let it through have the factor."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AffineOp, rewriter: PatternRewriter) -> None:
        factors = values_of(op.scale)
        if not is_floating(op.output) or values_of(op.shift).any() or (factors <= 0).any():
            return
        found = layer_before(op.input)
        if found is None:
            return
        layer, between = found
        channels = layer.layer.out_channels
        if any(isinstance(other, UnaryViewOp | ClipOp) for other in between):
            if (factors != factors[0]).any():
                return
            factors = factors[:1].repeat(channels)
        scale_weights(layer, factors)
        if layer.bias is not None:
            bias = values_of(layer.bias) * factors
            layer.bias = kept(f"{layer.sym_name.data}.bias", bias, layer.bias)
        for other in between:
            if isinstance(other, ClipOp):
                scale_bounds(other, float(factors[0]))
        rewriter.replace(op, [], [op.input])


def layer_before(value: SSAValue) -> tuple[ConvOp | DenseOp, list[Scaled]] | None:
    """The layer that has a value's factor if all between let it through, and what is between.

    None if there is no such layer of float32, or if anything on the way has another reader.
    """
    between: list[Scaled] = []
    op = value.owner
    while isinstance(op, Scaled) and only_use(op):
        between.append(op)
        op = op.input.owner
    if not isinstance(op, ConvOp | DenseOp) or not only_use(op):
        return None
    is_real = is_floating(op.input) and op.has_float_weights
    return (op, between) if is_real else None


def scale_bounds(op: ClipOp, factor: float) -> None:
    """Multiply the bounds of a clip."""
    for name in ("lowest", "highest"):
        bound = op.properties.get(name)
        if isinstance(bound, FloatAttr):
            op.properties[name] = FloatAttr(bound.value.data * factor, f32)
