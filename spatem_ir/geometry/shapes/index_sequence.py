"""Index sequences: the sets over which one op of a deployment speaks.

A sequence is ordered and may repeat itself: it maps positions 0, 1, 2 … to indices, as
`tiles 0 to 96`, `crossbars [0 to 8, 12, 5 times 3]` or `(0 to 4, 7) repeat 3 by 41` do.  Its text
is made of strided runs and repetitions, so that a regular mapping of any length has a short one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.terms import Run, Term

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


class IndexSequence:
    """An ordered sequence of indices; build it with :meth:`of`.

    A sequence that is one strided run is kept as that run, in constant space, any other one as its
    indices.  The terms of which its text consists are found when they are asked for; they are
    canonical: equal sequences have equal terms.
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
    def terms(self) -> tuple[Term, ...]:
        """What the sequence's text names."""
        from spatem_ir.geometry.shapes.repeats import terms_of

        return (self._kept,) if isinstance(self._kept, Run) else terms_of(self._kept)

    def __len__(self) -> int:
        return self._kept.size

    def __iter__(self) -> Iterator[int]:
        return iter(self.to_array().tolist())

    def __eq__(self, other: object) -> bool:
        import numpy as np

        if not isinstance(other, IndexSequence) or len(self) != len(other):
            return False
        if isinstance(self._kept, Run) and isinstance(other._kept, Run):
            return self._kept == other._kept
        return np.array_equal(self.to_array(), other.to_array())

    def __hash__(self) -> int:
        ends = (self.minimum, self.maximum) if len(self) else ()
        return hash((len(self), ends))

    def __str__(self) -> str:
        text = ", ".join(map(str, self.terms))
        return text if len(self.terms) == 1 else f"[{text}]"

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
            return self._kept.extremes
        return int(self._kept.min()), int(self._kept.max())

    def to_array(self) -> Ints:
        """The indices as an array of shape [length]; it may be one that cannot be written."""
        return self._kept.indices() if isinstance(self._kept, Run) else self._kept


def _is_run(indices: range) -> bool:
    """Whether a range is one run: not if it is empty, or a pair further apart than by one."""
    return len(indices) > 2 or (len(indices) > 0 and indices.step == 1)
