"""Parsing IR from text that may hold anything."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import (
    AnyFloat,
    BytesAttr,
    ComplexType,
    IndexType,
    IntegerType,
    ModuleOp,
    StringAttr,
)
from xdsl.ir import Attribute
from xdsl.parser import AttrParser, Parser
from xdsl.utils.exceptions import ParseError

from spatem_ir.dialects.cnn.attributes import float_of_bits
from spatem_ir.support.errors import SpatemError

MOST_ELEMENTS = 1 << 26
"""The most elements of a dense attribute, which takes a gigabyte while it is read: a few characters
can ask for any number of equal ones.  Files hold more (`#cnn.file`)."""


class ModuleParser(Parser):
    """xDSL's parser, and what it misreads of what xDSL's printer prints.

    Hexadecimal numbers among the floats of a dense attribute are bits; strings beyond ASCII are
    strings.  A dense attribute has at most :data:`MOST_ELEMENTS`.
    """

    class _TensorLiteralElement(AttrParser._TensorLiteralElement):
        def to_type(
            self, parser: AttrParser, type: AnyFloat | IntegerType | IndexType | ComplexType
        ) -> Any:
            """The element as a number of a type."""
            text = self.span.text.lower()
            if not isinstance(type, AnyFloat) or not text.startswith("0x"):
                return super().to_type(parser, type)
            try:
                return float_of_bits(int(text, 16), type)
            except OverflowError:
                parser.raise_error(f"{text} has more bits than {type}", at_position=self.span)

    def _parse_dense_literal_type(self) -> Any:
        found = super()._parse_dense_literal_type()
        if (elements := prod(found.get_shape())) > MOST_ELEMENTS:
            self.raise_error(
                f"{found} has {elements:,} elements; as dense numbers {MOST_ELEMENTS:,} are "
                "possible, as #cnn.seeded or #cnn.file more"
            )
        return found

    def _parse_optional_builtin_attr(self) -> Attribute | None:
        found = super()._parse_optional_builtin_attr()
        if isinstance(found, BytesAttr):
            with suppress(UnicodeDecodeError):
                return StringAttr(found.data.decode())
        return found


def parse_module(
    context: Context, text: bytes | str, name: str, *, implicit_module: bool = True
) -> ModuleOp:
    """Parse a module; `name` names the text in errors.

    Raises:
        ParseError: the text is no IR; with line and column.
        SpatemError: the text is not UTF-8, or a string in it does not end.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise SpatemError(f"{name}: is not UTF-8 text (byte {error.start})") from error
    check_strings(text, name)
    parser = ModuleParser(context, text, name)
    try:
        return parser.parse_module(implicit_module)
    except (ParseError, SpatemError):
        raise
    except RecursionError:
        parser.raise_error("the text is nested too deeply")
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]
        parser.raise_error(f"malformed IR: {lines[0]}")


def check_strings(text: str, name: str) -> None:
    """Check that every string literal ends on its line.

    xDSL's lexer takes exponential time to find that one does not.

    Raises:
        SpatemError: naming line and column of the string.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        column = 0
        while (start := line.find('"', column)) >= 0:
            if "//" in line[column:start]:
                break
            column = start + 1
            while column < len(line) and line[column] != '"':
                column += 2 if line[column] == "\\" else 1
            if column >= len(line):
                raise SpatemError(f"{name}:{number}:{start + 1}: this string does not end")
            column += 1
