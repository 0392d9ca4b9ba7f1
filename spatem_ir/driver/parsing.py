"""Parsing IR from text that may hold anything."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.utils.exceptions import ParseError

from spatem_ir.support.errors import SpatemError


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
    parser = Parser(context, text, name)
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
