"""Shapes and elements of tensors during the import; all shapes are without the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, SSAValue

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.tensors import OnnxNode


def behind_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a result behind the batch: one number for each image is one element."""
    return shape or (1,)


def element_of(value: SSAValue) -> Attribute:
    """The element type of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.element_type


def broadcast_shape(node: OnnxNode, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of an element-wise result of operands of equal rank."""
    import numpy as np

    try:
        if len(set(map(len, shapes))) == 1:
            return np.broadcast_shapes(*shapes)
    except ValueError:
        pass
    texts = " and ".join("x".join(map(str, shape)) for shape in shapes)
    node.fail(f"has operands of shapes {texts}, which do not fit together")


def extents_text(shape: Sequence[int]) -> str:
    """A shape in a message: `3, 32, 32`."""
    return ", ".join(map(str, shape))
