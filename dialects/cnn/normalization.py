"""Normalisations of the `cnn` dialect: over the batch, over channels, and softmax."""

from __future__ import annotations

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, f32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import fail, finite, is_floating, shape_of
from spatem_ir.dialects.cnn.attributes import CHANNEL_PARAMETER, REAL
from spatem_ir.dialects.cnn.checks import inline_floats
from spatem_ir.dialects.cnn.digital import UnaryDigitalOp
from spatem_ir.dialects.cnn.elementwise import expect_channel_parameter
from spatem_ir.dialects.cnn.syntax import Real

INTEGER = IntegerAttr.constr(i64)


@irdl_op_definition
class BatchNormOp(UnaryDigitalOp):
    """(x − mean[c]) / √(variance[c] + epsilon) · scale[c] + shift[c], on float32.

    The parameters are float32 with one element per channel.  The pass `fold-batch-norm` removes it.
    """

    name = "cnn.batch_norm"

    scale = prop_def(CHANNEL_PARAMETER)
    shift = prop_def(CHANNEL_PARAMETER)
    mean = prop_def(CHANNEL_PARAMETER)
    variance = prop_def(CHANNEL_PARAMETER)
    epsilon = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `scale` $scale `shift` $shift `mean` $mean `variance` $variance "
        "`epsilon` custom<Real>($epsilon) attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        scale: Attribute,
        shift: Attribute,
        mean: Attribute,
        variance: Attribute,
        epsilon: float,
    ):
        properties: dict[str, Attribute | None] = {
            "scale": scale,
            "shift": shift,
            "mean": mean,
            "variance": variance,
            "epsilon": FloatAttr(epsilon, f32),
        }
        super().__init__(sym_name, input, properties=properties)

    def verify_(self) -> None:
        super().verify_()
        if not is_floating(self.input):
            fail(self, f"works on float32, not on {self.input.type}; run fold-batch-norm first")
        for what in ("scale", "shift", "mean", "variance"):
            expect_channel_parameter(self, what, self.properties[what])
        if any(value < 0 for value in inline_floats(self.variance)):
            fail(self, "has a negative variance")
        if finite(self, "epsilon") < 0:
            fail(self, f"has epsilon {self.epsilon.value.data}; it must not be negative")


@irdl_op_definition
class LrnOp(UnaryDigitalOp):
    """Local response normalisation across channels (Krizhevsky et al., 2012, section 3.3).

    ``x / (bias + alpha / size · Σ x²)^beta``, the sum over the `size` channels around each one,
    from ⌊(size − 1) / 2⌋ before it to ⌈(size − 1) / 2⌉ after it.
    """

    name = "cnn.lrn"

    size = prop_def(INTEGER)
    alpha = prop_def(REAL)
    beta = prop_def(REAL)
    bias = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `size` $size `alpha` custom<Real>($alpha) `beta` custom<Real>($beta) "
        "`bias` custom<Real>($bias) attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        size: int,
        alpha: float,
        beta: float,
        bias: float,
        output: Attribute | None = None,
    ):
        reals = {"alpha": alpha, "beta": beta, "bias": bias}
        properties: dict[str, Attribute | None] = {
            "size": IntegerAttr(size, i64),
            **{name: FloatAttr(value, f32) for name, value in reals.items()},
        }
        super().__init__(sym_name, input, output, properties)

    def verify_(self) -> None:
        super().verify_()
        if self.size.value.data < 1:
            fail(self, f"has size {self.size.value.data}; it must be at least 1")
        finite(self, "beta")
        if finite(self, "alpha") < 0:
            fail(self, f"has alpha {self.alpha.value.data}; it must not be negative")
        if finite(self, "bias") <= 0:
            fail(self, f"has bias {self.bias.value.data}; it must be positive")


@irdl_op_definition
class SoftmaxOp(UnaryDigitalOp):
    """exp(x) / Σ exp(x), the sum along one dimension: by default the first, the channels."""

    name = "cnn.softmax"

    axis = prop_def(INTEGER, default_value=IntegerAttr(0, i64))

    assembly_format = (
        "$sym_name $input (`axis` $axis^)? attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(
        self, sym_name: str, input: SSAValue, axis: int = 0, output: Attribute | None = None
    ):
        super().__init__(sym_name, input, output, {"axis": IntegerAttr(axis, i64)})

    def verify_(self) -> None:
        super().verify_()
        dimensions = len(shape_of(self.input))
        if not 0 <= self.axis.value.data < dimensions:
            fail(self, f"has axis {self.axis.value.data} of {dimensions} dimensions")
