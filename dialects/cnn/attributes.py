"""Types and attributes of the `cnn` dialect: quantised activations, ranges, windows."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from math import inf, isfinite

from xdsl.dialects.builtin import (
    AnyFloat,
    Float32Type,
    FloatAttr,
    IntAttr,
    IntegerType,
    Signedness,
    TensorType,
    f32,
)
from xdsl.ir import Attribute, Data, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.hw.index_syntax import parse_indices
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.window import Window

WIDEST_CODE = 32
"""Most bits of an integer code: those of an accumulator."""


@dataclass(frozen=True)
class Quantization:
    """The integer code of an activation: real value = scale · (code − zero_point)."""

    bits: int
    signed: bool
    scale: float
    zero_point: int

    @property
    def minimum(self) -> int:
        """The smallest code."""
        return -(2 ** (self.bits - 1)) if self.signed else 0

    @property
    def storage(self) -> str:
        """The name of the smallest numpy type that holds all codes."""
        width = next(width for width in (8, 16, 32) if self.bits <= width)
        return f"{'int' if self.signed else 'uint'}{width}"

    @property
    def maximum(self) -> int:
        """The largest code."""
        return 2 ** (self.bits - 1) - 1 if self.signed else 2**self.bits - 1


def float32_literal(value: float) -> str:
    """The shortest decimal literal that is read back as the same float32."""
    stored = struct.pack("f", value)
    text = next(
        text
        for digits in range(1, 10)
        if struct.pack("f", float(text := f"{value:.{digits}g}")) == stored
    )
    mantissa, exponent, power = text.partition("e")
    return (mantissa if "." in mantissa else mantissa + ".0") + exponent + power


@irdl_attr_definition
class QuantType(ParametrizedAttribute, TypeAttribute):
    """A quantised activation: `!cnn.quant<ui8, 0.05>`, `!cnn.quant<ui8, 0.05, 128>`.

    The storage type, the float32 scale and the zero point (0 if it is left out).  A plain `ui8` or
    `si8` stands for scale 1 and zero point 0.
    """

    name = "cnn.quant"

    storage: IntegerType
    scale: FloatAttr[Float32Type]
    zero_point: IntAttr

    def verify(self) -> None:
        if self.storage.signedness.data is Signedness.SIGNLESS:
            raise VerifyException(f"storage type {self.storage} must be signed or unsigned")
        if not 1 <= self.storage.width.data <= WIDEST_CODE:
            raise VerifyException(
                f"storage type {self.storage} must have from 1 to {WIDEST_CODE} bits"
            )
        if not (self.scale.value.data > 0 and isfinite(self.scale.value.data)):
            raise VerifyException(f"scale {self.scale.value.data} must be positive and finite")
        quantization = Quantization(*_storage(self.storage), 1.0, 0)
        if not quantization.minimum <= self.zero_point.data <= quantization.maximum:
            raise VerifyException(
                f"zero point {self.zero_point.data} is no value of {self.storage}"
            )

    @staticmethod
    def of(quantization: Quantization) -> QuantType | IntegerType:
        """The type of activations with this code; the plain storage type where that says it all."""
        sign = Signedness.SIGNED if quantization.signed else Signedness.UNSIGNED
        storage = IntegerType(quantization.bits, sign)
        if quantization.scale == 1.0 and quantization.zero_point == 0:
            return storage
        return QuantType(
            storage, FloatAttr(quantization.scale, f32), IntAttr(quantization.zero_point)
        )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        start = parser.pos
        with parser.in_angle_brackets():
            storage = parser.parse_type()
            if not isinstance(storage, IntegerType):
                parser.raise_error("expected an integer storage type, as in ui8", start, parser.pos)
            parser.parse_punctuation(",")
            scale = parse_float32(parser)
            zero_point = 0
            if parser.parse_optional_punctuation(","):
                zero_point = parser.parse_integer(allow_boolean=False)
        try:
            return list(QuantType(storage, scale, IntAttr(zero_point)).parameters)
        except VerifyException as error:
            parser.raise_error(str(error), start, parser.pos)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.storage)
            printer.print_string(f", {float32_literal(self.scale.value.data)}")
            if self.zero_point.data:
                printer.print_string(f", {self.zero_point.data}")


FLOAT_BITS = 32
"""Bits of a float32 element."""


def element_bits(tensor: Attribute) -> int:
    """Bits of an element of a tensor of codes or of float32."""
    code = quantization_of(tensor)
    return FLOAT_BITS if code is None else code.bits


def quantization_of(tensor: Attribute) -> Quantization | None:
    """The integer code of a tensor's elements; None if they are not integers."""
    element = tensor.element_type if isinstance(tensor, TensorType) else tensor
    if isinstance(element, QuantType):
        scale, zero_point = element.scale.value.data, element.zero_point.data
        return Quantization(*_storage(element.storage), scale, zero_point)
    if isinstance(element, IntegerType) and element.signedness.data is not Signedness.SIGNLESS:
        return Quantization(*_storage(element), 1.0, 0)
    return None


def parse_float32(parser: AttrParser) -> FloatAttr[Float32Type]:
    """Parse a float32 number, written as a plain literal, or as its bits in hexadecimal."""
    return parser.expect(
        lambda: parse_optional_float32(parser), "integer or float literal expected"
    )


def parse_optional_float32(parser: AttrParser) -> FloatAttr[Float32Type] | None:
    """Parse a float32 number, if there is one."""
    start, is_bits = parser.pos, parser._current_token.text[:2].lower() == "0x"
    number = parser.parse_optional_number()
    if number is None:
        return None
    try:
        value = float_of_bits(int(number), f32) if is_bits else float(number)
        if isfinite(value):
            return FloatAttr(value, f32)
    except OverflowError:
        pass
    parser.raise_error(f"{number} exceeds the range of float32", start, parser.pos)


def float_of_bits(bits: int, element: AnyFloat) -> float:
    """The number that has these bits in a float type.

    Raises:
        OverflowError: there are more bits than the type has.
    """
    (value,) = element.unpack(bits.to_bytes(element.compile_time_size, "little"), 1)
    return value


def _storage(storage: IntegerType) -> tuple[int, bool]:
    return storage.width.data, storage.signedness.data is Signedness.SIGNED


@irdl_attr_definition
class RangeAttr(ParametrizedAttribute):
    """The least and the greatest value of a float32 tensor: `#cnn.range<-1.0, 3.5>`."""

    name = "cnn.range"

    least: FloatAttr[Float32Type]
    greatest: FloatAttr[Float32Type]

    def verify(self) -> None:
        least, greatest = self.limits
        if not -inf < least <= greatest < inf:
            raise VerifyException(f"range from {least} to {greatest} is empty or infinite")

    @staticmethod
    def of(least: float, greatest: float) -> RangeAttr:
        """The range between two numbers."""
        return RangeAttr(FloatAttr(least, f32), FloatAttr(greatest, f32))

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return self.least.value.data, self.greatest.value.data

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        start = parser.pos
        with parser.in_angle_brackets():
            least = parse_float32(parser)
            parser.parse_punctuation(",")
            greatest = parse_float32(parser)
        try:
            return list(RangeAttr(least, greatest).parameters)
        except VerifyException as error:
            parser.raise_error(str(error), start, parser.pos)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(", ".join(map(float32_literal, self.limits)))


@irdl_attr_definition
class WindowAttr(Data[Window]):
    """A sliding window: `<3x3>`, `<11x11, strides 4x4>`, `<5x5, pads [2, 2, 2, 2]>`.

    Pads are [top, left, bottom, right]; strides and dilations default to 1x1, pads to none.  Of the
    windows that fit, `<3x3, rows 0 to 10, columns 0 to 20 step 2>` has some rows and columns.
    """

    name = "cnn.window"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Window:
        with parser.in_angle_brackets():
            window = Window(parse_pair(parser))
            while parser.parse_optional_punctuation(","):
                match parser.parse_keyword_in(("strides", "pads", "dilations", "rows", "columns")):
                    case "strides":
                        window = replace(window, strides=parse_pair(parser))
                    case "pads":
                        window = replace(window, pads=_parse_pads(parser))
                    case "dilations":
                        window = replace(window, dilations=parse_pair(parser))
                    case "rows":
                        window = replace(window, rows=_parse_chosen(parser))
                    case _:
                        window = replace(window, columns=_parse_chosen(parser))
        return window

    def print_parameter(self, printer: Printer) -> None:
        window = self.data
        default = Window(window.kernel)
        text = "x".join(map(str, window.kernel))
        if window.strides != default.strides:
            text += ", strides " + "x".join(map(str, window.strides))
        if window.pads != default.pads:
            text += f", pads {list(window.pads)}"
        if window.dilations != default.dilations:
            text += ", dilations " + "x".join(map(str, window.dilations))
        for what, chosen in zip(("rows", "columns"), window.chosen, strict=True):
            if chosen is not None:
                text += f", {what} {chosen}"
        with printer.in_angle_brackets():
            printer.print_string(text)


def parse_pair(parser: AttrParser) -> tuple[int, int]:
    """Parse two positive numbers, as in `3x3`."""
    start = parser.pos
    dimensions = parser.parse_dimension_list()
    if len(dimensions) != 2 or min(dimensions) < 1:
        parser.raise_error("expected two numbers of at least 1, as in 3x3", start, parser.pos)
    return dimensions[0], dimensions[1]


def _parse_pads(parser: AttrParser) -> tuple[int, int, int, int]:
    start = parser.pos
    pads = parser.parse_comma_separated_list(
        parser.Delimiter.SQUARE,
        lambda: parser.parse_integer(allow_boolean=False, allow_negative=False),
    )
    if len(pads) != 4:
        parser.raise_error("expected four pads: [top, left, bottom, right]", start, parser.pos)
    return pads[0], pads[1], pads[2], pads[3]


def _parse_chosen(parser: AttrParser) -> IndexSequence:
    """Rows or columns of windows, in ascending order."""
    start = parser.pos
    chosen = parse_indices(parser)
    numbers = list(chosen)
    if not numbers or numbers[0] < 0 or numbers != sorted(set(numbers)):
        parser.raise_error("expected rows or columns in ascending order", start, parser.pos)
    return chosen
