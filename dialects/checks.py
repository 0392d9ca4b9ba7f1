"""Checks that the verifiers of several dialects share; every message names the op."""

from __future__ import annotations

from math import prod
from typing import NoReturn

from xdsl.dialects.builtin import Float32Type, StringAttr, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.cnn_attributes import Quantization, quantization_of


def fail(op: Operation, message: str) -> NoReturn:
    """Raise a verification error that names the op and, if it has one, its symbol."""
    symbol = op.properties.get("sym_name")
    name = f"{op.name} @{symbol.data}" if isinstance(symbol, StringAttr) else op.name
    raise VerifyException(f"{name}: {message}")


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.get_shape()


def elements_of(value: SSAValue) -> int:
    """The number of elements of a tensor value."""
    return prod(shape_of(value))


def expect_shape(op: Operation, value: SSAValue, expected: tuple[int, ...]) -> None:
    """Check a value's shape; an extent below 1 means that no window fits."""
    if min(expected) < 1:
        fail(op, "has no window that fits into its input")
    if shape_of(value) != expected:
        got, wanted = ("x".join(map(str, shape)) for shape in (shape_of(value), expected))
        fail(op, f"result has shape {got}, its operands give {wanted}")


def quantized(op: Operation, value: SSAValue) -> Quantization:
    """The integer code of a value's elements; fails if it has none."""
    quantization = quantization_of(value.type)
    if quantization is None:
        fail(op, f"works on quantised integers (ui8, si8, !cnn.quant …), not on {value.type}")
    return quantization


def floating(op: Operation, value: SSAValue) -> None:
    """Check that a value's elements are float32."""
    assert isinstance(value.type, TensorType)
    if not isinstance(value.type.element_type, Float32Type):
        fail(op, f"works on float32 here, not on {value.type}")


def same_quantization(op: Operation, first: SSAValue, second: SSAValue) -> None:
    """Check that two values have the same integer code."""
    if quantized(op, first) != quantized(op, second):
        fail(op, "input and output must have the same quantisation")
