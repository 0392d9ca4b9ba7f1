"""Progress bars on stderr, where that is a terminal."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def bar_of(*columns: ProgressColumn) -> Progress:
    """A bar of these columns; nothing is printed in a file or a log, where nobody waits."""
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
