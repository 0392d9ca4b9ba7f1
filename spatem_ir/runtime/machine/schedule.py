"""What crossbars that choose (rule R11) ran in which order, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class VisitSchedule:
    """The visits of all crossbars in the order in which they ran.

    Attributes:
        crossbars: numbers of the crossbars, ascending: shape [C].
        first: the first visit of each crossbar in `places` and `starts`; a last entry counts all:
            shape [C + 1].
        places: of each visit its place in the crossbar's stream, plus the length of the stream for
            each image before its own.
        starts: the cycle in which each visit started.
        finished: the cycle in which each piece of each image was finished (R10):
            shape [images, pieces].
    """

    crossbars: NDArray[np.int32]
    first: NDArray[np.int64]
    places: NDArray[np.int32]
    starts: NDArray[np.int64]
    finished: NDArray[np.int64]

    def of(self, crossbar: int) -> slice:
        """The visits of a crossbar, entries of `places` and `starts`.

        Raises:
            KeyError: the crossbar has no visits.
        """
        index = int(np.searchsorted(self.crossbars, crossbar))
        if index == len(self.crossbars) or self.crossbars[index] != crossbar:
            raise KeyError(crossbar)
        return slice(int(self.first[index]), int(self.first[index + 1]))
