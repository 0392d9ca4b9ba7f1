"""The `fuse-quantization` pass: float operators between quantisations become integer operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import Float32Type, ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import DequantizeOp, DigitalOp, QuantizeOp
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.parameters import parameter_type
from spatem_ir.dialects.cnn.weight_layers import ACCUMULATOR_TYPE, WeightLayerOp
from spatem_ir.dialects.mvm import network_of
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.relu import ReluOp
from spatem_ir.operators.requantize import RequantizeOp
from spatem_ir.passes.keep_on_chip import keep_on_chip
from spatem_ir.passes.remove_identities import RemoveUnused
from spatem_ir.passes.rewriting import commuting, named, unique_name, with_types
from spatem_ir.passes.widen_sums import widen_sums


@dataclass(frozen=True)
class FuseQuantizationPass(ModulePass):
    """Makes integers of float32 operators between `cnn.dequantize` and `cnn.quantize`.

    An operator whose operands are dequantised codes and whose result is quantised becomes the
    integer operator (level `cnn`).  Operators that commute with quantisation let quantisations
    through to the operators that do not.  Quantising what was just dequantised is nothing, or, with
    another scale, `cnn.requantize`.  What remains float32 between codes stays so, on the chip: see
    :mod:`spatem_ir.passes.keep_on_chip`.  What is float32 behind the last codes runs on the host.
    Layers get sums so wide that none wraps: see :mod:`spatem_ir.passes.widen_sums`.
    """

    name = "fuse-quantization"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns: list[RewritePattern] = [
            RemoveUnused(),
            ShareQuantization(),
            CancelQuantization(),
            RemoveIdleClip(),
            DequantizeLater(),
            QuantizeEarlier(),
            FuseOperator(),
        ]
        PatternRewriteWalker(GreedyRewritePatternApplier(patterns)).rewrite_module(op)
        network = network_of(op)
        if network is not None:
            keep_on_chip(network)
            widen_sums(network)


class ShareQuantization(RewritePattern):
    """Quantises or requantises a value once where that is done twice alike."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, QuantizeOp | RequantizeOp):
            return
        for use in op.input.uses:
            other = use.operation
            if other is op or not isinstance(other, QuantizeOp | RequantizeOp):
                continue
            if other.output.type == op.output.type and other.is_before_in_block(op):
                rewriter.replace(op, [], [other.output])
                return


class CancelQuantization(RewritePattern):
    """Quantising dequantised codes gives the codes, or the codes of another quantisation."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeOp, rewriter: PatternRewriter) -> None:
        inner = op.input.owner
        if not isinstance(inner, DequantizeOp):
            return
        if inner.input.type == op.output.type:
            rewriter.replace(op, [], [inner.input])
            return
        hint = op.output.name_hint or "requantized"
        name = unique_name(op, hint)
        rewriter.replace(op, named(RequantizeOp(name, inner.input, op.output.type), hint))


class RemoveIdleClip(RewritePattern):
    """A clip or a ReLU on codes within whose bounds all codes are does nothing."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, ClipOp | ReluOp) and op.does_nothing:
            rewriter.replace(op, [], [op.input])


class DequantizeLater(RewritePattern):
    """Moves dequantisations behind an operator that gives the same on codes.

    It does not where a bound of a clip or the value of a pad is a real number between codes.
    """

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        inner = commuting(op)
        if inner is None or not is_floating(inner.output):
            return
        codes: list[SSAValue] = []
        for operand in op.operands:
            if not isinstance(operand.owner, DequantizeOp):
                return
            codes.append(operand.owner.input)
        elements = {cast("TensorType", value.type).element_type for value in codes}
        code = quantization_of(codes[0].type)
        assert code is not None
        if len(elements) > 1 or not inner.has_constants_among(code):
            return
        integer = with_types(op, codes, elements.pop())
        result = DequantizeOp(integer.results[0], cast("TensorType", op.results[0].type))
        rewriter.replace(op, [integer, named(result, op.results[0].name_hint)])


class QuantizeEarlier(RewritePattern):
    """Moves a quantisation in front of an operator that gives the same on codes.

    Every reader of the operator's result must be that quantisation.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeOp, rewriter: PatternRewriter) -> None:
        inner = commuting(op.input.owner)
        if inner is None or len(list(op.input.uses)) > 1:
            return
        element = cast("TensorType", op.output.type).element_type
        quantized = [
            QuantizeOp(operand, TensorType(element, shape_of(operand)))
            for operand in inner.operands
        ]
        for value in quantized:
            value.output.name_hint = op.output.name_hint
        integer = with_types(inner, [value.output for value in quantized], element)
        rewriter.replace(op, [*quantized, integer])
        rewriter.erase(inner)


class FuseOperator(RewritePattern):
    """Makes an integer operator of a float32 one between dequantisations and a quantisation."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: QuantizeOp, rewriter: PatternRewriter) -> None:
        inner = op.input.owner
        if not isinstance(inner, WeightLayerOp | DigitalOp) or commuting(inner):
            return
        if len(list(op.input.uses)) > 1:
            return
        codes: list[SSAValue] = []
        for operand in inner.operands:
            if not isinstance(operand.owner, DequantizeOp):
                return
            codes.append(operand.owner.input)
        element = cast("TensorType", op.output.type).element_type
        if isinstance(inner, WeightLayerOp):
            code = quantization_of(element)
            assert code is not None
            if element == ACCUMULATOR_TYPE or not has_integer_parameters(inner, code):
                return
        rewriter.replace(op, with_types(inner, codes, element))
        rewriter.erase(inner)


def has_integer_parameters(layer: WeightLayerOp, result: Quantization) -> bool:
    """Whether a layer has weights that are codes; its float32 bias, if any, becomes codes.

    A bias counts in units of input scale · weight scale and is rounded to them: it stays float32
    where they are coarser than the codes of the result, or too fine for it.
    """
    if layer.has_float_weights:
        return False
    if layer.bias is None or not isinstance(parameter_type(layer.bias).element_type, Float32Type):
        return True
    from spatem_ir.passes.quantize.scales import LARGEST_BIAS, bias_codes
    from spatem_ir.weights.store import current_store

    code = layer.input_code
    assert code is not None and layer.weight_scale is not None
    store = current_store()
    scale = store.values(layer.weight_scale)
    bias = bias_codes(store.values(layer.bias), code.scale, scale)
    if abs(bias.astype("int64")).max() > LARGEST_BIAS or code.scale * scale.max() > result.scale:
        return False
    layer.bias = store.keep(f"{layer.sym_name.data}.bias", bias, ACCUMULATOR_TYPE, layer.bias)
    return True
