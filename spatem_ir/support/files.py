"""Files that are written all or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from spatem_ir.support.errors import SpatemError


@contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """A file to be written; it takes the place of `path` only once all has been written.

    Raises:
        SpatemError: it cannot be written.
    """
    partial = Path(f"{path}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise SpatemError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: str, text: str) -> None:
    """Write a text file all or nothing."""
    with whole_file(path) as file:
        file.write(text.encode())


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
