"""Numbers and tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MISSING = "–"
"""What stands for a number that there is not."""


def count(value: float | None) -> str:
    """A whole number with separators."""
    return MISSING if value is None else f"{value:,.0f}"


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many digits after the point."""
    return MISSING if value is None else f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 2) -> str:
    """A share as per cent."""
    return MISSING if value is None else f"{100 * value:,.{digits}f} %"


def reduction(value: float) -> str:
    """How much lower, or higher, something is."""
    return f"{percent(value)} lower" if value >= 0 else f"{percent(-value)} higher"


def times(value: float | None, digits: int = 2) -> str:
    """A ratio as `1.25 ×`, or what stands for a missing value."""
    return MISSING if value is None else f"{value:,.{digits}f} ×"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """A table whose first `texts` columns are text, the others numbers."""
    rules = [":--" if column < texts else "--:" for column in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rules, *rows))
