"""Index sequences: the sets over which one op of a deployment speaks.

A sequence is ordered and may repeat itself: it maps positions 0, 1, 2 … to indices, as
`tiles 0 to 96`, `crossbars [0 to 8, 12, 5 times 3]` or `0 to 40 repeat 3 by 41` do.  It is kept as
strided runs and repetitions of them, so that a regular mapping of any length takes constant space.
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
    """`length` indices from `start` on, `step` apart, the whole repeated `repeats` times.

    Each repetition is `stride` further than the one before; a step of 0 repeats `start`.
    """

    start: int
    length: int
    step: int
    repeats: int = 1
    stride: int = 0

    def indices(self) -> Iterator[int]:
        """The run's indices in order."""
        for repeat in range(self.repeats):
            first = self.start + repeat * self.stride
            for position in range(self.length):
                yield first + position * self.step

    @property
    def size(self) -> int:
        """How many indices the run has."""
        return self.length * self.repeats

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Indices among which are the smallest and the largest one."""
        last, further = (self.length - 1) * self.step, (self.repeats - 1) * self.stride
        return self.start, self.start + last, self.start + further, self.start + last + further

    def __str__(self) -> str:
        if self.length == 1:
            text = str(self.start)
        elif self.step == 0:
            text = f"{self.start} times {self.length}"
        else:
            beyond = 1 if self.step > 0 else -1
            text = f"{self.start} to {self.start + (self.length - 1) * self.step + beyond}"
            text += "" if self.step == 1 else f" step {self.step}"
        return text if self.repeats == 1 else f"{text} repeat {self.repeats} by {self.stride}"


@dataclass(frozen=True)
class IndexSequence:
    """An ordered sequence of indices, as strided runs.

    Build it with :meth:`of`, which makes the runs canonical: equal sequences have equal runs.
    """

    runs: tuple[Run, ...]

    @staticmethod
    def of(indices: Iterable[int]) -> IndexSequence:
        """The sequence of the given indices."""
        return IndexSequence(tuple(_repeated_runs(_maximal_runs(indices))))

    @staticmethod
    def range(start: int, stop: int, step: int = 1) -> IndexSequence:
        """The strided range from `start` up to and without `stop`."""
        return IndexSequence.of(range(start, stop, step))

    @cached_property
    def length(self) -> int:
        """How many indices the sequence has."""
        return sum(run.size for run in self.runs)

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
        return min(min(run.corners) for run in self.runs)

    @property
    def maximum(self) -> int:
        """The largest index; the sequence must not be empty."""
        return max(max(run.corners) for run in self.runs)

    def to_array(self) -> NDArray[np.int64]:
        """The indices as an array of shape [length]."""
        import numpy as np

        if not self.runs:
            return np.empty(0, np.int64)
        starts, lengths, steps, repeats, strides = np.array(self.runs, np.int64).T
        sizes = lengths * repeats
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        repeat, position = np.divmod(within, np.repeat(lengths, sizes))
        starts, steps, strides = (np.repeat(x, sizes) for x in (starts, steps, strides))
        return starts + position * steps + repeat * strides


def _repeated_runs(runs: Iterable[Run]) -> Iterator[Run]:
    """Join neighbouring runs of the same form whose starts are equally far apart."""
    pending: Run | None = None
    for run in runs:
        if pending is not None and pending[1:3] == run[1:3]:
            stride = run.start - (pending.start + (pending.repeats - 1) * pending.stride)
            if pending.repeats == 1 or stride == pending.stride:
                pending = pending._replace(repeats=pending.repeats + 1, stride=stride)
                continue
        if pending is not None:
            yield from _worthwhile(pending)
        pending = run
    if pending is not None:
        yield from _worthwhile(pending)


def _worthwhile(run: Run) -> Iterator[Run]:
    """The run, or its repetitions one by one where that is as short."""
    if run.repeats != 2:
        yield run
    else:
        yield from (
            Run(run.start + n * run.stride, run.length, run.step) for n in range(run.repeats)
        )


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
