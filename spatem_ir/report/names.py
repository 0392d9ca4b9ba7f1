"""Long names in narrow columns."""

from __future__ import annotations

from collections.abc import Sequence

ELLIPSIS = "…"


def shortened(names: Sequence[str], width: int) -> list[str]:
    """The names in at most `width` characters each: those that are longer lose a part within.

    What remains of their ends is half of the width, or as near to it as keeps most names apart.
    """
    kept = max(width - len(ELLIPSIS), 0)
    ends = sorted(range(kept + 1), key=lambda end: abs(2 * end - kept))
    ways = ([cut(name, width, end) for name in names] for end in ends)
    return max(ways, key=lambda found: len(set(found)))


def cut(name: str, width: int, end: int) -> str:
    """A name that is longer than `width` as its first characters and the last `end` ones."""
    if len(name) <= width:
        return name
    return name[: width - len(ELLIPSIS) - end] + ELLIPSIS + name[len(name) - end :]
