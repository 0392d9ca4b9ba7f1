"""Checks that the verifiers of several dialects share; every message names the op."""

from __future__ import annotations

from math import prod
from typing import NoReturn

from xdsl.dialects.builtin import Float32Type, IntegerAttr, StringAttr, SymbolRefAttr, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.cnn_attributes import WIDEST_CODE, Quantization, quantization_of

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


def quantized(op: Operation, value: SSAValue) -> Quantization:
    """The integer code of a tensor's elements; fails if it has none."""
    expect_tensor(op, value)
    quantization = quantization_of(value.type)
    if quantization is None:
        fail(op, f"works on quantised integers (ui8, si8, !cnn.quant …), not on {value.type}")
    if not 1 <= quantization.bits <= WIDEST_CODE:
        fail(op, f"works on integers of 1 to {WIDEST_CODE} bits, not on {value.type}")
    return quantization


def floating(op: Operation, value: SSAValue) -> None:
    """Check that a tensor's elements are float32."""
    expect_tensor(op, value)
    assert isinstance(value.type, TensorType)
    if not isinstance(value.type.element_type, Float32Type):
        fail(op, f"works on float32 here, not on {value.type}")


def same_quantization(op: Operation, first: SSAValue, second: SSAValue) -> None:
    """Check that two values have the same integer code."""
    if quantized(op, first) != quantized(op, second):
        fail(op, "input and output must have the same quantisation")
