"""What the digital operators of the `cnn` dialect have in common, and the poolings.

A digital operator works on float32 or on quantised tensors.  On quantised ones its result is that
of the float32 operator on the dequantised operands, quantised again,
``saturate(round_half_even(f(x) / scale) + zero point)``, unless its documentation says otherwise.
"""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr, SymbolNameConstraint, TensorType, UnitAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import HasParent

from spatem_ir.dialects.checks import expect_shape, fail, shape_of
from spatem_ir.dialects.cnn.attributes import WindowAttr
from spatem_ir.dialects.cnn.checks import all_floating, same_quantization
from spatem_ir.dialects.cnn.network import NetworkOp
from spatem_ir.geometry.shapes.window import Window


class DigitalOp(IRDLOperation):
    """An operator of the digital units, with a name and one result."""

    sym_name = prop_def(SymbolNameConstraint())
    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))


class UnaryDigitalOp(DigitalOp):
    """A digital operator with one operand; by default its result has the operand's shape."""

    input = operand_def(TensorType)

    assembly_format = "$sym_name $input attr-dict `:` type($input) `->` type($output)"

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        output: Attribute | None = None,
        properties: dict[str, Attribute | None] | None = None,
    ):
        super().__init__(
            operands=[input],
            result_types=[input.type if output is None else output],
            properties={"sym_name": StringAttr(sym_name), **(properties or {})},
        )

    def verify_(self) -> None:
        all_floating(self, self.input, self.output)
        expect_shape(self, self.output, shape_of(self.input))


class PoolOp(UnaryDigitalOp):
    """A pooling over windows, channel by channel."""

    window = prop_def(WindowAttr)

    assembly_format = "$sym_name $input $window attr-dict `:` type($input) `->` type($output)"

    def __init__(self, sym_name: str, input: SSAValue, window: WindowAttr, output: TensorType):
        super().__init__(sym_name, input, output, {"window": window})

    def verify_(self) -> None:
        all_floating(self, self.input, self.output)
        shape = shape_of(self.input)
        if len(shape) != 3:
            fail(self, f"pools a feature map of 3 dimensions, not {len(shape)}")
        rows, columns = self.window.data.output_size(shape[1], shape[2])
        expect_shape(self, self.output, (shape[0], rows, columns))
        if self.window.data.padding_alone(shape[1], shape[2]):
            fail(self, "has a window of padding alone; make the pads smaller")


@irdl_op_definition
class MaxPoolOp(PoolOp):
    """Largest value of each window; input and output have the same quantisation."""

    name = "cnn.max_pool"

    def verify_(self) -> None:
        super().verify_()
        same_quantization(self, self.input, self.output)


@irdl_op_definition
class AveragePoolOp(PoolOp):
    """Mean of each window.

    On quantised tensors the mean is rounded after adding the output's zero point.  Padded
    activations count as zeros only with `count_include_pad`.
    """

    name = "cnn.average_pool"

    count_include_pad = opt_prop_def(UnitAttr)

    assembly_format = (
        "$sym_name $input $window (`count_include_pad` $count_include_pad^)? "
        "attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        window: WindowAttr,
        output: TensorType,
        *,
        count_include_pad: bool = False,
    ):
        super().__init__(sym_name, input, window, output)
        if count_include_pad:
            self.count_include_pad = UnitAttr()


@irdl_op_definition
class GlobalAveragePoolOp(PoolOp):
    """Mean of each channel.

    On quantised tensors it rounds before it adds the zero point, `cnn.average_pool` after, as
    onnxruntime does.
    """

    name = "cnn.global_average_pool"

    def verify_(self) -> None:
        super().verify_()
        _, height, width = shape_of(self.input)
        if self.window.data != Window((height, width)):
            fail(self, "has a window that is not the whole feature map")
