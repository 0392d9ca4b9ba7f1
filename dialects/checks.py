"""Checks that the verifiers of several dialects share; every message names the op."""

from __future__ import annotations

from math import isfinite, prod
from typing import NoReturn

from xdsl.dialects.builtin import (
    Float32Type,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    TensorType,
)
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

SUBJECTS = ("sym_name", "layer", "node", "number")
"""Properties that tell an op from others of its kind; an op has at most one of them."""


def fail(op: Operation, message: str) -> NoReturn:
    """Raise a verification error that names the op and its name, layer, node or stage number."""
    raise VerifyException(f"{op.name}{_subject(op)}: {message}")


def _subject(op: Operation) -> str:
    for key in SUBJECTS:
        match op.properties.get(key):
            case StringAttr() as name:
                return f" @{name.data}"
            case SymbolRefAttr() as reference:
                return f" @{reference.string_value()}"
            case IntegerAttr() as number:
                return f" {number.value.data}"
    return ""


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.get_shape()


def feature_map(value: SSAValue) -> tuple[int, int, int]:
    """Channels, rows and columns of a value.

    A tensor without positions has one, a signal [channels, length] is a map of one row, and of more
    than three dimensions those between the first and the last one are rows.
    """
    shape = shape_of(value)
    if len(shape) == 1:
        return shape[0], 1, 1
    return shape[0], prod(shape[1:-1]), shape[-1]


def map_dimension(dimension: int, dimensions: int) -> int:
    """Where a dimension of a tensor is in its feature map: 0, channels; 1, rows; 2, columns."""
    return 0 if dimension == 0 else 2 if dimension == dimensions - 1 else 1


def elements_of(value: SSAValue) -> int:
    """The number of elements of a tensor value."""
    return prod(shape_of(value))


def expect_shape(op: Operation, value: SSAValue, expected: tuple[int, ...]) -> None:
    """Check a value's shape; an expected extent below 1 means that no window fits."""
    if min(expected) < 1:
        fail(op, "has no window that fits into its input")
    if shape_of(value) != expected:
        got, wanted = ("x".join(map(str, shape)) for shape in (shape_of(value), expected))
        fail(op, f"result has shape {got}, its operands give {wanted}")


def expect_tensor(op: Operation, value: SSAValue) -> None:
    """Check that a value is a tensor of one dimension or more, with all extents known."""
    shape = value.type.get_shape() if isinstance(value.type, TensorType) else ()
    if min(shape, default=0) < 1:
        fail(op, f"works on tensors of known shape, such as tensor<4xui8>, not on {value.type}")


def floating(op: Operation, value: SSAValue) -> None:
    """Check that a tensor's elements are float32."""
    expect_tensor(op, value)
    assert isinstance(value.type, TensorType)
    if not isinstance(value.type.element_type, Float32Type):
        fail(op, f"works on float32 here, not on {value.type}")


def is_floating(value: SSAValue) -> bool:
    """Whether a value is a tensor of float32."""
    return isinstance(value.type, TensorType) and isinstance(value.type.element_type, Float32Type)


def finite(op: Operation, name: str) -> float:
    """The value of a float32 property; fails if it is infinite or no number."""
    attribute = op.properties[name]
    assert isinstance(attribute, FloatAttr)
    value = attribute.value.data
    if not isfinite(value):
        fail(op, f"has {name} {value}; it must be finite")
    return value
