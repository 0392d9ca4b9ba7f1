"""When the stages of an execution begin and end, and what is rewritten for them (rule R14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class StageTimes:
    """A stage of the first batch of images.

    Attributes:
        begins: The cycle in which it begins.
        ends: The cycle from which on nothing of it happens any more.
        written: How many crossbars are rewritten before it, in every batch but the first.
        write_cycles: How long the one of these takes that takes longest.
        awaited_cycles: How long the stage waits for crossbars to be written, when the stage before
            has ended.
    """

    begins: int
    ends: int
    written: int
    write_cycles: int
    awaited_cycles: int

    @property
    def cycles(self) -> int:
        """How long it computes."""
        return self.ends - self.begins


class CrossbarWrite(NamedTuple):
    """A crossbar that is rewritten: from which cycle on, and for how many."""

    crossbar: int
    start: int
    cycles: int

    @property
    def end(self) -> int:
        """The cycle from which on the crossbar holds what its stage needs."""
        return self.start + self.cycles


@dataclass(frozen=True)
class StagedTimes:
    """What several stages take.

    Attributes:
        stages: The stages of the first batch, whose cells are in place where no stage before uses
            them.
        writes: What is rewritten before each of them, in that batch.
        batch_cycles: From the end of the first batch of images to that of the second.
        set_pulses, reset_pulses: With which cells are rewritten in a batch, its stage 0 included.
        written_cells: The cells that change in a batch.
    """

    stages: tuple[StageTimes, ...]
    writes: tuple[tuple[CrossbarWrite, ...], ...]
    batch_cycles: int
    set_pulses: int
    reset_pulses: int
    written_cells: int
