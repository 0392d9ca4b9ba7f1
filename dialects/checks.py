"""Checks that the verifiers of several dialects share; every message names the op."""

from __future__ import annotations

from array import array
from math import isfinite, prod
from typing import NoReturn

from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    Float32Type,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolRefAttr,
    TensorType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.cnn_attributes import (
    WIDEST_CODE,
    Quantization,
    SeededAttr,
    parameter_type,
    quantization_of,
)

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


def is_floating(value: SSAValue) -> bool:
    """Whether a value is a tensor of float32."""
    return isinstance(value.type, TensorType) and isinstance(value.type.element_type, Float32Type)


def all_floating(op: Operation, *values: SSAValue) -> bool:
    """Check that values are all float32 or all quantised; tells whether they are float32."""
    for value in values:
        expect_tensor(op, value)
        if not is_floating(value) and quantization_of(value.type) is None:
            codes = "quantised integers (ui8, si8, !cnn.quant …)"
            fail(op, f"works on float32 or {codes}, not on {value.type}")
    floats = [is_floating(value) for value in values]
    if any(floats) and not all(floats):
        fail(op, "mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize")
    if not any(floats):
        for value in values:
            quantized(op, value)
    return any(floats)


def same_quantization(op: Operation, first: SSAValue, second: SSAValue) -> None:
    """Check that two values have the same integer code, or are both float32."""
    if not all_floating(op, first, second) and quantized(op, first) != quantized(op, second):
        fail(op, "input and output must have the same quantisation")


def finite(op: Operation, name: str) -> float:
    """The value of a float32 property; fails if it is infinite or no number."""
    attribute = op.properties[name]
    assert isinstance(attribute, FloatAttr)
    value = attribute.value.data
    if not isfinite(value):
        fail(op, f"has {name} {value}; it must be finite")
    return value


def expect_parameter(
    op: Operation, what: str, parameter: Attribute, shape: tuple[int, ...]
) -> None:
    """Check a parameter's shape and what is known of its values before they are read.

    Float32 parameters are not seeded, and finite where they stand inline.
    """
    tensor = parameter_type(parameter)
    if tensor.get_shape() != shape:
        texts = ("x".join(map(str, s)) for s in (tensor.get_shape(), shape))
        fail(op, "has {} of shape {}, its types give {}".format(what, *texts))
    if isinstance(tensor.element_type, Float32Type):
        if isinstance(parameter, SeededAttr):
            fail(op, f"has seeded {what} of type f32; only integers are drawn from a generator")
        if not all(map(isfinite, inline_floats(parameter))):
            fail(op, f"has values of {what} that are not finite")


def inline_floats(parameter: Attribute) -> array[float]:
    """The float32 values of an inline parameter (one for a splat); none of any other parameter."""
    values = array("f")
    if isinstance(parameter, DenseIntOrFPElementsAttr) and isinstance(
        parameter_type(parameter).element_type, Float32Type
    ):
        values.frombytes(parameter.data.data)
    return values
