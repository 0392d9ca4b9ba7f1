"""What all weight layers of the `cnn` dialect have in common.

They compute, per output channel n and window w,
``acc = Σ_k (x[w, k] − input zero point) · (weight[n, k] − weight zero point) + bias[n]`` in two's
complement, of 32 bits or of `sum_bits`, which wraps, and requantise it with
``M = float32(float32(input scale · weight scale) / output scale)``:

- by default (:attr:`Requantization.FLOAT32`) ``saturate(round_half_even(float32(acc) · M) + zero
  point)``, as onnxruntime does;
- with `requantize "fixed-point"` as integer-only hardware does, see
  :attr:`Requantization.FIXED_POINT`.

Codes saturate at the least and the greatest one of their type, or at those that `saturate` names.

A result of plain `si32` elements is the accumulator itself; one of float32 is
``float32(acc) · float32(input scale · weight scale)``, plus the bias if that is float32, for
digital operators that work on it before it is quantised.

Before quantisation a layer works on float32: its input and output are float32, its weights float32
or codes with a scale.  A bias of codes then counts in units of input scale · weight scale, of an
input that `cnn.dequantize` gives.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import cast

from xdsl.dialects.builtin import (
    DenseArrayBase,
    Float32Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    Signedness,
    StringAttr,
    SymbolNameConstraint,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Operation
from xdsl.irdl import (
    IRDLOperation,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import HasParent

from spatem_ir.dialects.checks import expect_shape, fail, finite, is_floating, shape_of
from spatem_ir.dialects.cnn.attributes import Quantization, WindowAttr, quantization_of
from spatem_ir.dialects.cnn.checks import (
    expect_parameter,
    expect_windows,
    float_or_quantized,
    inline_floats,
    quantized,
)
from spatem_ir.dialects.cnn.network import NetworkOp
from spatem_ir.dialects.cnn.parameters import PARAMETER, SCALE, parameter_type
from spatem_ir.dialects.cnn.syntax import Scale
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window

INTEGER = IntegerAttr.constr(i64)


class Requantization(StrEnum):
    """How sums become codes."""

    FLOAT32 = "f32-half-even"
    """The product with M in float32, rounded half to even."""

    FIXED_POINT = "fixed-point"
    """M as a 31-bit fraction and a shift: ``M ≈ m · 2^-(31 + shift)`` with m = round(M · 2^(31 +
    shift)) from 2^30 to 2^31 − 1; ``⌊acc · m / 2^(31 + shift) + ½⌋`` in exact integers."""


MAXIMUM_BITS = 16
"""Widest weights and activations: sums of their products are exact in float64."""

ACCUMULATOR_TYPE = IntegerType(32, Signedness.SIGNED)
"""The element type of accumulators and biases."""

SUM_BITS = 32
"""The width of a layer's sums unless `sum_bits` says otherwise."""

WIDEST_SUMS = 53
"""Sums of up to this many bits are exact in float64."""

FLOAT_CODE = Quantization(32, signed=True, scale=1.0, zero_point=0)
"""Stands for float32 in the geometry of a layer that is not quantised."""


def integer(value: int) -> IntegerAttr:
    """An i64 attribute."""
    return IntegerAttr(value, i64)


def verify_weight_scale(op: Operation, scale: Attribute, channels: int, what: str) -> None:
    """Check that the scale of weights, one or one for each channel, is a positive f32.

    `what` it is called in messages.
    """
    if isinstance(scale, FloatAttr):
        if finite(op, "weight_scale") <= 0:
            fail(op, f"has {what} {scale.value.data}; it must be positive")
        return
    expect_parameter(op, "scale", scale, (channels,))
    if not isinstance(parameter_type(scale).element_type, Float32Type):
        fail(op, f"has {what}s that are not of type f32")
    if any(each <= 0 for each in inline_floats(scale)):
        fail(op, f"has {what}s that are not positive")


def verify_mode(op: Operation, requantize: StringAttr) -> None:
    """Check that there is such a way in which sums become codes."""
    if requantize.data not in tuple(Requantization):
        modes = " or ".join(Requantization)
        fail(op, f"has requantize '{requantize.data}'; it must be {modes}")


class WeightLayerOp(IRDLOperation, ABC):
    """What all weight layers have: name, input, weights with their scale, bias, output."""

    sym_name = prop_def(SymbolNameConstraint())
    weights = prop_def(PARAMETER)
    weight_scale = opt_prop_def(SCALE)
    weight_zero_point = prop_def(INTEGER, default_value=integer(0))
    bias = opt_prop_def(PARAMETER)
    requantize = opt_prop_def(StringAttr)
    sum_bits = opt_prop_def(INTEGER)
    saturate = opt_prop_def(DenseArrayBase.constr(i64))
    input = operand_def(TensorType)
    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))

    custom_directives = (Scale,)

    @property
    @abstractmethod
    def layer(self) -> Layer:
        """The layer's geometry."""

    @property
    @abstractmethod
    def weight_shape(self) -> tuple[int, ...]:
        """The shape that the weights must have."""

    @property
    def weight_element(self) -> IntegerType:
        """The integer type of a weight of a quantised layer."""
        return cast("IntegerType", parameter_type(self.weights).element_type)

    @property
    def requantization(self) -> Requantization:
        """How the layer's sums become codes."""
        return Requantization(self.requantize.data if self.requantize else Requantization.FLOAT32)

    @property
    def accumulator_bits(self) -> int:
        """The width of the layer's sums, two's complement."""
        return self.sum_bits.value.data if self.sum_bits else SUM_BITS

    @property
    def saturation(self) -> tuple[int, int] | None:
        """The least and the greatest code of a result; None: those of its type."""
        if self.saturate is None:
            return None
        least, greatest = self.saturate.get_values()
        return int(least), int(greatest)

    @property
    def input_code(self) -> Quantization | None:
        """The code of the input, also of one that was just dequantised; None if there is none."""
        value, owner = self.input, self.input.owner
        if isinstance(owner, Operation) and owner.name == "cnn.dequantize":
            value = owner.operands[0]
        return quantization_of(value.type)

    @property
    def has_float_weights(self) -> bool:
        """Whether the weights are float32."""
        return isinstance(parameter_type(self.weights).element_type, Float32Type)

    def geometry(
        self, window: Window, groups: int = 1, region: tuple[int, int] | None = None
    ) -> Layer:
        """The layer's geometry, from its window and the types of its input and weights."""
        shape = shape_of(self.input)
        code = quantization_of(self.input.type) or FLOAT_CODE
        return Layer(
            name=self.sym_name.data,
            input_shape=shape if len(shape) == 3 else (shape[0], 1, 1),
            out_channels=shape_of(self.output)[0],
            window=window,
            groups=groups,
            region=region,
            input_bits=code.bits,
            input_signed=code.signed,
            weight_bits=FLOAT_CODE.bits
            if self.has_float_weights
            else self.weight_element.width.data,
        )

    def verify_(self) -> None:
        float_or_quantized(self, self.input, self.output)
        is_float = is_floating(self.input)
        if is_float and not is_floating(self.output):
            fail(self, "has a quantised result of a float32 input; insert cnn.quantize")
        if not is_float and quantized(self, self.input).bits > MAXIMUM_BITS:
            fail(self, f"has activations of more than {MAXIMUM_BITS} bits")
        if not (is_float and self.has_float_weights):
            self._verify_weight_codes(is_float)
        self.verify_geometry()
        expect_parameter(self, "weights", self.weights, self.weight_shape)
        self._verify_bias(is_float)
        self._verify_scale()
        self._verify_requantization()
        self._verify_sum_bits()
        self._verify_saturation()

    def _verify_weight_codes(self, is_float: bool) -> None:
        element = parameter_type(self.weights).element_type
        if not isinstance(element, IntegerType) or element.signedness.data is Signedness.SIGNLESS:
            kinds = f"{'float32, ' if is_float else ''}signed or unsigned integers"
            fail(self, f"has weights of type {element}; they must be {kinds}")
        if not 2 <= element.width.data <= MAXIMUM_BITS:
            fail(
                self, f"has weights of {element.width.data} bits; 2 to {MAXIMUM_BITS} are possible"
            )
        code, zero_point = quantization_of(element), self.weight_zero_point.value.data
        if code is None or not code.minimum <= zero_point <= code.maximum:
            fail(self, f"has weight zero point {zero_point}, which is no value of {element}")

    def _verify_bias(self, is_float: bool) -> None:
        if self.bias is None:
            return
        channels = self.layer.out_channels * (self.layer.matrices if self.layer.region else 1)
        expect_parameter(self, "bias", self.bias, (channels,))
        element = parameter_type(self.bias).element_type
        if is_floating(self.output) and isinstance(element, Float32Type):
            return
        if element != ACCUMULATOR_TYPE:
            kinds = "f32 or si32" if is_floating(self.output) else "si32"
            fail(self, f"has a bias that is not of type {kinds}")
        if is_float and (self.has_float_weights or self.input_code is None):
            fail(self, "has a bias of codes, so its weights and its input must be codes too")

    def _verify_scale(self) -> None:
        if self.has_float_weights:
            if self.weight_scale is not None or self.weight_zero_point.value.data:
                fail(self, "has weights of float32, which take no scale and no zero point")
        elif self.weight_scale is None:
            fail(self, "has weights of codes without a scale; add one, as in scale 0.5")
        else:
            verify_weight_scale(self, self.weight_scale, self.layer.out_channels, "weight scale")

    def _verify_requantization(self) -> None:
        if self.requantize is None:
            return
        verify_mode(self, self.requantize)
        if is_floating(self.output):
            fail(self, "has a float32 result, which is not requantised; leave requantize out")

    def _verify_sum_bits(self) -> None:
        if self.sum_bits is None:
            return
        if not SUM_BITS < self.sum_bits.value.data <= WIDEST_SUMS:
            fail(
                self,
                f"has sum_bits {self.sum_bits.value.data}; leave it out for {SUM_BITS}, or give "
                f"{SUM_BITS + 1} to {WIDEST_SUMS}",
            )
        if is_floating(self.input):
            fail(self, "works on float32, where sums have no width; leave sum_bits out")
        if cast("TensorType", self.output.type).element_type == ACCUMULATOR_TYPE:
            fail(self, f"gives its sums as they are, in {SUM_BITS} bits; leave sum_bits out")
        if self.requantization is Requantization.FIXED_POINT:
            fail(self, f"requantises sums of {SUM_BITS} bits in fixed point; leave sum_bits out")

    def _verify_saturation(self) -> None:
        if self.saturate is None:
            return
        code = quantization_of(self.output.type)
        if code is None or code.bits == ACCUMULATOR_TYPE.width.data:
            fail(self, "has a result that is not requantised; leave saturate out")
        limits = [int(limit) for limit in self.saturate.get_values()]
        if len(limits) != 2 or not code.minimum <= limits[0] <= limits[1] <= code.maximum:
            fail(
                self,
                f"has saturate {limits}; it must be two codes from {code.minimum} to "
                f"{code.maximum} in ascending order",
            )

    @abstractmethod
    def verify_geometry(self) -> None:
        """Check shapes, groups and regions."""

    def verify_windows(self) -> None:
        """Check that input and output are feature maps and that the windows give the output."""
        shape = shape_of(self.input)
        if len(shape) != 3 or len(shape_of(self.output)) != 3:
            fail(self, "works on feature maps of 3 dimensions: channels x height x width")
        expect_windows(self, self.layer.window, shape)
        expect_shape(self, self.output, (self.layer.out_channels, *self.layer.output_size))

    def verify_groups(self) -> None:
        """Check that the channel groups divide the channels."""
        layer = self.layer
        if layer.groups < 1 or layer.input_shape[0] % layer.groups:
            fail(self, f"has {layer.input_shape[0]} channels in {layer.groups} groups")
        if layer.out_channels % layer.groups:
            fail(self, f"has {layer.out_channels} output channels in {layer.groups} groups")

    def verify_region(self, region: WindowAttr) -> None:
        """Check that the regions of a locally connected layer tile its output."""
        height, width = region.data.kernel
        if region.data != Window((height, width)):
            fail(self, "has a region with strides, pads or dilations; it is a size alone")
        if self.layer.groups > 1:
            fail(self, "has both groups and regions")
        if any(self.layer.window.chosen):
            fail(self, "has regions, and rows or columns of windows; it has all that fit")
        rows, columns = self.layer.output_size
        if rows % height or columns % width:
            fail(self, f"has regions of {height}x{width} that do not tile {rows}x{columns}")


def weight_properties(
    sym_name: str,
    weights: Attribute,
    weight_scale: Attribute | None,
    weight_zero_point: int = 0,
    bias: Attribute | None = None,
) -> dict[str, Attribute | None]:
    """The properties that all weight layers have."""
    return {
        "sym_name": StringAttr(sym_name),
        "weights": weights,
        "weight_scale": weight_scale,
        "weight_zero_point": integer(weight_zero_point),
        "bias": bias,
    }


WEIGHTS_FORMAT = (
    "`weights` $weights custom<Scale>($weight_scale) "
    "(`zero_point` $weight_zero_point^)? (`bias` $bias^)? (`requantize` $requantize^)? "
    "(`sum_bits` $sum_bits^)? "
    "(`saturate` $saturate^)? "
)
"""The part of the syntax that all weight layers share."""

TYPES_FORMAT = "attr-dict `:` type($input) `->` type($output)"
