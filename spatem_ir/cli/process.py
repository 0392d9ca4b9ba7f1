"""How the tools use the process they run in: numpy's threads, and Python's garbage collector."""

from __future__ import annotations

import atexit
import gc
import os
from functools import cache

TIMEOUT_VARIABLE = "OPENBLAS_THREAD_TIMEOUT"
"""Environment variable of OpenBLAS: 2^n clock ticks for which a thread without work spins."""

SHORTEST_TIMEOUT = "4"
"""The smallest n that OpenBLAS takes; its default lets threads spin for a tenth of a second."""

COLLECTOR_THRESHOLDS = (300_000, 5, 5)
"""New objects after which the collector looks for garbage among them, and after how many such
collections among older ones; by default Python counts to 700, 10 and 10."""


@cache
def tune_process() -> None:
    """Save processor time that a tool has no use for; once, before anything large is imported.

    - OpenBLAS, which reads its variables when numpy is imported, lets its threads sleep between the
      matrix products of a network, unless the user says otherwise.
    - Modules and the IR are many objects, hardly any of which become garbage before the tool ends:
      the collector looks for it seldom.
    - When the tool has ended, the system takes back all memory at once; nothing is collected.
    """
    os.environ.setdefault(TIMEOUT_VARIABLE, SHORTEST_TIMEOUT)
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    atexit.register(gc.freeze)
