"""Index sequences: the sets over which one op of a deployment speaks.

A sequence is ordered and may repeat itself: it maps positions 0, 1, 2 … to indices, as
`tiles 0 to 96` or `crossbars [0 to 8, 12, 5 times 3]` do.  It is kept as maximal strided runs, so
that a regular mapping of any length takes constant space.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Run(NamedTuple):
    """`length` indices from `start` on, `step` apart; a step of 0 repeats `start`."""

    start: int
    length: int
    step: int

    def indices(self) -> Iterable[int]:
        """The run's indices in order."""
        if self.step == 0:
            return [self.start] * self.length
        return range(self.start, self.start + self.length * self.step, self.step)

    def __str__(self) -> str:
        if self.length == 1:
            return str(self.start)
        if self.step == 0:
            return f"{self.start} times {self.length}"
        stop = self.start + (self.length - 1) * self.step + (1 if self.step > 0 else -1)
        by = "" if self.step == 1 else f" step {self.step}"
        return f"{self.start} to {stop}{by}"


@dataclass(frozen=True)
class IndexSequence:
    """An ordered sequence of indices, as maximal strided runs.

    Build it with :meth:`of`, which makes the runs canonical: equal sequences have equal runs.
    """

    runs: tuple[Run, ...]

    @staticmethod
    def of(indices: Iterable[int]) -> IndexSequence:
        """The sequence of the given indices."""
        return IndexSequence(tuple(_maximal_runs(indices)))

    @staticmethod
    def range(start: int, stop: int, step: int = 1) -> IndexSequence:
        """The strided range from `start` up to and without `stop`."""
        return IndexSequence.of(range(start, stop, step))

    @cached_property
    def length(self) -> int:
        """How many indices the sequence has."""
        return sum(run.length for run in self.runs)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[int]:
        for run in self.runs:
            yield from run.indices()

    def __str__(self) -> str:
        if len(self.runs) == 1:
            return str(self.runs[0])
        return f"[{', '.join(map(str, self.runs))}]"

    @property
    def minimum(self) -> int:
        """The smallest index; the sequence must not be empty."""
        return min(min(run.start, run.start + (run.length - 1) * run.step) for run in self.runs)

    @property
    def maximum(self) -> int:
        """The largest index; the sequence must not be empty."""
        return max(max(run.start, run.start + (run.length - 1) * run.step) for run in self.runs)

    def to_array(self) -> NDArray[np.int64]:
        """The indices as an array of shape [length]."""
        import numpy as np

        if not self.runs:
            return np.empty(0, np.int64)
        starts, lengths, steps = np.array(self.runs, np.int64).T
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return np.repeat(starts, lengths) + within * np.repeat(steps, lengths)


def _maximal_runs(indices: Iterable[int]) -> Iterator[Run]:
    """Greedy, left to right: the longest run with one step, a pair only if its step is 0 or 1."""
    pending: list[int] = []
    step = 0
    for index in indices:
        if len(pending) >= 2 and index - pending[-1] != step:
            if len(pending) > 2 or step in (0, 1):
                yield Run(pending[0], len(pending), step)
                pending = []
            else:
                yield Run(pending[0], 1, 1)
                pending = pending[1:]
        if len(pending) == 1:
            step = index - pending[0]
        pending.append(index)
    if len(pending) == 2 and step not in (0, 1):
        yield from (Run(index, 1, 1) for index in pending)
    elif pending:
        yield Run(pending[0], len(pending), step if len(pending) > 1 else 1)
