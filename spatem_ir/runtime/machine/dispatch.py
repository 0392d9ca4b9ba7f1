"""In which order crossbars run their visits (rules R1 and R11)."""

from __future__ import annotations

from enum import StrEnum

from spatem_ir.support.errors import SpatemError


class Dispatch(StrEnum):
    """How crossbars choose what they run next.

    STATIC: a crossbar runs its stream in order (R1).
    FREE: of the visits whose operands are there it runs the one that its stream has first (R11).
    """

    STATIC = "static"
    FREE = "free"


def dispatch_named(name: str) -> Dispatch:
    """The dispatch of a name.

    Raises:
        SpatemError: there is none.
    """
    if name not in tuple(Dispatch):
        raise SpatemError(f"unknown dispatch '{name}'; there are {', '.join(Dispatch)}")
    return Dispatch(name)
