"""Concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, var_operand_def

from spatem_ir.dialects.checks import expect_shape, fail, shape_of
from spatem_ir.dialects.cnn.attributes import QuantType, quantization_of
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.operators import ViewOp
from spatem_ir.operators.affine import shifted
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.shapes import element_of, extents_text
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value
from spatem_ir.operators.pad import padded
from spatem_ir.operators.requantize import RequantizeOp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore

MOST_OPERANDS = 100
"""Operands of a QLinearConcat whose codes are known from it."""


@irdl_op_definition
class ConcatOp(ViewOp):
    """Joins tensors along their first dimension (channels or features); costs nothing.

    All inputs and the output have the same quantisation.
    """

    name = "cnn.concat"

    inputs = var_operand_def(TensorType)

    assembly_format = "$inputs attr-dict `:` type($inputs) `->` type($output)"

    def __init__(self, inputs: list[SSAValue], output: TensorType):
        super().__init__(operands=[inputs], result_types=[output])

    @property
    def does_nothing(self) -> bool:
        return [value.type for value in self.inputs] == [self.output.type]

    def verify_(self) -> None:
        if not self.inputs:
            fail(self, "joins at least one tensor")
        for value in self.inputs:
            same_quantization(self, value, self.output)
            if shape_of(value)[1:] != shape_of(self.output)[1:]:
                fail(self, "joins tensors that differ behind their first dimension")
        first = sum(shape_of(value)[0] for value in self.inputs)
        expect_shape(self, self.output, (first, *shape_of(self.output)[1:]))


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Concat behind the batch: of channels, or of another dimension that takes their place."""
    values = [network.value(node, index) for index in range(len(node.inputs))]
    if any(isinstance(value, Constant | QuantizedConstant) for value in values):
        return _with_constants(node, network, values)
    operands = [network.activation(node, index) for index in range(len(node.inputs))]
    codes = {quantization_of(operand.type) for operand in operands}
    if None in codes and len(codes) > 1:
        node.fail("joins integer and float32 tensors")
    if len(codes) > 1:
        node.fail("joins integer tensors with different scales or zero points; quantise them alike")
    return _joined(node, network, operands)


def _with_constants(
    node: OnnxNode, network: NetworkBuilder, values: Sequence[Value | None]
) -> SSAValue:
    """Float32 tensors and constants, joined: the tensors have the constants as their paddings.

    Where these are not all one number zeros take their place, to which they are added.
    """
    import numpy as np

    first = next(index for index, value in enumerate(values) if isinstance(value, SSAValue))
    shape = shape_of(network.floats(node, first))
    along = _dimension(node, len(shape))
    pieces: list[NDArray[np.float32]] = []
    numbers: set[float] = set()
    operands: list[SSAValue] = []
    around: list[list[int]] = []
    before = 0
    for index, value in enumerate(values):
        if isinstance(value, Constant | QuantizedConstant):
            piece = _constant_piece(node, value, shape, along)
            numbers.update(np.unique(piece).tolist())
            if around:
                around[-1][1] += piece.shape[1 + along]
            else:
                before += piece.shape[1 + along]
        else:
            operands.append(network.floats(node, index))
            around.append([before, 0])
            before = 0
            piece = np.zeros((1, *shape_of(operands[-1])), np.float32)
        pieces.append(piece)
    number = numbers.pop() if len(numbers) == 1 else 0.0
    parts: list[SSAValue] = []
    for place, (operand, pads) in enumerate(zip(operands, around, strict=True)):
        pairs = [(0, 0)] * len(shape)
        pairs[along] = (pads[0], pads[1])
        part = replace(node, name=f"{node.name}.{place}")
        parts.append(padded(part, network, operand, pairs, number) if any(pads) else operand)
    joined = _joined(node, network, parts)
    if not numbers:
        return joined
    constants = np.concatenate(pieces, axis=1 + along)
    return shifted(node, network, joined, Constant(constants))


def _constant_piece(
    node: OnnxNode, value: Constant | QuantizedConstant, shape: tuple[int, ...], along: int
) -> NDArray[np.float32]:
    """A constant among joined tensors, which has the same values for every image: [1, …]."""
    import numpy as np

    constant = value.dequantized() if isinstance(value, QuantizedConstant) else value
    extents = constant.values.shape
    others = (1, *shape[:along], *extents[1 + along : 2 + along], *shape[along + 1 :])
    if extents != others:
        node.fail(
            f"joins a constant of shape [{extents_text(extents)}] with [batch, "
            f"{extents_text(shape)}]; only dimension {1 + along} may differ, and the batch is 1"
        )
    return constant.values.astype(np.float32)


def convert_codes(node: OnnxNode, network: NetworkBuilder) -> Value:
    """QLinearConcat of onnxruntime: operands under the code of the result, joined."""
    result = network.stated_code(node, 0)
    parts = []
    for index in range(2, len(node.inputs), 3):
        codes = network.stated_codes(node, index)
        if quantization_of(codes.type) != result:
            element = TensorType(QuantType.of(result), shape_of(codes))
            name = f"{node.name}.{len(parts)}"
            codes = network.append(RequantizeOp(name, codes, element), name)
        parts.append(codes)
    return _joined(node, network, parts)


def _joined(node: OnnxNode, network: NetworkBuilder, operands: list[SSAValue]) -> SSAValue:
    """Operands of one code, or of float32, joined along the node's axis."""
    dimensions = len(shape_of(operands[0]))
    along = _dimension(node, dimensions)
    order = (along, *(axis for axis in range(dimensions) if axis != along))
    operands = [network.transposed(operand, order) for operand in operands]
    shapes = [shape_of(operand) for operand in operands]
    shape = (sum(shape[0] for shape in shapes), *shapes[0][1:])
    op = ConcatOp(operands, TensorType(element_of(operands[0]), shape))
    inverse = tuple(order.index(axis) for axis in range(dimensions))
    return network.transposed(network.append(op, node.name), inverse)


def _dimension(node: OnnxNode, dimensions: int) -> int:
    """The dimension behind the batch along which a node joins."""
    axis = node.attribute("axis")
    along = axis % (dimensions + 1) - 1
    if along < 0:
        node.fail(f"has axis {axis}, which joins batches; only what is behind them can be joined")
    return along


def fold(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """Concat of constants."""
    import numpy as np

    return Constant(np.concatenate([o.values for o in operands], axis=node.attribute("axis")))


def evaluate(_: ConcatOp, operands: list[Array], __: ParameterStore) -> Array:
    """The tensors one after the other, along the dimension behind the batch."""
    import numpy as np

    return np.concatenate(operands, axis=1)


def export(_: ConcatOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Concat along the dimension behind the batch."""
    return graph.add("Concat", *operands, axis=1)


OPERATOR = Operator(
    ConcatOp,
    {
        "Concat": Import(convert, fold, passes_code=True),
        "com.microsoft.QLinearConcat": Import(
            convert_codes, stating=tuple(range(2, 3 * MOST_OPERANDS, 3))
        ),
    },
    evaluate,
    export,
)
