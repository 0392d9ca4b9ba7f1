"""Functions that numba compiles and keeps on disk; what is damaged there is compiled again.

numba itself loads whatever it finds, machine code included.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

DIGEST_BYTES = hashlib.sha256().digest_size


def kept(function: Callable[..., Any], **options: Any) -> Any:
    """A compiled function that is kept on disk where numba finds a place."""
    compiled: Any = njit(**options)(function)
    with suppress(RuntimeError):  # there is no place
        compiled._cache = _CheckedCache(function)
    return compiled


class _CheckedFiles(IndexDataCacheFile):
    """An index and its data, each with a digest behind it, which unpickling does not read."""

    def _dump(self, obj: object) -> bytes:
        pickled = super()._dump(obj)
        return pickled + hashlib.sha256(pickled).digest()

    def _load_index(self) -> dict[Any, str]:
        """The names of data files by signature; none if the index is damaged."""
        with suppress(Exception):  # damaged pickles raise anything
            with Path(self._index_path).open("rb") as file:
                pickle.load(file)
                content = file.read()
            if is_whole(content):
                return super()._load_index()
        return {}

    def _load_data(self, name: str) -> Any:
        """What was compiled; None if the file is damaged."""
        content = Path(self._data_path(name)).read_bytes()
        return super()._load_data(name) if is_whole(content) else None


def is_whole(content: bytes) -> bool:
    """Whether some bytes end in the digest of those before it."""
    return hashlib.sha256(content[:-DIGEST_BYTES]).digest() == content[-DIGEST_BYTES:]


class _CheckedCache(FunctionCache):
    """The compiled forms of a function on disk."""

    def __init__(self, function: Callable[..., Any]):
        super().__init__(function)
        self._cache_file = _CheckedFiles(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled; a full disk does not stop what it was compiled for."""
        with suppress(OSError):
            super().save_overload(sig, data)
