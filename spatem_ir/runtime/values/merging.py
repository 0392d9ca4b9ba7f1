"""Merging of partial sums on their way from the crossbars to a slice's home (rule R5)."""

from __future__ import annotations

from typing import NamedTuple

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.numerics.exact import Exact


class Contribution(NamedTuple):
    """Partial sums of shape [columns, windows, images], and the crossbar they come from."""

    crossbar: int
    sums: Exact


def sum_of(contributions: list[Contribution]) -> Exact | None:
    """The sum of contributions; None if there are none."""
    if len(contributions) < 2:
        return contributions[0].sums if contributions else None
    total = contributions[0].sums + contributions[1].sums
    for contribution in contributions[2:]:
        total += contribution.sums
    return total


def merge(
    contributions: list[Contribution], places: tuple[str, ...], accelerator: Accelerator
) -> Exact | None:
    """Bring contributions together in the given places, from the crossbar outwards.

    Contributions meet in `cu` if they come from one CU, in `pe` if from one PE, and all at `home`;
    a place that is not named passes them on one by one.  Returns None if nothing arrives.
    """
    for place in places:
        together = accelerator.components.accumulation.crossbars_at(place)
        contributions = _meet(contributions, together)
    return sum_of(contributions) if "home" in places else None


def _meet(contributions: list[Contribution], crossbars: int) -> list[Contribution]:
    """Add up the contributions that come from the same place of so many crossbars."""
    met: dict[int, list[Contribution]] = {}
    for contribution in contributions:
        met.setdefault(contribution.crossbar // crossbars, []).append(contribution)
    merged = ((group[0].crossbar, sum_of(group)) for group in met.values())
    return [Contribution(crossbar, sums) for crossbar, sums in merged if sums is not None]
