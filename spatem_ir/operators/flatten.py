"""Other shapes of the same elements."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import FlattenOp
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.shapes import extents_text

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


def convert_flatten(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Flatten behind the batch."""
    operand = network.activation(node)
    shape = shape_of(operand)
    axis = node.attribute("axis", 1)
    if axis not in (1, -len(shape)):
        node.fail(f"has axis {axis}; only axis 1 keeps the batch apart")
    return network.regrouped(operand, (prod(shape),), node.name)


def convert_reshape(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Reshape, which may regroup all dimensions but the batch."""
    target = network.constant(node, 1).values.tolist()
    operand = network.activation(node)
    before, after = (network.batch, *shape_of(operand)), list(target)
    if not node.attribute("allowzero", 0):
        after = [before[i] if size == 0 else size for i, size in enumerate(after)]
    if -1 in after:
        rest = -prod(after)
        after[after.index(-1)] = prod(before) // rest if rest > 0 else 0
    if len(after) < 2 or after[0] != network.batch or prod(after) != prod(before):
        node.fail(
            f"to [{extents_text(target)}] regroups the batch; only the dimensions behind it may "
            "change"
        )
    return network.regrouped(operand, tuple(after[1:]), node.name)


def convert_squeeze(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Squeeze of dimensions behind the batch."""
    operand = network.activation(node)
    whole = (1, *shape_of(operand))
    constant = network.optional_constant(node, 1)
    if constant is None:
        axes = {axis for axis, extent in enumerate(whole) if extent == 1 and axis > 0}
    else:
        axes = {axis % len(whole) for axis in constant.values.reshape(-1).tolist()}
    if 0 in axes or any(whole[axis] != 1 for axis in axes):
        node.fail("removes the batch, or a dimension that has more than one element")
    shape = tuple(extent for axis, extent in enumerate(whole) if axis > 0 and axis not in axes)
    if not shape:
        node.fail("removes all dimensions behind the batch")
    return network.regrouped(operand, shape, node.name)


def convert_unsqueeze(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Unsqueeze of dimensions behind the batch."""
    operand = network.activation(node)
    shape = shape_of(operand)
    axes = network.constant(node, 1).values.reshape(-1).tolist()
    dimensions = len(shape) + 1 + len(axes)
    added = {axis % dimensions for axis in axes}
    if 0 in added or len(added) != len(axes):
        node.fail("adds a dimension before the batch, or one twice")
    extents = iter((1, *shape))
    result = tuple(1 if axis in added else next(extents) for axis in range(dimensions))
    return network.regrouped(operand, result[1:], node.name)


def fold_flatten(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """Flatten of a constant."""
    shape, axis = operands[0].values.shape, node.attribute("axis", 1)
    rows = prod(shape[:axis])
    return operands[0].reshaped((rows, operands[0].values.size // rows))


def fold_reshape(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """Reshape of a constant."""
    source, target = operands[0], operands[1].values.tolist()
    if not node.attribute("allowzero", 0):
        shape = source.values.shape
        target = [shape[i] if size == 0 else size for i, size in enumerate(target)]
    return source.reshaped(tuple(target))


def fold_squeeze(_: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """Squeeze of a constant."""
    axes = tuple(operands[1].values.tolist()) if len(operands) > 1 else None
    return operands[0].reshaped(operands[0].values.squeeze(axes).shape)


def fold_unsqueeze(_: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """Unsqueeze of a constant."""
    import numpy as np

    axes = tuple(operands[1].values.tolist())
    return operands[0].reshaped(np.expand_dims(operands[0].values, axes).shape)


def evaluate(op: FlattenOp, operands: list[Array], _: ParameterStore) -> Array:
    """The same elements under the shape of the result."""
    return operands[0].reshape(len(operands[0]), *shape_of(op.output))


def export(op: FlattenOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Reshape."""
    return graph.reshaped(operands[0], shape_of(op.output))


OPERATOR = Operator(
    FlattenOp,
    {
        "Flatten": Import(convert_flatten, fold_flatten, passes_code=True),
        "Reshape": Import(convert_reshape, fold_reshape, passes_code=True),
        "Squeeze": Import(convert_squeeze, fold_squeeze, passes_code=True),
        "Unsqueeze": Import(convert_unsqueeze, fold_unsqueeze, passes_code=True),
    },
    evaluate,
    export,
)
