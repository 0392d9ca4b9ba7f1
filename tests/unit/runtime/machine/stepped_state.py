"""What the stepped simulator keeps of servers, packets and crossbars."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from unit.runtime.machine.stepped_tables import Visit


class Job(NamedTuple):
    """Work for a server; `order` decides, `alike` jobs that wait together are done together."""

    arrival: int
    order: tuple[int, ...]
    cycles: int
    what: Any
    alike: Hashable = None


@dataclass
class Server:
    """A port, adders, units or a link."""

    waiting: list[Job] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    end: int = 0


@dataclass
class Head:
    """The head of a packet on its way to a PE, and the branches of its tree."""

    time: int
    pe: int
    packet: Packet


@dataclass
class Packet:
    """Bytes for some PEs: `kind` is what happens at the end, `what` to which piece.

    They follow each other in `pace` cycles over what they have crossed.
    """

    kind: str
    what: tuple[int, ...]
    source: int
    targets: list[int]
    size: int
    order: tuple[int, ...]
    pace: int = 0


@dataclass
class Core:
    """A crossbar: visits (over all images) asked for, with operand, started, ended."""

    visits: list[Visit]
    asked: int = 0
    loaded: int = 0
    started: int = 0
    ended: int = 0
    end: int = 0
    wants: bool = False
    starts: list[int] = field(default_factory=list)
