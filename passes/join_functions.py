"""The `join-functions` pass: chains of operators become the function that they spell out."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from spatem_ir.dialects.checks import is_floating
from spatem_ir.operators.affine import AffineOp
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.hard_sigmoid import HardSigmoidOp
from spatem_ir.operators.hard_swish import HardSwishOp
from spatem_ir.operators.mul import MulOp
from spatem_ir.operators.sigmoid import SigmoidOp
from spatem_ir.operators.swish import SwishOp
from spatem_ir.passes.fold_batch_norm import only_use, values_of

ROUNDING = 1e-6
"""Relative difference of float32 numbers that mean the same, as of 1 / 6 and 0.16666667."""


@dataclass(frozen=True)
class JoinFunctionsPass(ModulePass):
    """Finds hard sigmoids, hard swishes and swishes in float32 networks (level `cnn`).

    ``clip(a · x + b, 0, c) / c`` is a hard sigmoid, and ``x · clip(x + 3, 0, 6) / 6``, in either
    order, a hard swish, where nobody else reads what is between.  ``x · sigmoid(x)`` is a swish.
    """

    name = "join-functions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns: list[RewritePattern] = [JoinHardSwish(), JoinHardSigmoid(), JoinProduct()]
        PatternRewriteWalker(GreedyRewritePatternApplier(patterns)).rewrite_module(op)


@dataclass(frozen=True)
class LinearFunction:
    """`factor` · x + `summand` for all channels, of a value x."""

    value: SSAValue
    factor: float
    summand: float


def line_of(op: AffineOp) -> LinearFunction | None:
    """The line that an affine operator on float32 computes, if it is alike for all channels."""
    if not is_floating(op.output):
        return None
    scale, shift = values_of(op.scale), values_of(op.shift)
    if (scale != scale[0]).any() or (shift != shift[0]).any():
        return None
    return LinearFunction(op.input, float(scale[0]), float(shift[0]))


def clipped_line(value: SSAValue) -> tuple[LinearFunction, float] | None:
    """The line of which a value is the part from 0 to a bound, and the bound."""
    op = value.owner
    if not isinstance(op, ClipOp) or not only_use(op):
        return None
    inner, (lowest, highest) = op.input.owner, op.bounds
    if not isinstance(inner, AffineOp) or not only_use(inner):
        return None
    line = line_of(inner)
    if line is None or lowest != 0 or highest is None or highest <= 0:
        return None
    return line, highest


class JoinHardSwish(RewritePattern):
    """x · clip(x + 3, 0, 6), times 1/6."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AffineOp, rewriter: PatternRewriter) -> None:
        outer = line_of(op)
        product = op.input.owner
        if outer is None or not isinstance(product, MulOp) or not only_use(product):
            return
        if outer.summand or not is_close(outer.factor, 1 / 6) or len(product.operands) != 2:
            return
        for x, gate in both_ways(product):
            found = clipped_line(gate)
            if found == (LinearFunction(x, 1.0, 3.0), 6.0):
                replace(op, HardSwishOp(op.sym_name.data, x), rewriter)
                return


class JoinHardSigmoid(RewritePattern):
    """clip(a · x + b, 0, c), times 1 / c."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AffineOp, rewriter: PatternRewriter) -> None:
        outer, found = line_of(op), clipped_line(op.input)
        if outer is None or found is None or outer.summand:
            return
        line, bound = found
        if not is_close(outer.factor * bound, 1):
            return
        alpha, beta = line.factor * outer.factor, line.summand * outer.factor
        joined = HardSigmoidOp(op.sym_name.data, line.value, alpha=alpha, beta=beta)
        replace(op, joined, rewriter)


class JoinProduct(RewritePattern):
    """x times its sigmoid, or its hard sigmoid with alpha 1/6 and beta 1/2."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MulOp, rewriter: PatternRewriter) -> None:
        if len(op.operands) != 2 or not is_floating(op.output):
            return
        for x, gate in both_ways(op):
            inner = gate.owner
            if not isinstance(inner, SigmoidOp | HardSigmoidOp) or not only_use(inner):
                continue
            joined = joined_product(x, inner)
            if joined is not None:
                replace(op, joined(op.sym_name.data, x), rewriter)
                return


def joined_product(
    x: SSAValue, gate: SigmoidOp | HardSigmoidOp
) -> type[HardSwishOp | SwishOp] | None:
    """The function that x times a gate is, if it is one."""
    if gate.input != x:
        return None
    if isinstance(gate, SigmoidOp):
        return SwishOp
    numbers = gate.numbers
    is_hard_swish = is_close(numbers["alpha"], 1 / 6) and is_close(numbers["beta"], 1 / 2)
    return HardSwishOp if is_hard_swish else None


def both_ways(op: MulOp) -> tuple[tuple[SSAValue, SSAValue], tuple[SSAValue, SSAValue]]:
    """The operands of a product in both orders."""
    first, second = op.operands
    return (first, second), (second, first)


def is_close(number: float, wanted: float) -> bool:
    """Whether a float32 number is the wanted one, but for rounding."""
    return isclose(number, wanted, rel_tol=ROUNDING)


def replace(op: Operation, joined: Operation, rewriter: PatternRewriter) -> None:
    """Put an op in the place of another one; what nobody reads any more goes."""
    joined.results[0].name_hint = op.results[0].name_hint
    before = list(op.operands)
    rewriter.replace(op, joined)
    while before:
        owner = before.pop().owner
        if isinstance(owner, Operation) and not any(result.uses for result in owner.results):
            before += owner.operands
            rewriter.erase(owner)
