"""The terms of which the text of an index sequence is made: strided runs and repetitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


class Run(NamedTuple):
    """`length` indices from `start` on, `step` apart; a step of 0 repeats `start`."""

    start: int
    length: int
    step: int

    def indices(self) -> Ints:
        """The indices in order."""
        import numpy as np

        return self.start + np.arange(self.length, dtype=np.int64) * self.step

    @property
    def size(self) -> int:
        """How many indices there are."""
        return self.length

    @property
    def extremes(self) -> tuple[int, int]:
        """The smallest and the largest index; there must be one."""
        last = self.start + (self.length - 1) * self.step
        return min(self.start, last), max(self.start, last)

    def moved(self, distance: int) -> Run:
        """The run with every index so much larger."""
        return Run(self.start + distance, self.length, self.step)

    def __str__(self) -> str:
        if self.length == 1:
            return str(self.start)
        if self.step == 0:
            return f"{self.start} times {self.length}"
        beyond = 1 if self.step > 0 else -1
        text = f"{self.start} to {self.start + (self.length - 1) * self.step + beyond}"
        return text if self.step == 1 else f"{text} step {self.step}"


class Repeat(NamedTuple):
    """The terms of `body` one after the other, `times` times, each time `stride` further.

    In the text of one that moves on the body counts from its start: `40 + (0 to 3, 7) repeat 5 by
    9` begins with 40, 41, 42, 47.
    """

    body: tuple[Term, ...]
    times: int
    stride: int

    def indices(self) -> Ints:
        """The indices in order."""
        import numpy as np

        once = np.concatenate([term.indices() for term in self.body])
        return (np.arange(self.times)[:, None] * self.stride + once).reshape(-1)

    @property
    def size(self) -> int:
        """How many indices there are."""
        return self.times * sum(term.size for term in self.body)

    @property
    def extremes(self) -> tuple[int, int]:
        """The smallest and the largest index; there must be one."""
        pairs = [term.extremes for term in self.body if term.size]
        further = (self.times - 1) * self.stride
        lowest, highest = min(low for low, _ in pairs), max(high for _, high in pairs)
        return lowest + min(further, 0), highest + max(further, 0)

    @property
    def start(self) -> int:
        """The first index."""
        return self.body[0].start

    def moved(self, distance: int) -> Repeat:
        """The repetition with every index so much larger."""
        return Repeat(tuple(t.moved(distance) for t in self.body), self.times, self.stride)

    def __str__(self) -> str:
        base = self.start if self.stride and len(self.body) > 1 else 0
        body = ", ".join(str(term.moved(-base)) for term in self.body)
        body = body if len(self.body) == 1 else f"({body})"
        body = f"{base} + {body}" if base else body
        return f"{body} repeat {self.times}" + (f" by {self.stride}" if self.stride else "")


Term = Run | Repeat
