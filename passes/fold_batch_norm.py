"""The `fold-batch-norm` pass: batch normalisation becomes part of the layer before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import Attribute, Operation, Use
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import ConvOp, DenseOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.parameters import FileAttr, parameter_type
from spatem_ir.operators.affine import AffineOp
from spatem_ir.operators.batch_norm import BatchNormOp
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class FoldBatchNormPass(ModulePass):
    """Folds batch normalisations into layers (level `cnn`, float32).

    In inference a batch normalisation is ``x · a + b`` per channel with ``a = scale /
    √(variance + epsilon)`` and ``b = shift − mean · a`` (Ioffe and Szegedy, 2015): a `cnn.affine`.
    One on the result of a layer that has no other reader scales the layer's weights, of which codes
    keep their values but not their signs, and goes into its bias.  Others stay, such as those
    before a layer's activation.
    """

    name = "fold-batch-norm"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns: list[RewritePattern] = [ExpressAsAffine(), JoinAffine(), FoldIntoLayer()]
        PatternRewriteWalker(GreedyRewritePatternApplier(patterns)).rewrite_module(op)


class ExpressAsAffine(RewritePattern):
    """Computes scale and shift of a batch normalisation, in float32 and in onnxruntime's order."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BatchNormOp, rewriter: PatternRewriter) -> None:
        import numpy as np

        scale, shift, mean, variance = (
            values_of(parameter).astype(np.float32)
            for parameter in (op.scale, op.shift, op.mean, op.variance)
        )
        name, spread = op.sym_name.data, variance + np.float32(op.epsilon.value.data)
        if not (spread > 0).all():
            raise SpatemError(
                f"fold-batch-norm: {op.name} @{name}: a channel has variance + epsilon "
                f"{spread.min():g}; it must be positive"
            )
        factor = scale * np.reciprocal(np.sqrt(spread))
        affine = AffineOp(
            name,
            op.input,
            kept(f"{name}.scale", factor),
            kept(f"{name}.shift", shift - mean * factor),
        )
        affine.output.name_hint = op.output.name_hint
        rewriter.replace(op, affine)


class JoinAffine(RewritePattern):
    """Makes one float32 affine operator of two, the first of which has no other reader."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AffineOp, rewriter: PatternRewriter) -> None:
        first = op.input.owner
        if not isinstance(first, AffineOp) or not only_use(first) or not is_floating(op.output):
            return
        scale, shift = values_of(op.scale), values_of(op.shift)
        name, joined = first.sym_name.data, values_of(first.shift) * scale + shift
        first.shift = kept(f"{name}.shift", joined, first.shift)
        first.scale = kept(f"{name}.scale", values_of(first.scale) * scale, first.scale)
        rewriter.replace(op, [], [first.output])


class FoldIntoLayer(RewritePattern):
    """Folds a per-channel affine operator into the weights and the bias of a layer."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AffineOp, rewriter: PatternRewriter) -> None:
        layer = op.input.owner
        if not isinstance(layer, ConvOp | DenseOp) or not is_floating(op.output):
            return
        if not is_floating(layer.input) or not only_use(layer):
            return
        scale, shift = values_of(op.scale), values_of(op.shift)
        bias = shift if layer.bias is None else real_bias(layer) * scale + shift
        if not (scale_weights if layer.has_float_weights else scale_codes)(layer, scale):
            return
        layer.bias = kept(f"{layer.sym_name.data}.bias", bias, layer.bias)
        layer.output.name_hint = op.output.name_hint
        rewriter.replace(op, [], [layer.output])


def real_bias(layer: ConvOp | DenseOp) -> NDArray[np.float64]:
    """A layer's bias as real numbers, also where it is in units of input scale · weight scale."""
    assert layer.bias is not None
    bias = values_of(layer.bias)
    if is_floating_parameter(layer.bias):
        return bias
    assert layer.input_code is not None and layer.weight_scale is not None
    return bias * layer.input_code.scale * values_of(layer.weight_scale)


def is_floating_parameter(parameter: Attribute) -> bool:
    """Whether the values of a parameter are float32."""
    return parameter_type(parameter).element_type == f32


def scale_weights(layer: ConvOp | DenseOp, factors: NDArray[np.float64]) -> bool:
    """Multiply a layer's float32 weights by a factor per channel; tells that it is possible."""
    scaled = _scaled(layer.weights, factors)
    layer.weights = kept(f"{layer.sym_name.data}.weights", scaled, layer.weights)
    return True


def scale_codes(layer: ConvOp | DenseOp, factors: NDArray[np.float64]) -> bool:
    """Multiply a layer's weights that are codes by a factor per channel; tells if it is possible.

    The scale takes the magnitude; channels with a negative factor have their codes mirrored at the
    zero point, those with the factor 0 all codes there.  It is not possible where a mirrored code
    does not exist, or a scale leaves the range of float32.
    """
    import numpy as np

    from spatem_ir.weights.store import current_store

    store, name = current_store(), layer.sym_name.data
    assert layer.weight_scale is not None
    code, zero_point = quantization_of(layer.weight_element), layer.weight_zero_point.value.data
    assert code is not None
    magnitudes = np.where(factors == 0, 1.0, np.abs(factors))
    scale = (magnitudes * values_of(layer.weight_scale)).astype(np.float32)
    if not (np.isfinite(scale) & (scale > 0)).all():
        return False
    stored = store.values(layer.weights)
    signs = np.sign(factors).astype(np.int64).reshape(-1, *(1,) * (stored.ndim - 1))
    codes = (stored.astype(np.int64) - zero_point) * signs + zero_point
    if codes.min() < code.minimum or codes.max() > code.maximum:
        return False
    if (codes != stored).any():
        kept = codes.astype(stored.dtype)
        layer.weights = store.keep(f"{name}.weights", kept, layer.weight_element, layer.weights)
    layer.weight_scale = store.keep(f"{name}.scale", scale, f32)
    return True


def only_use(op: Operation) -> Use | None:
    """The only use of the one result of an op; None if there is none or several."""
    uses = list(op.results[0].uses)
    return uses[0] if len(uses) == 1 else None


def values_of(parameter: Attribute) -> NDArray[np.float64]:
    """The values of a parameter."""
    from spatem_ir.weights.store import current_store

    return current_store().values(parameter).astype("float64")


def _scaled(weights: Attribute, scale: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weights [output channels, …] times a scale per channel, in float64, rounded to float32."""
    import numpy as np

    from spatem_ir.weights.store import current_store

    values = current_store().values(weights)
    factors = scale.reshape(-1, *(1,) * (values.ndim - 1))
    scaled = np.empty(values.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        np.multiply(values, factors, out=scaled, dtype=np.float64, casting="same_kind")
    return scaled


def kept(
    key: str, values: NDArray[np.floating[Any]], replaced: Attribute | None = None
) -> FileAttr:
    """A parameter with the values, rounded to float32, in the place of another one."""
    import numpy as np

    from spatem_ir.weights.store import current_store

    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32, copy=False)
    return current_store().keep(key, rounded, f32, replaced)
