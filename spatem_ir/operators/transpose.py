"""Permutations of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import TransposeOp
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore


ORDERS_TO_DEPTH = {"DCR": (2, 4, 0, 1, 3), "CRD": (0, 2, 4, 1, 3)}
"""Where the blocks of SpaceToDepth go: before the channels, or behind them."""


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Transpose of the dimensions behind the batch."""
    operand = network.activation(node)
    dimensions = len(shape_of(operand)) + 1
    permutation = _permutation(node, dimensions)
    if sorted(permutation) != list(range(dimensions)) or permutation[0] != 0:
        node.fail(f"has perm {list(permutation)}, which moves the batch")
    return network.transposed(operand, tuple(axis - 1 for axis in permutation[1:]), node.name)


def convert_depth_to_space(node: OnnxNode, network: NetworkBuilder) -> Value:
    """DepthToSpace: blocks of channels become blocks of positions."""
    operand, size = network.activation(node), node.attribute("blocksize")
    channels, height, width = _maps(node, operand)
    mode = node.attribute("mode", "DCR")
    if channels % size**2 or mode not in ("DCR", "CRD"):
        node.fail(f"has blocksize {size} and mode '{mode}' on {channels} channels")
    rest = channels // size**2
    blocks = (size, size, rest) if mode == "DCR" else (rest, size, size)
    order = (2, 3, 0, 4, 1) if mode == "DCR" else (0, 3, 1, 4, 2)
    split = network.regrouped(operand, (*blocks, height, width))
    return network.regrouped(
        network.transposed(split, order), (rest, height * size, width * size), node.name
    )


def convert_space_to_depth(node: OnnxNode, network: NetworkBuilder) -> Value:
    """SpaceToDepth: blocks of positions become blocks of channels."""
    operand, size = network.activation(node), node.attribute("blocksize")
    mode = node.attribute("mode", "DCR")
    channels, height, width = _maps(node, operand)
    if height % size or width % size or mode not in ORDERS_TO_DEPTH:
        node.fail(f"has blocksize {size} and mode '{mode}' on maps of {height}x{width}")
    rows, columns = height // size, width // size
    split = network.regrouped(operand, (channels, rows, size, columns, size))
    moved = network.transposed(split, ORDERS_TO_DEPTH[mode])
    return network.regrouped(moved, (channels * size**2, rows, columns), node.name)


def _maps(node: OnnxNode, operand: SSAValue) -> tuple[int, int, int]:
    """Channels, rows and columns of an operand."""
    shape = shape_of(operand)
    if len(shape) != 3:
        node.fail("needs an input [batch, channels, height, width]")
    return shape[0], shape[1], shape[2]


def fold(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """Transpose of a constant."""
    return operands[0].transposed(_permutation(node, operands[0].values.ndim))


def _permutation(node: OnnxNode, dimensions: int) -> tuple[int, ...]:
    """The node's permutation; by default, dimensions in reverse order."""
    return tuple(node.attribute("perm", range(dimensions)[::-1]))


def evaluate(op: TransposeOp, operands: list[Array], _: ParameterStore) -> Array:
    """Permuted dimensions, behind the batch."""
    return operands[0].transpose(0, *(1 + dimension for dimension in op.order))


def export(op: TransposeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Transpose behind the batch."""
    return graph.add("Transpose", operands[0], perm=[0, *(n + 1 for n in op.order)])


OPERATOR = Operator(
    TransposeOp,
    {
        "Transpose": Import(convert, fold, passes_code=True),
        "DepthToSpace": Import(convert_depth_to_space, passes_code=True),
        "SpaceToDepth": Import(convert_space_to_depth, passes_code=True),
    },
    evaluate,
    export,
)
