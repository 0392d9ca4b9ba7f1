"""What long work tells the one who waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Messages:
    """Who is told what a run does; by default nobody.

    Attributes:
        step: is told whenever a step begins: ``pass pack``.
        note: is told what should be read in any case: doubts about an accelerator, waiting that
            happens once only.
    """

    step: Callable[[str], None] = silent
    note: Callable[[str], None] = silent


SILENT = Messages()
