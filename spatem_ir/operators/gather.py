"""Some elements along one dimension: slices, parts, repetitions, other orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import IntegerAttr, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def

from spatem_ir.dialects.checks import elements_of, expect_shape, fail, shape_of
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.operators import UnaryViewOp
from spatem_ir.dialects.hw.attributes import Indices, IndicesAttr
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.parts import (
    expanded_indices,
    gathered_indices,
    part_sizes,
    sliced_indices,
    tiled_indices,
)
from spatem_ir.operators.onnx_import.shapes import behind_batch, element_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class GatherOp(UnaryViewOp):
    """The elements at some indices of one dimension; costs nothing.

    `cnn.gather %x dimension 1 indices 0 to 8 step 2 : …`: index i of that dimension of the result
    is index `indices[i]` of the operand's.  Indices may be left out, repeated and in any order.
    """

    name = "cnn.gather"

    dimension = prop_def(IntegerAttr.constr(i64))
    indices = prop_def(IndicesAttr)

    custom_directives = (Indices,)
    assembly_format = (
        "$input `dimension` $dimension `indices` custom<Indices>($indices) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(self, input: SSAValue, dimension: int, indices: Iterable[int]):
        attribute = IndicesAttr.of(indices)
        shape = list(shape_of(input))
        shape[dimension] = len(attribute.data)
        IRDLOperation.__init__(
            self,
            operands=[input],
            result_types=[TensorType(element_of(input), shape)],
            properties={"dimension": IntegerAttr(dimension, i64), "indices": attribute},
        )

    @property
    def axis(self) -> int:
        """The dimension as a number."""
        return self.dimension.value.data

    @property
    def does_nothing(self) -> bool:
        return self.indices.data == IndicesAttr.range(0, shape_of(self.input)[self.axis]).data

    def element_order(self) -> NDArray[np.int64]:
        import numpy as np

        elements = np.arange(elements_of(self.input)).reshape(shape_of(self.input))
        return elements.take(self.indices.data.to_array(), axis=self.axis).reshape(-1)

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        shape = shape_of(self.input)
        if not 0 <= self.axis < len(shape):
            fail(self, f"has dimension {self.axis} of {len(shape)}")
        extent, indices = shape[self.axis], self.indices.data.to_array()
        if not indices.size or indices.min() < 0 or indices.max() >= extent:
            fail(self, f"has indices {self.indices.data}; they must be from 0 to {extent - 1}")
        result = list(shape)
        result[self.axis] = indices.size
        expect_shape(self, self.output, tuple(result))


def gathered(
    network: NetworkBuilder,
    value: SSAValue,
    dimension: int,
    indices: Iterable[int],
    name: str = "",
) -> SSAValue:
    """The elements of a value at some indices of a dimension."""
    taken = list(indices)
    if taken == list(range(shape_of(value)[dimension])):
        return value
    return network.append(GatherOp(value, dimension, taken), name or value.name_hint or "")


def convert_gather(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Gather with constant indices, whose shape takes the place of the dimension."""
    operand = network.activation(node)
    dimension, indices = gathered_indices(node, network, shape_of(operand))
    shape = shape_of(operand)
    result = behind_batch((*shape[:dimension], *indices.shape, *shape[dimension + 1 :]))
    taken = gathered(network, operand, dimension, indices.reshape(-1).tolist(), node.name)
    return network.regrouped(taken, result, node.name)


def convert_slice(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Slice behind the batch."""
    operand = network.activation(node)
    for dimension, indices in sliced_indices(node, network, shape_of(operand)):
        operand = gathered(network, operand, dimension, indices, node.name)
    return operand


def convert_split(node: OnnxNode, network: NetworkBuilder) -> list[Value]:
    """Split behind the batch."""
    operand = network.activation(node)
    dimension, sizes = part_sizes(node, network, shape_of(operand))
    parts: list[Value] = []
    first = 0
    for number, size in enumerate(sizes):
        indices, name = range(first, first + size), f"{node.name}.{number}"
        parts.append(gathered(network, operand, dimension, indices, name))
        first += size
    return parts


def convert_expand(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Expand of dimensions behind the batch."""
    operand = network.activation(node)
    for dimension, indices in expanded_indices(node, network, shape_of(operand)):
        operand = gathered(network, operand, dimension, indices, node.name)
    return operand


def convert_tile(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Tile of dimensions behind the batch."""
    operand = network.activation(node)
    for dimension, indices in tiled_indices(node, network, shape_of(operand)):
        operand = gathered(network, operand, dimension, indices, node.name)
    return operand


def evaluate(op: GatherOp, operands: list[Array], _: ParameterStore) -> Array:
    """The elements at the indices, behind the batch."""
    return operands[0].take(op.indices.data.to_array(), axis=1 + op.axis)


def export(op: GatherOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Gather behind the batch."""
    indices = graph.constant("indices", op.indices.data.to_array())
    return graph.add("Gather", operands[0], indices, axis=1 + op.axis)


OPERATOR = Operator(
    GatherOp,
    {
        "Gather": Import(convert_gather, passes_code=True),
        "Slice": Import(convert_slice, passes_code=True),
        "Split": Import(convert_split, passes_code=True),
        "Expand": Import(convert_expand, passes_code=True),
        "Tile": Import(convert_tile, passes_code=True),
    },
    evaluate,
    export,
)
