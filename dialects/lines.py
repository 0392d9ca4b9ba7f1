"""Printing on lines that are not too long."""

from __future__ import annotations

from xdsl.irdl.declarative_assembly_format import PrintingState
from xdsl.printer import Printer

LINE_LENGTH = 100
"""Columns after which a list is continued on the next line."""

LONGEST_HEAD = 250
"""Columns after which an op that goes on with its next keyword does so on the next line."""


def print_wrapped(printer: Printer, text: str) -> None:
    """Print a list, which is continued after commas on lines that are indented once more."""
    with printer.indented():
        margin = printer._indent * printer.indent_num_spaces
        printer.print_string(wrapped(text, printer._current_column, margin))


def wrapped(text: str, column: int, margin: int) -> str:
    """A list, printed from `column` on, on lines that begin at the `margin`.

    Lines end after commas, before :data:`LINE_LENGTH` columns where that is possible.
    """
    lines, left = [""], LINE_LENGTH - column
    for word in text.split(", "):
        if lines[-1] and len(lines[-1]) + len(word) + 3 > left:
            lines.append("")
            left = LINE_LENGTH - margin
        lines[-1] += f", {word}" if lines[-1] else word
    return ",\n".join(lines)


def print_keyword(printer: Printer, state: PrintingState, keyword: str) -> None:
    """Print a keyword of an op, on a new line if the one before is long."""
    if printer._current_column <= LONGEST_HEAD:
        state.print_whitespace(printer)
        printer.print_string(keyword)
    else:
        with printer.indented():
            printer.print_string(f"\n{keyword}")
