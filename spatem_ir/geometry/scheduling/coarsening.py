"""Due times in fewer words: windows that nothing comes between are due at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.scheduling.sequencing import Due, ProgramClass, copies_of
from spatem_ir.geometry.shapes.repeats import maximal_runs

Ints = NDArray[np.int64]


def coarsened(dues: Mapping[str, Due], classes: Iterable[ProgramClass]) -> dict[str, Due]:
    """Times from which all crossbars get the same programs, in no more runs.

    Windows of a layer between which none of the layers with which it shares crossbars is due get
    the time of the first of them.  That changes no order: if window a comes before window b of
    another layer, then so do all that get one time with a before all that get one time with b.
    Layers that are visited tile by tile, and those of which a crossbar holds several copies, keep
    their times: their own visits may come between each other's.
    """
    rivals, alone = _sharing(classes)
    numbers = {name: number for number, name in enumerate(dues)}
    events = {
        name: np.unique(due.times) * len(dues) + numbers[name]
        for name, due in dues.items()
        if name in rivals
    }
    found = dict(dues)
    for name in (name for name in alone if not dues[name].by_tile):
        due, own = dues[name], events[name]
        others = [events[other] for other in rivals[name]]
        before = np.searchsorted(np.sort(np.concatenate([own[:0], *others])), own)
        times = own // len(dues)
        window = np.searchsorted(times, due.times)
        together = times[np.searchsorted(before, before)][window]
        if not np.array_equal(due.times, together):
            found[name] = Due(min(due.times, together, key=_runs), due.by_tile)
    return found


def _sharing(classes: Iterable[ProgramClass]) -> tuple[dict[str, set[str]], list[str]]:
    """The other layers with which each layer shares crossbars; layers with one copy on each."""
    rivals: dict[str, set[str]] = {}
    crowded: set[str] = set()
    for members in classes:
        names = {slot.node.name for slot in members.slots}
        for name in names:
            rivals.setdefault(name, set()).update(names - {name})
            own = [copies_of(slot) for slot in members.slots if slot.node.name == name]
            if any((copies != own[0]).any() for copies in own[1:]):
                crowded.add(name)
    return rivals, [name for name in rivals if name not in crowded]


def _runs(times: Ints) -> int:
    """How many runs with one step the times are, and so how much is to be said of them."""
    return len(maximal_runs(times.reshape(-1))[0])
