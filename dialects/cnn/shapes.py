"""Operators of the `cnn` dialect that move elements: views, which cost nothing, and padding."""

from __future__ import annotations

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, TensorType, f32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import HasParent

from spatem_ir.dialects.checks import elements_of, expect_shape, fail, finite, shape_of
from spatem_ir.dialects.cnn.attributes import REAL
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.digital import UnaryDigitalOp
from spatem_ir.dialects.cnn.network import NetworkOp
from spatem_ir.dialects.cnn.syntax import Real

INTEGERS = DenseArrayBase.constr(i64)


class UnaryOp(IRDLOperation):
    """An operator with one input and one output and no name: no unit of the machine works on it."""

    input = operand_def(TensorType)
    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))

    assembly_format = "$input attr-dict `:` type($input) `->` type($output)"

    def __init__(self, input: SSAValue, output: TensorType):
        super().__init__(operands=[input], result_types=[output])


@irdl_op_definition
class FlattenOp(UnaryOp):
    """The same elements in row-major order under another shape; costs nothing."""

    name = "cnn.flatten"

    def __init__(self, input: SSAValue, shape: tuple[int, ...] | None = None):
        assert isinstance(input.type, TensorType)
        super().__init__(input, TensorType(input.type.element_type, shape or [elements_of(input)]))

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        if elements_of(self.input) != elements_of(self.output):
            fail(self, "changes the number of elements")


@irdl_op_definition
class TransposeOp(UnaryOp):
    """The same elements with permuted dimensions; costs nothing.

    Dimension i of the result is dimension `permutation[i]` of the operand:
    `cnn.transpose %x [1, 0, 2, 3] : …`.
    """

    name = "cnn.transpose"

    permutation = prop_def(INTEGERS)

    assembly_format = "$input $permutation attr-dict `:` type($input) `->` type($output)"

    def __init__(self, input: SSAValue, permutation: tuple[int, ...]):
        assert isinstance(input.type, TensorType)
        shape = [shape_of(input)[dimension] for dimension in permutation]
        IRDLOperation.__init__(
            self,
            operands=[input],
            result_types=[TensorType(input.type.element_type, shape)],
            properties={"permutation": DenseArrayBase.from_list(i64, permutation)},
        )

    @property
    def order(self) -> tuple[int, ...]:
        """The permutation as numbers."""
        return tuple(int(value) for value in self.permutation.get_values())

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        shape, order = shape_of(self.input), self.order
        if sorted(order) != list(range(len(shape))):
            fail(self, f"has {list(order)}, which is no permutation of {len(shape)} dimensions")
        expect_shape(self, self.output, tuple(shape[dimension] for dimension in order))


@irdl_op_definition
class ConcatOp(IRDLOperation):
    """Joins tensors along their first dimension (channels or features); costs nothing.

    All inputs and the output have the same quantisation.
    """

    name = "cnn.concat"

    inputs = var_operand_def(TensorType)
    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))

    assembly_format = "$inputs attr-dict `:` type($inputs) `->` type($output)"

    def __init__(self, inputs: list[SSAValue], output: TensorType):
        super().__init__(operands=[inputs], result_types=[output])

    def verify_(self) -> None:
        if not self.inputs:
            fail(self, "joins at least one tensor")
        for value in self.inputs:
            same_quantization(self, value, self.output)
            if shape_of(value)[1:] != shape_of(self.output)[1:]:
                fail(self, "joins tensors that differ behind their first dimension")
        first = sum(shape_of(value)[0] for value in self.inputs)
        expect_shape(self, self.output, (first, *shape_of(self.output)[1:]))


@irdl_op_definition
class PadOp(UnaryDigitalOp):
    """Surrounds a tensor with a constant.

    `cnn.pad @p %x before [0, 1, 1] after [0, 2, 2] value 0.0 : …`: the number of added elements of
    each dimension, before and after it; `value` is quantised where the tensors are.  Input and
    output have the same quantisation.
    """

    name = "cnn.pad"

    before = prop_def(INTEGERS)
    after = prop_def(INTEGERS)
    value = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `before` $before `after` $after `value` custom<Real>($value) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        before: tuple[int, ...],
        after: tuple[int, ...],
        value: float = 0.0,
    ):
        assert isinstance(input.type, TensorType)
        extents = zip(before, shape_of(input), after, strict=True)
        output = TensorType(input.type.element_type, [sum(extent) for extent in extents])
        properties: dict[str, Attribute | None] = {
            "before": DenseArrayBase.from_list(i64, before),
            "after": DenseArrayBase.from_list(i64, after),
            "value": FloatAttr(value, f32),
        }
        super().__init__(sym_name, input, output, properties)

    @property
    def pads(self) -> list[tuple[int, int]]:
        """Elements added before and after each dimension."""
        before, after = self.before.get_values(), self.after.get_values()
        return [(int(b), int(a)) for b, a in zip(before, after, strict=True)]

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        finite(self, "value")
        shape = shape_of(self.input)
        if not len(self.before) == len(self.after) == len(shape):
            fail(self, f"needs one number before and one after for each of {len(shape)} dimensions")
        if any(pad < 0 for pair in self.pads for pad in pair):
            fail(self, "has negative pads")
        padded = tuple(b + extent + a for (b, a), extent in zip(self.pads, shape, strict=True))
        expect_shape(self, self.output, padded)
