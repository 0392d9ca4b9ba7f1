"""What the operators of a network have in common: digital operators, and views.

A digital operator works on float32: operands that are quantised are dequantised, and a quantised
result is ``saturate(round_half_even(f(x) / scale) + zero point)``.  Some operators round otherwise
where all tensors are quantised; their documentation says how.  Codes saturate at the least and the
greatest one of their type, or at those that `saturate` names.

What the compiler must know of an operator it asks the op: the unit that works on it, what it reads,
whether it commutes with quantisation, whether it does anything.  Each operator is a file of its own
in :mod:`spatem_ir.operators`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import (
    DenseArrayBase,
    Float32Type,
    FloatAttr,
    StringAttr,
    SymbolNameConstraint,
    TensorType,
    f32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import HasParent, OpTrait

from spatem_ir.dialects.checks import expect_shape, fail, feature_map, finite, shape_of
from spatem_ir.dialects.cnn.attributes import Quantization, WindowAttr, quantization_of
from spatem_ir.dialects.cnn.checks import (
    expect_parameter,
    expect_windows,
    float_or_quantized,
)
from spatem_ir.dialects.cnn.network import NetworkOp
from spatem_ir.dialects.cnn.parameters import parameter_type
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.shapes.reach import Reach

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class CommutesWithQuantization(OpTrait):
    """On codes the op gives the codes of what it gives on real numbers.

    Its operands and its result have the same quantisation.
    """


class StaysFloatAtEnd(OpTrait):
    """At the end of a network the op is not quantised: it stays float32, on the host."""


class DependsOnPosition(OpTrait):
    """What the op computes differs from position to position: none of its results can be left out.

    Any other digital operator computes the same at all positions: results that nobody reads are
    left out by making its operands and its result smaller, or by choosing among its windows.
    """


class SaturatesResult(OpTrait):
    """The op's codes can saturate within others than those of the result's type.

    The attribute `saturate` is the least and the greatest one: ``{saturate = array<i64: 0, 6>}``.
    """

    def verify(self, op: Operation) -> None:
        attribute = op.attributes.get(SATURATE)
        if attribute is None:
            return
        code = quantization_of(op.results[0].type)
        if code is None:
            fail(op, "has a result of float32; leave saturate out")
        if not isinstance(attribute, DenseArrayBase):
            fail(op, "has a saturate that is no array<i64: least, greatest>")
        limits = list(attribute.get_values())
        if len(limits) != 2 or not code.minimum <= limits[0] <= limits[1] <= code.maximum:
            fail(
                op,
                f"has saturate {limits}; it must be two codes from {code.minimum} to "
                f"{code.maximum} in ascending order",
            )


SATURATE = "saturate"
"""The attribute of :class:`SaturatesResult`."""


class OperatorOp(IRDLOperation):
    """An operator with one result, which is no weight layer."""

    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))

    @property
    def does_nothing(self) -> bool:
        """Whether the result is the first operand."""
        return False

    def has_constants_among(self, code: Quantization) -> bool:
        """Whether the op's constants are real values of codes.

        Asked of ops that commute with quantisation, which they do under this condition only.
        """
        return True


class ViewOp(OperatorOp):
    """An operator that renames the elements of its operands: no unit works on it, it costs nothing.

    Operands and result have the same quantisation.
    """

    traits = traits_def(CommutesWithQuantization())

    def element_order(self) -> NDArray[np.int64] | None:
        """Which element each element of the result is, row-major order.

        Elements are counted through the operands, one operand after the other.  None: they keep
        their order.
        """
        return None


class UnaryViewOp(ViewOp):
    """A view of one tensor, without a name."""

    input = operand_def(TensorType)

    assembly_format = "$input attr-dict `:` type($input) `->` type($output)"

    def __init__(self, input: SSAValue, output: TensorType):
        super().__init__(operands=[input], result_types=[output])


class DigitalOp(OperatorOp):
    """An operator of the digital units, with a name."""

    sym_name = prop_def(SymbolNameConstraint())

    traits = traits_def(SaturatesResult())

    @property
    def saturation(self) -> tuple[int, int] | None:
        """The codes within which the result saturates; None if they are those of its type."""
        attribute = self.attributes.get(SATURATE)
        if not isinstance(attribute, DenseArrayBase):
            return None
        least, greatest = attribute.get_values()
        return int(least), int(greatest)

    def saturate(self, least: int, greatest: int) -> None:
        """Let the result saturate within two codes."""
        self.attributes[SATURATE] = DenseArrayBase.from_list(i64, [least, greatest])

    @property
    def unit(self) -> NodeKind:
        """The kind of unit of the home PE that works on it: for activations, or for poolings."""
        return NodeKind.ACTIVATE

    @property
    def is_elementwise(self) -> bool:
        """Whether every element of the result is the same function of one element of each operand.

        By default, if :meth:`reaches` says so; not if the function depends on the channel.
        """
        return type(self).reaches is DigitalOp.reaches

    def reaches(self) -> tuple[Reach, ...]:
        """What the result reads of each operand, as feature maps; by default, elements."""
        result = feature_map(self.output)
        return tuple(Reach.of_elements(feature_map(value), result) for value in self.operands)


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
        float_or_quantized(self, self.input, self.output)
        expect_shape(self, self.output, shape_of(self.input))

    def expect_channel_parameter(self, what: str, parameter: Attribute) -> None:
        """Check that a parameter has one float32 for each channel of the operand."""
        tensor, channels = parameter_type(parameter), shape_of(self.input)[0]
        if tensor.get_shape() != (channels,) or not isinstance(tensor.element_type, Float32Type):
            fail(self, f"has {what} of type {tensor}; it must be tensor<{channels}xf32>")
        expect_parameter(self, what, parameter, (channels,))


class FunctionOp(UnaryDigitalOp):
    """A function of each element with further numbers, float32 properties of the op."""

    def __init__(
        self, sym_name: str, input: SSAValue, output: Attribute | None = None, **numbers: float
    ):
        properties = {name: FloatAttr(number, f32) for name, number in numbers.items()}
        super().__init__(sym_name, input, output, {**properties})

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers, by their names."""
        return {
            name: attribute.value.data
            for name, attribute in self.properties.items()
            if isinstance(attribute, FloatAttr)
        }

    def verify_(self) -> None:
        super().verify_()
        for name in self.numbers:
            finite(self, name)


class ElementwiseOp(DigitalOp):
    """A digital operator on the elements of several tensors of equal rank.

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
        float_or_quantized(self, *self.inputs, self.output)
        shapes = [shape_of(value) for value in self.inputs]
        if len({len(shape) for shape in shapes}) > 1:
            fail(self, "has operands of different rank")
        result = tuple(max(extents) for extents in zip(*shapes, strict=True))
        for shape in shapes:
            if any(own not in (1, wanted) for own, wanted in zip(shape, result, strict=True)):
                text = " and ".join("x".join(map(str, shape)) for shape in shapes)
                fail(self, f"has operands of shapes {text}, which do not fit together")
        expect_shape(self, self.output, result)


class PoolOp(UnaryDigitalOp):
    """A pooling over windows, channel by channel."""

    window = prop_def(WindowAttr)

    assembly_format = "$sym_name $input $window attr-dict `:` type($input) `->` type($output)"

    def __init__(self, sym_name: str, input: SSAValue, window: WindowAttr, output: TensorType):
        super().__init__(sym_name, input, output, {"window": window})

    @property
    def unit(self) -> NodeKind:
        return NodeKind.POOL

    def reaches(self) -> tuple[Reach, ...]:
        return (Reach.of_window(feature_map(self.input), self.window.data),)

    def verify_(self) -> None:
        float_or_quantized(self, self.input, self.output)
        shape = shape_of(self.input)
        if len(shape) != 3:
            fail(self, f"pools a feature map of 3 dimensions, not {len(shape)}")
        expect_windows(self, self.window.data, shape)
        rows, columns = self.window.data.output_size(shape[1], shape[2])
        expect_shape(self, self.output, (shape[0], rows, columns))
        if self.window.data.padding_alone(shape[1], shape[2]):
            fail(self, "has a window of padding alone; make the pads smaller")
