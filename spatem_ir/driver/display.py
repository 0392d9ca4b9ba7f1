"""Facts as text and as a table of a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

Fact = tuple[str, str]
"""What it is, and what it says."""


def as_text(facts: Sequence[Fact]) -> str:
    """One line for each fact."""
    width = max(len(name) for name, _ in facts)
    return "\n".join(f"{name:<{width}}  {text}".rstrip() for name, text in facts)


def as_html(facts: Sequence[Fact]) -> str:
    """An HTML table with one row for each fact."""
    cell = '<td style="text-align:left">{}</td>'
    rows = (f"<tr>{cell.format(escape(a))}{cell.format(escape(b))}</tr>" for a, b in facts)
    return f"<table>{''.join(rows)}</table>"
