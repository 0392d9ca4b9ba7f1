"""Compilation of the fast engine, which numba keeps on disk: once on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

NOTICE = "compiling the fast engine for this machine, once: about 20 s of one core"
"""What is said when the compilation begins."""


class _FirstCompilation(event.Listener):
    """Tells that a compilation begins, once."""

    def __init__(self, note: Callable[[str], None]):
        self.note: Callable[[str], None] | None = note

    def on_start(self, event: Any) -> None:
        """A compilation begins."""
        if self.note is not None:
            self.note(NOTICE)
            self.note = None

    def on_end(self, event: Any) -> None:
        """A compilation has ended."""


@contextmanager
def compilation_noted(note: Callable[[str], None]) -> Iterator[None]:
    """Tell `note` when numba has to compile; nothing is said of what it finds on disk."""
    listener = _FirstCompilation(note)
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)
