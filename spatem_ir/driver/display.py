"""Facts and tables as text, and as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

Fact = tuple[str, str]
"""What it is, and what it says."""


def as_text(facts: Sequence[Fact]) -> str:
    """One line for each fact."""
    width = max(len(name) for name, _ in facts)
    return "\n".join(f"{name:<{width}}  {text}".rstrip() for name, text in facts)


def as_html(
    rows: Iterable[Iterable[str]], header: Sequence[str] = (), titles: Iterable[str] | None = None
) -> str:
    """An HTML table; `titles` are what is shown when the pointer rests on a row."""
    texts = [[escape(cell) for cell in row] for row in rows]
    hovers = [""] * len(texts) if titles is None else [escape(title) for title in titles]
    head = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in header)}</tr>" if header else ""
    body = "".join(
        f'<tr title="{hover}">{_cells(row)}</tr>' for hover, row in zip(hovers, texts, strict=True)
    )
    return f"<table>{head}{body}</table>"


def _cells(row: Sequence[str]) -> str:
    return "".join(f'<td style="text-align:left; white-space:pre">{cell}</td>' for cell in row)
