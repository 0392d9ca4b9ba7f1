"""What long work tells the one who waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


def printable(text: str) -> str:
    """Text without characters that a terminal obeys: they and lone surrogates are escaped.

    New lines and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" or c == " " or c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def silent(_: str) -> None:
    """Say nothing."""


def unwatched(_: float) -> None:
    """Nobody looks at the progress."""


@dataclass(frozen=True)
class Messages:
    """Who is told what a run does; by default nobody.

    Attributes:
        step: is told whenever a step begins: ``pass pack``.
        note: is told what should be read in any case: doubts about an accelerator, waiting that
            happens once only.
        progress: is told from time to time which share of the step is done: 0 to 1.
    """

    step: Callable[[str], None] = silent
    note: Callable[[str], None] = silent
    progress: Callable[[float], None] = unwatched


SILENT = Messages()


_CURRENT: ContextVar[Messages] = ContextVar("messages", default=SILENT)


def current_messages() -> Messages:
    """Who is told by what cannot be given it: passes, which have options only."""
    return _CURRENT.get()


@contextmanager
def told(say: Messages) -> Iterator[None]:
    """Meanwhile, passes tell `say`."""
    token = _CURRENT.set(say)
    try:
        yield
    finally:
        _CURRENT.reset(token)
