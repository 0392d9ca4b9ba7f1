"""The views with which the compiler itself moves elements: another shape, another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import DenseArrayBase, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def

from spatem_ir.dialects.checks import elements_of, expect_shape, fail, shape_of
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.operators import UnaryViewOp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INTEGERS = DenseArrayBase.constr(i64)


@irdl_op_definition
class FlattenOp(UnaryViewOp):
    """The same elements in row-major order under another shape; costs nothing."""

    name = "cnn.flatten"

    def __init__(self, input: SSAValue, shape: tuple[int, ...] | None = None):
        assert isinstance(input.type, TensorType)
        super().__init__(input, TensorType(input.type.element_type, shape or [elements_of(input)]))

    @property
    def does_nothing(self) -> bool:
        return shape_of(self.input) == shape_of(self.output)

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        if elements_of(self.input) != elements_of(self.output):
            fail(self, "changes the number of elements")


@irdl_op_definition
class TransposeOp(UnaryViewOp):
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

    @property
    def does_nothing(self) -> bool:
        return self.order == tuple(range(len(self.order)))

    def element_order(self) -> NDArray[np.int64]:
        import numpy as np

        shape = shape_of(self.input)
        elements = np.arange(elements_of(self.input)).reshape(shape)
        return elements.transpose(self.order).reshape(-1)

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        shape, order = shape_of(self.input), self.order
        if sorted(order) != list(range(len(shape))):
            fail(self, f"has {list(order)}, which is no permutation of {len(shape)} dimensions")
        expect_shape(self, self.output, tuple(shape[dimension] for dimension in order))
