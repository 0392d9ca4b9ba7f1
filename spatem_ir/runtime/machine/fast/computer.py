"""The computer on which a machine is simulated: whether it has memory enough."""

from __future__ import annotations

import os
from pathlib import Path

from spatem_ir.support.errors import SpatemError


class MemoryShortError(SpatemError):
    """There is too little memory for an execution on the computer on which it is simulated."""


def check_memory(needed: int, images: int) -> None:
    """Check that so many bytes are available.

    Raises:
        MemoryShortError: they are not.
    """
    available = available_bytes()
    if needed > available:
        raise MemoryShortError(
            f"the fast engine needs {needed / 1e9:.3f} GB for {images} images in flight, "
            f"{available / 1e9:.3f} GB are available; use fewer images or a smaller deployment"
        )


def available_bytes() -> int:
    """Memory that can be taken without swapping; all there is where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        sizes = dict(line.split(":", 1) for line in lines)
        return int(sizes["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
