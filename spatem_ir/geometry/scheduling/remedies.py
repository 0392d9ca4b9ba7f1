"""What can be done where buffers do not suffice, whatever waits for what.

[R] A map that a reader needs late can be spilled for it, and a pooling over a whole map can work
row by row (:mod:`spatem_ir.geometry.network.decided`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from spatem_ir.support.errors import DoesNotFitError


class Remedy(NamedTuple):
    """A reader that is not to need a node's results in a buffer for so long, by their names.

    It works `by_rows` if it is a pooling over the whole map; otherwise the results are spilled.
    """

    node: str
    reader: str
    by_rows: bool


class BuffersTooSmallError(DoesNotFitError):
    """Producers cannot wait so that all buffers suffice.

    Attributes:
        remedies: finds what would take the most bytes out of the buffers that are too small.
    """

    def __init__(self, message: str, remedies: Callable[[], list[Remedy]]):
        super().__init__(message)
        self.remedies = remedies
