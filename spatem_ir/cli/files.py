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


def check_writable(path: str) -> None:
    """Check, before long work, that a file can be written.

    Raises:
        SpatemError: its folder does not exist or is not writable, or it is a folder.
    """
    folder = Path(path).parent
    if not folder.is_dir():
        raise SpatemError(f"{path}: cannot be written: there is no folder {folder}")
    if Path(path).is_dir() or not os.access(folder, os.W_OK):
        raise SpatemError(f"{path}: cannot be written")
