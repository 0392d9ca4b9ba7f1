"""Digests of what is studied: results are kept under them."""

from __future__ import annotations

import hashlib
import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from spatem_ir.study.evaluation import network_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatem_ir.driver.sources import Source
    from spatem_ir.frontend.options import ImportOptions

SOURCES_KEPT = 8
"""Imported networks that a process keeps for the experiments to come."""


@lru_cache(maxsize=SOURCES_KEPT)
def imported_source(network: str, importing: ImportOptions) -> Source:
    """An imported network, read once in a process; its module is to be cloned, not changed.

    Raises:
        SpatemError: it cannot be imported.
    """
    return network_source(network, importing)


@cache
def network_digest(network: str, importing: ImportOptions) -> str:
    """The digest of an imported network: its IR, in which large parameters are digests.

    Raises:
        SpatemError: it cannot be imported.
    """
    return text_digest(str(imported_source(network, importing).module))


def description_key(description: Mapping[str, Any]) -> str:
    """The digest of all that a result depends on, under which it is kept."""
    text = json.dumps(description, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def text_digest(text: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
