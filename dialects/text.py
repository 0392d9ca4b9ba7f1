"""Strings in attributes: any text, as xDSL prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.parser import AttrParser


def parse_text(parser: AttrParser) -> str:
    """Parse a string, whose bytes beyond ASCII xDSL prints as escapes but reads as no string."""
    text = parser.parse_optional_str_literal()
    if text is not None:
        return text
    start = parser.pos
    content = parser.expect(parser.parse_optional_bytes_literal, "string literal expected")
    try:
        return content.decode()
    except UnicodeDecodeError:
        parser.raise_error("the string is not UTF-8 text", start)
