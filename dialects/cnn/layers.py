"""The weight layers of the `cnn` dialect: convolutions, locally connected and dense layers."""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import fail, shape_of
from spatem_ir.dialects.cnn.attributes import WindowAttr
from spatem_ir.dialects.cnn.weight_layers import (
    INTEGER,
    TYPES_FORMAT,
    WEIGHTS_FORMAT,
    WeightLayerOp,
    integer,
)
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window


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
