"""What crossbars that choose (rule R11) ran in which order, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.crossbar_program import CrossbarProgram


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

    def frozen(self, programs: Iterable[CrossbarProgram]) -> Iterator[CrossbarProgram]:
        """The programs that were executed, with the visits of image 0 in the order that they took.

        Crossbars that shared a program share one still where they ran the same order.  If image 0
        was alone in flight, every event of a run of these programs in order (R1) has the time that
        it had: a crossbar asks for an operand when it has room and the operand is ready, in both.
        """
        for program in programs:
            members: dict[bytes, list[int]] = {}
            for member, crossbar in enumerate(program.crossbars.tolist()):
                places = self.places[self.of(crossbar)]
                order = places[places < len(program.bursts)]
                members.setdefault(order.tobytes(), []).append(member)
            for order, own in members.items():
                places = np.frombuffer(order, self.places.dtype)
                yield replace(
                    program,
                    crossbars=program.crossbars[own],
                    tiles=program.tiles[:, own],
                    bursts=program.bursts[places],
                    windows=program.windows[places],
                )
