"""Checks of codes and parameters, which the verifiers of the `cnn` dialect share."""

from __future__ import annotations

from array import array
from math import isfinite

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, Float32Type
from xdsl.ir import Attribute, Operation, SSAValue

from spatem_ir.dialects.checks import expect_tensor, fail, is_floating
from spatem_ir.dialects.cnn.attributes import WIDEST_CODE, Quantization, quantization_of
from spatem_ir.dialects.cnn.parameters import SeededAttr, parameter_type
from spatem_ir.geometry.shapes.window import Window


def quantized(op: Operation, value: SSAValue) -> Quantization:
    """The integer code of a tensor's elements; fails if it has none."""
    expect_tensor(op, value)
    quantization = quantization_of(value.type)
    if quantization is None:
        fail(op, f"works on quantised integers (ui8, si8, !cnn.quant …), not on {value.type}")
    if not 1 <= quantization.bits <= WIDEST_CODE:
        fail(op, f"works on integers of 1 to {WIDEST_CODE} bits, not on {value.type}")
    return quantization


def float_or_quantized(op: Operation, *values: SSAValue) -> None:
    """Check that each value is float32 or quantised."""
    for value in values:
        expect_tensor(op, value)
        if is_floating(value):
            continue
        if quantization_of(value.type) is None:
            codes = "quantised integers (ui8, si8, !cnn.quant …)"
            fail(op, f"works on float32 or {codes}, not on {value.type}")
        quantized(op, value)


def all_floating(op: Operation, *values: SSAValue) -> bool:
    """Check that values are all float32 or all quantised; tells whether they are float32."""
    float_or_quantized(op, *values)
    floats = [is_floating(value) for value in values]
    if any(floats) and not all(floats):
        fail(op, "mixes float32 and quantised tensors; insert cnn.quantize or cnn.dequantize")
    return any(floats)


def works_on_codes(op: Operation) -> bool:
    """Whether all operands and results of an op are quantised, none of them float32."""
    return not any(is_floating(value) for value in (*op.operands, *op.results))


def same_quantization(op: Operation, first: SSAValue, second: SSAValue) -> None:
    """Check that two values have the same integer code, or are both float32."""
    if not all_floating(op, first, second) and quantized(op, first) != quantized(op, second):
        fail(op, "input and output must have the same quantisation")


def expect_windows(op: Operation, window: Window, shape: tuple[int, ...]) -> None:
    """Check that the rows and columns of a window over a feature map are among those that fit."""
    fitting = window.fitting(shape[1], shape[2])
    for what, chosen, count in zip(("row", "column"), window.chosen, fitting, strict=True):
        if chosen is not None and chosen.maximum >= count:
            fail(
                op,
                f"has a window in {what} {chosen.maximum}; there are {max(count, 0)} {what}s of "
                "windows that fit into its input",
            )


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
