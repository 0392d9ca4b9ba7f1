"""Weight layers of the `cnn` dialect: convolution, locally connected, dense.

All compute, per output channel n and window w,
``acc = Σ_k (x[w, k] − input zero point) · (weight[n, k] − weight zero point) + bias[n]`` in
wrapping int32, and requantise it: ``saturate(round_half_even(float32(acc) · M) + zero point)`` with
``M = float32(float32(input scale · weight scale) / output scale)``, as onnxruntime does.  A result
of plain `si32` elements is the accumulator itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import cast

from xdsl.dialects.builtin import (
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
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.traits import HasParent, OpTrait

from spatem_ir.dialects.checks import expect_shape, fail, quantized, shape_of
from spatem_ir.dialects.cnn_attributes import (
    PARAMETER,
    SCALE,
    Scale,
    WindowAttr,
    parameter_type,
    quantization_of,
)
from spatem_ir.geometry.layer import Layer
from spatem_ir.geometry.window import Window

INTEGER = IntegerAttr.constr(i64)
MAXIMUM_BITS = 16
"""Widest weights and activations: sums of their products are exact in float64."""


def integer(value: int) -> IntegerAttr:
    """An i64 attribute."""
    return IntegerAttr(value, i64)


def _stands_in_a_network() -> tuple[OpTrait, ...]:
    from spatem_ir.dialects.cnn import NetworkOp

    return (HasParent(NetworkOp),)


class WeightLayerOp(IRDLOperation, ABC):
    """What all weight layers have: name, input, weights with their scale, bias, output."""

    sym_name = prop_def(SymbolNameConstraint())
    weights = prop_def(PARAMETER)
    weight_scale = prop_def(SCALE)
    weight_zero_point = prop_def(INTEGER, default_value=integer(0))
    bias = opt_prop_def(PARAMETER)
    input = operand_def(TensorType)
    output = result_def(TensorType)

    traits = lazy_traits_def(_stands_in_a_network)

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
        """The integer type of a weight."""
        return cast("IntegerType", parameter_type(self.weights).element_type)

    def geometry(
        self, window: Window, groups: int = 1, region: tuple[int, int] | None = None
    ) -> Layer:
        """The layer's geometry, from its window and the types of its input and weights."""
        shape = shape_of(self.input)
        code = quantized(self, self.input)
        return Layer(
            name=self.sym_name.data,
            input_shape=shape if len(shape) == 3 else (shape[0], 1, 1),
            out_channels=shape_of(self.output)[0],
            window=window,
            groups=groups,
            region=region,
            input_bits=code.bits,
            input_signed=code.signed,
            weight_bits=self.weight_element.width.data,
        )

    def verify_(self) -> None:
        if quantized(self, self.input).bits > MAXIMUM_BITS:
            fail(self, f"has activations of more than {MAXIMUM_BITS} bits")
        quantized(self, self.output)
        element = parameter_type(self.weights).element_type
        if not isinstance(element, IntegerType) or element.signedness.data is Signedness.SIGNLESS:
            fail(self, f"has weights of type {element}; they must be signed or unsigned integers")
        if not 2 <= element.width.data <= MAXIMUM_BITS:
            fail(
                self, f"has weights of {element.width.data} bits; 2 to {MAXIMUM_BITS} are possible"
            )
        code, zero_point = quantization_of(element), self.weight_zero_point.value.data
        if code is None or not code.minimum <= zero_point <= code.maximum:
            fail(self, f"has weight zero point {zero_point}, which is no value of {element}")
        self.verify_geometry()
        self._expect_parameter("weights", self.weights, self.weight_shape)
        channels = self.layer.out_channels * (self.layer.matrices if self.layer.region else 1)
        if self.bias is not None:
            self._expect_parameter("bias", self.bias, (channels,))
            if parameter_type(self.bias).element_type != IntegerType(32, Signedness.SIGNED):
                fail(self, "has a bias that is not of type si32")
        if isinstance(self.weight_scale, FloatAttr):
            if not self.weight_scale.value.data > 0:
                fail(self, f"has weight scale {self.weight_scale.value.data}; it must be positive")
        else:
            self._expect_parameter("scale", self.weight_scale, (self.layer.out_channels,))
            if not isinstance(parameter_type(self.weight_scale).element_type, Float32Type):
                fail(self, "has weight scales that are not of type f32")

    @abstractmethod
    def verify_geometry(self) -> None:
        """Check shapes, groups and regions."""

    def _expect_parameter(self, what: str, parameter: Attribute, shape: tuple[int, ...]) -> None:
        got = parameter_type(parameter).get_shape()
        if got != shape:
            texts = ("x".join(map(str, s)) for s in (got, shape))
            fail(self, "has {} of shape {}, its types give {}".format(what, *texts))

    def verify_windows(self) -> None:
        """Check that input and output are feature maps and that the windows give the output."""
        shape = shape_of(self.input)
        if len(shape) != 3 or len(shape_of(self.output)) != 3:
            fail(self, "works on feature maps of 3 dimensions: channels x height x width")
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
        rows, columns = self.layer.output_size
        if rows % height or columns % width:
            fail(self, f"has regions of {height}x{width} that do not tile {rows}x{columns}")


def weight_properties(
    sym_name: str,
    weights: Attribute,
    weight_scale: Attribute,
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
    "`weights` $weights `scale` custom<Scale>($weight_scale) "
    "(`zero_point` $weight_zero_point^)? (`bias` $bias^)? "
)
"""The part of the syntax that all weight layers share."""

TYPES_FORMAT = "attr-dict `:` type($input) `->` type($output)"


@irdl_op_definition
class ConvOp(WeightLayerOp):
    """A two-dimensional convolution.

    Weights have shape [output channels, input channels / groups, kernel height, kernel width].
    """

    name = "cnn.conv"

    window = prop_def(WindowAttr)
    groups = prop_def(INTEGER, default_value=integer(1))

    assembly_format = (
        "$sym_name $input $window (`groups` $groups^)? " + WEIGHTS_FORMAT + TYPES_FORMAT
    )

    def __init__(
        self,
        input: SSAValue,
        output: TensorType,
        window: Window,
        properties: dict[str, Attribute | None],
        groups: int = 1,
    ):
        more = {"window": WindowAttr(window), "groups": integer(groups)}
        super().__init__(operands=[input], result_types=[output], properties={**properties, **more})

    @property
    def layer(self) -> Layer:
        return self.geometry(self.window.data, self.groups.value.data)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        layer = self.layer
        channels = layer.input_shape[0] // layer.groups
        return (layer.out_channels, channels, *layer.window.kernel)

    def verify_geometry(self) -> None:
        self.verify_groups()
        self.verify_windows()


@irdl_op_definition
class LocalOp(WeightLayerOp):
    """A locally connected layer: a convolution whose weights differ from region to region.

    The output is tiled by regions of `region` positions (1x1: every position has its own weights),
    in raster order.  Weights have shape [regions, output channels, input channels, kernel height,
    kernel width], the bias [regions · output channels].
    """

    name = "cnn.local"

    window = prop_def(WindowAttr)
    region = prop_def(WindowAttr)

    assembly_format = "$sym_name $input $window `region` $region " + WEIGHTS_FORMAT + TYPES_FORMAT

    def __init__(
        self,
        input: SSAValue,
        output: TensorType,
        window: Window,
        region: tuple[int, int],
        properties: dict[str, Attribute | None],
    ):
        more = {"window": WindowAttr(window), "region": WindowAttr(Window(region))}
        super().__init__(operands=[input], result_types=[output], properties={**properties, **more})

    @property
    def layer(self) -> Layer:
        return self.geometry(self.window.data, region=self.region.data.kernel)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        layer = self.layer
        return (layer.matrices, layer.out_channels, layer.input_shape[0], *layer.window.kernel)

    def verify_geometry(self) -> None:
        self.verify_windows()
        self.verify_region(self.region)


@irdl_op_definition
class DenseOp(WeightLayerOp):
    """A fully connected layer on a flat tensor; weights have shape [outputs, inputs]."""

    name = "cnn.dense"

    assembly_format = "$sym_name $input " + WEIGHTS_FORMAT + TYPES_FORMAT

    def __init__(
        self, input: SSAValue, output: TensorType, properties: dict[str, Attribute | None]
    ):
        super().__init__(operands=[input], result_types=[output], properties=properties)

    @property
    def layer(self) -> Layer:
        return self.geometry(Window((1, 1)))

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return shape_of(self.output)[0], prod(shape_of(self.input))

    def verify_geometry(self) -> None:
        if len(shape_of(self.input)) != 1 or len(shape_of(self.output)) != 1:
            fail(self, "works on flat tensors; insert cnn.flatten")
