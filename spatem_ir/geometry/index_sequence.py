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

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


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
    def of(indices: Iterable[int] | NDArray[np.integer]) -> IndexSequence:
        """The sequence of the given indices, in time linear in their number."""
        import numpy as np

        if isinstance(indices, range):
            return IndexSequence(tuple(_pair_or_run(indices)))
        if not isinstance(indices, np.ndarray):
            indices = list(indices)
        array = np.asarray(indices, np.int64)
        if len(array) == 0:
            return IndexSequence(())
        if len(array) > 2 and (np.diff(array) == array[1] - array[0]).all():
            return IndexSequence((Run(int(array[0]), len(array), int(array[1] - array[0])),))
        columns = _repeated_runs(*_maximal_runs(array))
        sequence = IndexSequence(tuple(map(Run._make, zip(*columns.tolist(), strict=True))))
        sequence.__dict__["_columns"] = columns
        return sequence

    @staticmethod
    def range(start: int, stop: int, step: int = 1) -> IndexSequence:
        """The strided range from `start` up to and without `stop`."""
        return IndexSequence.of(range(start, stop, step))

    @cached_property
    def length(self) -> int:
        """How many indices the sequence has."""
        if len(self.runs) == 1:
            return self.runs[0].size
        return int((self._columns[1] * self._columns[3]).sum())

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
        return self._extremes[0]

    @property
    def maximum(self) -> int:
        """The largest index; the sequence must not be empty."""
        return self._extremes[1]

    @cached_property
    def _extremes(self) -> tuple[int, int]:
        if len(self.runs) == 1:
            return min(self.runs[0].corners), max(self.runs[0].corners)
        starts, lengths, steps, repeats, strides = self._columns
        last, further = (lengths - 1) * steps, (repeats - 1) * strides
        lowest = starts + last.clip(max=0) + further.clip(max=0)
        highest = starts + last.clip(min=0) + further.clip(min=0)
        return int(lowest.min()), int(highest.max())

    @cached_property
    def _columns(self) -> Ints:
        """The fields of all runs: shape [5, runs]."""
        import numpy as np

        return np.array(self.runs, np.int64).reshape(-1, 5).T

    def to_array(self) -> NDArray[np.int64]:
        """The indices as an array of shape [length]."""
        import numpy as np

        if len(self.runs) == 1 and self.runs[0].repeats == 1:
            start, length, step, _, _ = self.runs[0]
            return np.arange(length, dtype=np.int64) * step + start
        return expanded(self._columns)


def expanded(columns: Ints) -> Ints:
    """The indices of runs whose fields are given: shape [5, runs], in the order of :class:`Run`."""
    import numpy as np

    starts, lengths, steps, repeats, strides = columns
    sizes = lengths * repeats
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    repeat, position = np.divmod(within, np.repeat(lengths, sizes))
    starts, steps, strides = (np.repeat(x, sizes) for x in (starts, steps, strides))
    return starts + position * steps + repeat * strides


def _pair_or_run(indices: range) -> Iterator[Run]:
    """The runs of a range: one, or two of a single index where it is a pair further apart."""
    if len(indices) == 1:
        yield Run(indices.start, 1, 1)
    elif len(indices) == 2 and indices.step != 1:
        yield from (Run(index, 1, 1) for index in indices)
    elif indices:
        yield Run(indices.start, len(indices), indices.step)


def _maximal_runs(indices: Ints) -> tuple[Ints, Ints, Ints]:
    """Start, length and step of the runs of `indices`.

    Greedy, left to right: the longest run with one step, a pair only if its step is 0 or 1.
    """
    import numpy as np

    steps = np.diff(indices)
    first, length = _spans(steps, np.zeros(len(steps), bool), (steps == 0) | (steps == 1))
    return indices[first], length, np.where(length > 1, np.append(steps, 1)[first], 1)


def _repeated_runs(starts: Ints, lengths: Ints, steps: Ints) -> Ints:
    """The fields of runs [5, runs]: neighbours of one form with equally distant starts are joined.

    Two repetitions stay two runs, which is as short.
    """
    import numpy as np

    strides = np.diff(starts)
    apart = (np.diff(lengths) != 0) | (np.diff(steps) != 0)
    first, repeats = _spans(strides, apart, ~apart)
    pairs = np.flatnonzero(repeats == 2)
    first = np.insert(first, pairs + 1, first[pairs] + 1)
    repeats = np.insert(repeats, pairs, 1)
    repeats[pairs + 1 + np.arange(len(pairs))] = 1
    stride = np.where(repeats > 1, np.append(strides, 0)[first], 0)
    return np.stack((starts[first], lengths[first], steps[first], repeats, stride))


def _spans(differences: Ints, barriers: Bools, pairs: Bools) -> tuple[Ints, Ints]:
    """Cut n + 1 elements with n `differences` into spans with one difference, left to right.

    A span is as long as possible; one of two elements is made only where `pairs` allows it, and
    none reaches over a difference that is a barrier.  Returns the first element of each span and
    its number of elements.

    Stretches of equal differences are looked at one after the other.  A stretch loses its first
    difference if the span before took the element on its left.  Whether a stretch makes a span, and
    so takes from the next one, hence depends on the stretch before in one of three ways: it does,
    it does not, or it does just if that one did not.
    """
    import numpy as np

    if len(differences) == 0:
        return np.zeros(1, np.int64), np.ones(1, np.int64)
    changes = (differences[1:] != differences[:-1]) | barriers[1:] | barriers[:-1]
    first = np.flatnonzero(np.append(True, changes))
    length = np.diff(np.append(first, len(differences)))
    pair = pairs[first] & ~barriers[first]
    always = (length > 2) | ((length == 2) & pair)
    alternates = ((length == 2) & ~pair) | ((length == 1) & pair)
    number = np.arange(len(first))
    settled = np.maximum.accumulate(np.where(alternates, -1, number))
    turns = np.cumsum(alternates)
    turns_before, spans_before = np.append(0, turns)[settled + 1], np.append(False, always)
    makes = spans_before[settled + 1] ^ ((turns - turns_before) % 2 == 1)
    lost = np.append(False, makes[:-1])
    left = length - lost
    elements = np.where(makes, left + 1, 1)
    starts, sizes = (first + lost)[left > 0], elements[left > 0]
    if makes[-1]:
        return starts, sizes
    return np.append(starts, len(differences)), np.append(sizes, 1)
