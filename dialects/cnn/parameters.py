"""Parameters of the `cnn` dialect: where the values of weights, biases and scales are."""

from __future__ import annotations

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    Float32Type,
    FloatAttr,
    IntAttr,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import (
    AnyAttr,
    AnyOf,
    BaseAttr,
    MessageConstraint,
    ParamAttrConstraint,
    irdl_attr_definition,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.text import parse_text


@irdl_attr_definition
class SeededAttr(ParametrizedAttribute):
    """Parameters drawn from a seeded generator when needed: `#cnn.seeded<3, tensor<6x25xsi2>>`."""

    name = "cnn.seeded"

    seed: IntAttr
    type: TensorType

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        with parser.in_angle_brackets():
            seed = parser.parse_integer(allow_boolean=False, allow_negative=False)
            parser.parse_punctuation(",")
            return [IntAttr(seed), _parse_tensor_type(parser)]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.seed.data}, ")
            printer.print_attribute(self.type)


TRANSPOSED = "^T"
"""Suffix of a key that names the transpose of a matrix."""


@irdl_attr_definition
class FileAttr(ParametrizedAttribute):
    """Parameters in a file: `#cnn.file<"lenet.onnx", "conv1.weight", "sha256 …", tensor<…>>`.

    The path is relative to the folder of the IR file; `package:NAME` is a file that ships with the
    compiler.  The key names an ONNX initialiser or an array of an .npz file.  The digest is the
    first 16 hexadecimal digits of the SHA-256 of the array's bytes in C order.
    """

    name = "cnn.file"

    path: StringAttr
    key: StringAttr
    digest: StringAttr
    type: TensorType

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        parameters: list[Attribute] = []
        with parser.in_angle_brackets():
            for _ in range(3):
                parameters.append(StringAttr(parse_text(parser)))
                parser.parse_punctuation(",")
            parameters.append(_parse_tensor_type(parser))
        return parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            for text in (self.path, self.key, self.digest):
                printer.print_string_literal(text.data)
                printer.print_string(", ")
            printer.print_attribute(self.type)


@irdl_attr_definition
class PartAttr(ParametrizedAttribute):
    """A part of another parameter: `#cnn.part<#cnn.file<…>, [0, 512], tensor<2048x512xsi8>>`.

    A block of the type's shape, whose first element has the given index in the whole.  A number
    alone is the index along the first dimension; that along the others is 0.
    """

    name = "cnn.part"

    whole: Attribute
    corner: ArrayAttr[IntAttr]
    type: TensorType

    @property
    def indices(self) -> tuple[slice, ...]:
        """What the part is of the whole, along each dimension."""
        extents = zip(self.corner, self.type.get_shape(), strict=True)
        return tuple(slice(first.data, first.data + extent) for first, extent in extents)

    def verify(self) -> None:
        if not isinstance(self.whole, SeededAttr | FileAttr | DenseIntOrFPElementsAttr):
            raise VerifyException("a part is of #cnn.seeded<…>, #cnn.file<…> or dense<…>")
        whole = parameter_type(self.whole)
        ranks = {len(whole.get_shape()), len(self.type.get_shape()), len(self.corner)}
        if len(ranks) > 1 or whole.element_type != self.type.element_type:
            raise VerifyException(f"{self.type} is no part of {whole}")
        for own, extent in zip(self.indices, whole.get_shape(), strict=True):
            if own.stop > extent:
                raise VerifyException(f"{self.type} from {self._corner_text()} on exceeds {whole}")

    @staticmethod
    def of(whole: Attribute, dimension: int, indices: range) -> PartAttr:
        """Consecutive indices of a dimension of a parameter, which may be a part itself."""
        kind = parameter_type(whole)
        shape, corner = list(kind.get_shape()), [0] * len(kind.get_shape())
        if isinstance(whole, PartAttr):
            whole, corner = whole.whole, [first.data for first in whole.corner]
        shape[dimension] = len(indices)
        corner[dimension] += indices.start
        return PartAttr(
            whole, ArrayAttr(map(IntAttr, corner)), TensorType(kind.element_type, shape)
        )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        with parser.in_angle_brackets():
            whole = parser.parse_attribute()
            parser.parse_punctuation(",")
            corner = parser.parse_optional_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: _parse_index(parser)
            )
            first = [] if corner is not None else [_parse_index(parser)]
            parser.parse_punctuation(",")
            tensor = _parse_tensor_type(parser)
            zeros = [0] * (len(tensor.get_shape()) - 1)
            indices = [*first, *zeros] if corner is None else corner
            return [whole, ArrayAttr(map(IntAttr, indices)), tensor]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.whole)
            printer.print_string(f", {self._corner_text()}, ")
            printer.print_attribute(self.type)

    def _corner_text(self) -> str:
        indices = [index.data for index in self.corner]
        return str(indices if any(indices[1:]) else indices[0])


def _parse_index(parser: AttrParser) -> int:
    return parser.parse_integer(allow_boolean=False, allow_negative=False)


def whole_parameter(parameter: Attribute) -> Attribute:
    """The parameter that a part is of; itself if it is whole."""
    return parameter.whole if isinstance(parameter, PartAttr) else parameter


ParameterAttr = SeededAttr | FileAttr | PartAttr | DenseIntOrFPElementsAttr
"""Where the values of weights, biases or scales are: a generator, a file, or inline."""

REAL = MessageConstraint(
    ParamAttrConstraint(FloatAttr, (AnyAttr(), BaseAttr(Float32Type))),
    "a number must be of type f32, as in 0.5 : f32",
)
"""A float32 number."""

_DENSE = ParamAttrConstraint(DenseIntOrFPElementsAttr, (BaseAttr(TensorType), AnyAttr()))

PARAMETER = MessageConstraint(
    AnyOf((BaseAttr(SeededAttr), BaseAttr(FileAttr), BaseAttr(PartAttr), _DENSE)),
    "weights and biases must be #cnn.seeded<…>, #cnn.file<…> or dense<…> : tensor<…>",
)
CHANNEL_PARAMETER = MessageConstraint(
    AnyOf((BaseAttr(SeededAttr), BaseAttr(FileAttr), BaseAttr(PartAttr), _DENSE)),
    "parameters of channels must be #cnn.file<…> or dense<…> : tensor<…xf32>",
)
SCALE = MessageConstraint(
    AnyOf((REAL, BaseAttr(FileAttr), BaseAttr(PartAttr), _DENSE)),
    "a weight scale must be a float32, #cnn.file<…> or dense<…> : tensor<…xf32>",
)


def parameter_type(parameter: Attribute) -> TensorType:
    """The tensor type of a parameter."""
    assert isinstance(parameter, ParameterAttr)
    assert isinstance(parameter.type, TensorType)
    return parameter.type


def _parse_tensor_type(parser: AttrParser) -> TensorType:
    start = parser.pos
    parsed = parser.parse_type()
    if not isinstance(parsed, TensorType):
        parser.raise_error("expected a tensor type, as in tensor<2x4xsi8>", start, parser.pos)
    return parsed
