"""Files that are written all or nothing."""

from __future__ import annotations

import os
from pathlib import Path

from spatem_ir.errors import SpatemError


def write_whole(path: str, text: str) -> None:
    """Write a text file all or nothing."""
    partial = f"{path}.partial"
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(partial, path)
    except OSError as error:
        Path(partial).unlink(missing_ok=True)
        raise SpatemError(f"{path}: cannot be written: {error.strerror}") from error
