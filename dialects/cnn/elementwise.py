"""Element-wise operators of the `cnn` dialect."""

from __future__ import annotations

from xdsl.dialects.builtin import Float32Type, FloatAttr, StringAttr, TensorType, f32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    var_operand_def,
)

from spatem_ir.dialects.checks import expect_shape, fail, finite, shape_of
from spatem_ir.dialects.cnn.attributes import CHANNEL_PARAMETER, REAL, parameter_type
from spatem_ir.dialects.cnn.checks import all_floating, expect_parameter, same_quantization
from spatem_ir.dialects.cnn.digital import DigitalOp, UnaryDigitalOp
from spatem_ir.dialects.cnn.syntax import Bounds, Real


@irdl_op_definition
class ReluOp(UnaryDigitalOp):
    """max(x, 0); input and output have the same quantisation."""

    name = "cnn.relu"

    def __init__(self, sym_name: str, input: SSAValue):
        super().__init__(sym_name, input)

    def verify_(self) -> None:
        super().verify_()
        same_quantization(self, self.input, self.output)


@irdl_op_definition
class ClipOp(UnaryDigitalOp):
    """min(max(x, lowest), highest); input and output have the same quantisation.

    `cnn.clip @six %x from 0.0 to 6.0 : …`; a missing bound is no bound.
    """

    name = "cnn.clip"

    lowest = opt_prop_def(REAL)
    highest = opt_prop_def(REAL)

    custom_directives = (Bounds,)
    assembly_format = (
        "$sym_name $input custom<Bounds>($lowest, $highest) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(self, sym_name: str, input: SSAValue, lowest: float | None, highest: float | None):
        bounds = {
            name: FloatAttr(bound, f32)
            for name, bound in (("lowest", lowest), ("highest", highest))
            if bound is not None
        }
        super().__init__(sym_name, input, properties={**bounds})

    def verify_(self) -> None:
        super().verify_()
        same_quantization(self, self.input, self.output)
        bounds = [finite(self, name) for name in ("lowest", "highest") if name in self.properties]
        if bounds != sorted(bounds):
            fail(self, "has a lowest value of {} above its highest of {}".format(*bounds))


@irdl_op_definition
class LeakyReluOp(UnaryDigitalOp):
    """x where x ≥ 0, slope · x elsewhere: `cnn.leaky_relu @leaky %x slope 0.01 : …`."""

    name = "cnn.leaky_relu"

    slope = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `slope` custom<Real>($slope) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(
        self, sym_name: str, input: SSAValue, slope: float, output: Attribute | None = None
    ):
        super().__init__(sym_name, input, output, {"slope": FloatAttr(slope, f32)})

    def verify_(self) -> None:
        super().verify_()
        finite(self, "slope")


@irdl_op_definition
class SigmoidOp(UnaryDigitalOp):
    """1 / (1 + exp(−x))."""

    name = "cnn.sigmoid"


@irdl_op_definition
class IdentityOp(UnaryDigitalOp):
    """x, unchanged: Identity, and Dropout when it does not train; see `remove-identities`."""

    name = "cnn.identity"

    def verify_(self) -> None:
        super().verify_()
        same_quantization(self, self.input, self.output)


@irdl_op_definition
class AffineOp(UnaryDigitalOp):
    """x · scale[c] + shift[c] for each channel c (the first dimension), in float32.

    `cnn.affine @norm %x scale #… shift #… : …`; scale and shift are float32 parameters with one
    element per channel.  What a batch normalisation becomes that cannot be folded into a layer.
    """

    name = "cnn.affine"

    scale = prop_def(CHANNEL_PARAMETER)
    shift = prop_def(CHANNEL_PARAMETER)

    assembly_format = (
        "$sym_name $input `scale` $scale `shift` $shift attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        scale: Attribute,
        shift: Attribute,
        output: Attribute | None = None,
    ):
        super().__init__(sym_name, input, output, {"scale": scale, "shift": shift})

    def verify_(self) -> None:
        super().verify_()
        for what, parameter in (("scale", self.scale), ("shift", self.shift)):
            expect_channel_parameter(self, what, parameter)


def expect_channel_parameter(op: UnaryDigitalOp, what: str, parameter: Attribute) -> None:
    """Check that a parameter has one float32 for each channel of the operand."""
    tensor, channels = parameter_type(parameter), shape_of(op.input)[0]
    if tensor.get_shape() != (channels,) or not isinstance(tensor.element_type, Float32Type):
        fail(op, f"has {what} of type {tensor}; it must be tensor<{channels}xf32>")
    expect_parameter(op, what, parameter, (channels,))


class ElementwiseOp(DigitalOp):
    """An operator on the elements of several tensors of equal rank.

    An extent of 1 is repeated, as in numpy's broadcasting.
    """

    inputs = var_operand_def(TensorType)

    assembly_format = "$sym_name $inputs attr-dict `:` type($inputs) `->` type($output)"

    def __init__(self, sym_name: str, inputs: list[SSAValue], output: Attribute):
        super().__init__(
            operands=[inputs],
            result_types=[output],
            properties={"sym_name": StringAttr(sym_name)},
        )

    def verify_(self) -> None:
        if not self.inputs:
            fail(self, "has no operand")
        all_floating(self, *self.inputs, self.output)
        shapes = [shape_of(value) for value in self.inputs]
        if len({len(shape) for shape in shapes}) > 1:
            fail(self, "has operands of different rank")
        result = tuple(max(extents) for extents in zip(*shapes, strict=True))
        for shape in shapes:
            if any(own not in (1, wanted) for own, wanted in zip(shape, result, strict=True)):
                text = " and ".join("x".join(map(str, shape)) for shape in shapes)
                fail(self, f"has operands of shapes {text}, which do not fit together")
        expect_shape(self, self.output, result)


@irdl_op_definition
class AddOp(ElementwiseOp):
    """The sum of all operands, added in float32 one after the other."""

    name = "cnn.add"


@irdl_op_definition
class MulOp(ElementwiseOp):
    """The product of two tensors.

    On quantised tensors ``round_half_even(float32((a − za) · (b − zb)) ·
    float32(float32(sa · sb) / s) + z)``, as onnxruntime's QLinearMul.
    """

    name = "cnn.mul"

    def verify_(self) -> None:
        super().verify_()
        if len(self.inputs) != 2:
            fail(self, f"multiplies two tensors, not {len(self.inputs)}")
