"""The JSON of another run, with which a page compares its own."""

from __future__ import annotations

import json
from typing import Any

from spatem_ir.support.errors import SpatemError

NEEDED = ("network", "accelerator", "strategy", "latency_cycles", "layers")
"""Keys that the JSON of every run has."""


def read_run(path: str) -> dict[str, Any]:
    """What `spatem-run --json` wrote.

    Raises:
        SpatemError: the file cannot be read, or is something else.
    """
    remedy = f"write it with spatem-run NETWORK --json {path}"
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise SpatemError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SpatemError(f"{path}: is no JSON; {remedy}") from error
    if not isinstance(found, dict) or any(key not in found for key in NEEDED):
        raise SpatemError(f"{path}: is not what a run wrote; {remedy}")
    return found
