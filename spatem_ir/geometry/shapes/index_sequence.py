"""Index sequences: the sets over which one op of a deployment speaks.

A sequence is ordered and may repeat itself: it maps positions 0, 1, 2 … to indices, as
`tiles 0 to 96`, `crossbars [0 to 8, 12, 5 times 3]` or `0 to 40 repeat 3 by 41` do.  Its text is
made of strided runs and repetitions of them, so that a regular mapping of any length has a short
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


class IndexSequence:
    """An ordered sequence of indices; build it with :meth:`of`.

    A sequence that is one strided run is kept as that run, in constant space, any other one as its
    indices.  The runs of which its text consists are found when they are asked for; they are
    canonical: equal sequences have equal runs.
    """

    def __init__(self, kept: Run | Ints):
        self._kept = kept

    @staticmethod
    def of(indices: Iterable[int] | NDArray[np.integer]) -> IndexSequence:
        """The sequence of the given indices, in time linear in their number."""
        import numpy as np

        if isinstance(indices, range) and _is_run(indices):
            return IndexSequence(Run(indices.start, len(indices), indices.step))
        if not isinstance(indices, np.ndarray):
            indices = list(indices)
        array = np.array(indices, np.int64)
        if len(array) > 2 and (np.diff(array) == array[1] - array[0]).all():
            return IndexSequence(Run(int(array[0]), len(array), int(array[1] - array[0])))
        array.flags.writeable = False
        return IndexSequence(array)

    @staticmethod
    def range(start: int, stop: int, step: int = 1) -> IndexSequence:
        """The strided range from `start` up to and without `stop`."""
        return IndexSequence.of(range(start, stop, step))

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The runs that the sequence's text names."""
        if isinstance(self._kept, Run):
            return (self._kept,)
        if len(self._kept) == 0:
            return ()
        columns = _repeated_runs(*_maximal_runs(self._kept))
        return tuple(map(Run._make, zip(*columns.tolist(), strict=True)))

    def __len__(self) -> int:
        return self._kept.size

    def __iter__(self) -> Iterator[int]:
        if isinstance(self._kept, Run):
            return self._kept.indices()
        return iter(self._kept.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IndexSequence) and self.runs == other.runs

    def __hash__(self) -> int:
        return hash(self.runs)

    def __str__(self) -> str:
        if len(self.runs) == 1:
            return str(self.runs[0])
        return f"[{', '.join(map(str, self.runs))}]"

    def __repr__(self) -> str:
        return f"IndexSequence({self})"

    @property
    def minimum(self) -> int:
        """The smallest index; the sequence must not be empty."""
        return self._extremes[0]

    @property
    def maximum(self) -> int:
        """The largest index; the sequence must not be empty."""
        return self._extremes[1]

    @property
    def is_range(self) -> bool:
        """Whether the sequence is kept as a run of consecutive indices."""
        return isinstance(self._kept, Run) and abs(self._kept.step) == 1

    @cached_property
    def _extremes(self) -> tuple[int, int]:
        if isinstance(self._kept, Run):
            return min(self._kept.corners), max(self._kept.corners)
        return int(self._kept.min()), int(self._kept.max())

    def to_array(self) -> Ints:
        """The indices as an array of shape [length]; it may be one that cannot be written."""
        import numpy as np

        if isinstance(self._kept, Run):
            return np.arange(self._kept.length, dtype=np.int64) * self._kept.step + self._kept.start
        return self._kept


def expanded(columns: Ints) -> Ints:
    """The indices of runs whose fields are given: shape [5, runs], in the order of :class:`Run`."""
    import numpy as np

    starts, lengths, steps, repeats, strides = columns
    sizes = lengths * repeats
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    repeat, position = np.divmod(within, np.repeat(lengths, sizes))
    starts, steps, strides = (np.repeat(x, sizes) for x in (starts, steps, strides))
    return starts + position * steps + repeat * strides


def _is_run(indices: range) -> bool:
    """Whether a range is one run: not if it is empty, or a pair further apart than by one."""
    return len(indices) > 2 or (len(indices) > 0 and indices.step == 1)


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
