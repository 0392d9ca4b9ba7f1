"""Packages of users that add records by entry points, installed for the time of a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spatem_ir.support.register import entries_of


@contextmanager
def installed(folder: Path, name: str, source: str, group: str, entry: str) -> Iterator[None]:
    """A package of one file, `name`.py, with an entry point, found while the context lasts.

    `folder` is the folder into which it is installed.
    """
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(source)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{entry}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        entries_of.cache_clear()
        try:
            yield
        finally:
            sys.modules.pop(name, None)
            entries_of.cache_clear()
