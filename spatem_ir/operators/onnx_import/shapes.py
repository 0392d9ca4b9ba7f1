"""Shapes and elements of tensors during the import; all shapes are without the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, SSAValue

from spatem_ir.dialects.checks import shape_of

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode


def behind_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a result behind the batch: one number for each image is one element."""
    return shape or (1,)


def element_of(value: SSAValue) -> Attribute:
    """The element type of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.element_type


def broadcast(
    node: OnnxNode, network: NetworkBuilder, operands: Sequence[SSAValue]
) -> tuple[list[SSAValue], tuple[int, ...]]:
    """The operands of an element-wise node, brought to equal rank, and the shape of its result.

    ONNX puts extents of 1 in front of an operand of fewer dimensions, in front of its batch, too:
    a batch of one image may have them.

    Raises:
        SpatemError: the operands do not fit together.
    """
    import numpy as np

    shapes = [shape_of(operand) for operand in operands]
    rank = max(map(len, shapes))
    aligned = [(*[1] * (rank - len(shape)), *shape) for shape in shapes]
    try:
        if network.batch == 1 or aligned == shapes:
            result = np.broadcast_shapes(*aligned)
            values = [network.regrouped(*pair) for pair in zip(operands, aligned, strict=True)]
            return values, result
    except ValueError:
        pass
    texts = " and ".join("x".join(map(str, shape)) for shape in shapes)
    node.fail(f"has operands of shapes {texts}, which do not fit together")


def extents_text(shape: Sequence[int]) -> str:
    """A shape in a message: `3, 32, 32`."""
    return ", ".join(map(str, shape))
