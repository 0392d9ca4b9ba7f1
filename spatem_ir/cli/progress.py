"""What `spatem-run` says on stderr while it works, and how long its steps took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from spatem_ir.cli.errors import tell
from spatem_ir.support.messages import Messages

PATIENCE_SECONDS = 1.0
"""Steps that begin earlier than this are not reported: a quick error then is the only line."""

REPORT_SECONDS = 5.0
"""Between two lines on how far a step is."""


class ProgressLines:
    """Says what is being done, once the run takes long enough to wonder, and how far it is.

    On a terminal only, unless `is_shown` says so: in a file or a log nobody waits.

    What should be read in any case is said once, however often work tells it.
    """

    def __init__(self, tool: str, is_shown: bool | None = None) -> None:
        self.tool = tool
        self.is_shown = sys.stderr.isatty() if is_shown is None else is_shown
        self.start = self.begun = self.told = time.monotonic()
        self.doing: str | None = None
        self.ended: list[tuple[str, float]] = []
        self.noted: set[str] = set()

    @property
    def seconds(self) -> list[tuple[str, float]]:
        """Each step, in order, and how long it took, or has taken so far."""
        if self.doing is None:
            return self.ended
        return [*self.ended, (self.doing, time.monotonic() - self.begun)]

    @contextmanager
    def watching(self) -> Iterator[Messages]:
        """Who is told of the steps of a run; the last one ends with the run."""
        yield Messages(self.step, self.note, self.progress)
        self._end(time.monotonic())

    def step(self, text: str) -> None:
        """Report a step that begins now."""
        now = time.monotonic()
        self._end(now)
        self.doing, self.begun, self.told = text, now, now
        if self.is_shown and now - self.start > PATIENCE_SECONDS:
            tell(f"{self.tool}: {text} …")

    def note(self, text: str) -> None:
        """Say what should be read in any case, unless it has been said."""
        if text not in self.noted:
            self.noted.add(text)
            tell(f"{self.tool}: {text}")

    def progress(self, share: float) -> None:
        """Report which share of the step is done, and the time left if it goes on like this."""
        now = time.monotonic()
        if not self.is_shown or now - self.told < REPORT_SECONDS:
            return
        self.told = now
        left = (now - self.begun) * (1 - share) / share if share else None
        rest = "" if left is None else f", {duration(left)} left"
        tell(f"{self.tool}: {self.doing}: {share:.0%}{rest}")

    def _end(self, now: float) -> None:
        if self.doing is not None:
            self.ended.append((self.doing, now - self.begun))
        self.doing = None


def duration(seconds: float) -> str:
    """A time to be read: ``2 h 05 min``, ``3 min 20 s``, ``12 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
