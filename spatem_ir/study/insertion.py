"""Tables of a study inside a Markdown document that people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from pathlib import Path

BEGIN, END = "<!-- study -->\n", "<!-- end of study -->\n"
"""The lines between which the tables stand."""


def insertion_point(document: Path) -> tuple[str, str]:
    """The text up to and from the tables of a document.

    Raises:
        SpatemError: it cannot be read, or the two lines are not in it, once and in this order.
    """
    try:
        text = document.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpatemError(f"{document}: cannot be read as Markdown") from error
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SpatemError(
            f"{document}: the tables need a place: a line {BEGIN.strip()} and, below it, a line "
            f"{END.strip()}"
        )
    return before + begin, end + after


def inserted(document: Path, tables: str) -> bytes:
    """The document with other tables."""
    before, after = insertion_point(document)
    return f"{before}\n{tables}\n{after}".encode()
