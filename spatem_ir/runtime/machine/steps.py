"""Steps of an execution: which task kept a resource busy when, and what let it start.

A step is a visit of a crossbar or the service of a request by another resource.  Its *cause* is the
step without whose progress it would have started earlier: the one that held its resource if it
had to wait for it, otherwise the one that made its last input available.  Ties are broken so that
both engines agree: data that came in the very cycle is a cause before a resource that became free
in it, and of several pieces that came then, the one with the lowest number counts.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class ResourceKind(StrEnum):
    """What a machine has many of."""

    CROSSBAR = "crossbars"
    PORT = "ports"
    CU_ADDERS = "CU adders"
    PE_ADDERS = "PE adders"
    LINK = "links"
    ACTIVATION = "activation units"
    POOLING = "pooling units"
    IO = "I/O"
    WRITE = "write drivers"


class PathStep(NamedTuple):
    """A step of the critical path: when it starts, on what, for which node.

    `is_queued` says whether it waited for its resource, which the step before held.
    """

    start: int
    kind: ResourceKind
    node: int
    is_queued: bool
