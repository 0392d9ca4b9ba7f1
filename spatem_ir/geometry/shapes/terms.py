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

    def __str__(self) -> str:
        if self.length == 1:
            return str(self.start)
        if self.step == 0:
            return f"{self.start} times {self.length}"
        beyond = 1 if self.step > 0 else -1
        text = f"{self.start} to {self.start + (self.length - 1) * self.step + beyond}"
        return text if self.step == 1 else f"{text} step {self.step}"


class Repeat(NamedTuple):
    """The terms of `body` one after the other, `times` times, each time `stride` further."""

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

    def __str__(self) -> str:
        body = ", ".join(map(str, self.body))
        body = body if len(self.body) == 1 else f"({body})"
        return f"{body} repeat {self.times}" + (f" by {self.stride}" if self.stride else "")


Term = Run | Repeat
