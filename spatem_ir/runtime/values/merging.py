"""Merging of partial sums on their way from the crossbars to a slice's home (rule R5)."""

from __future__ import annotations

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.values.accumulator import Contribution, Sums, sum_of


def merge(
    contributions: list[Contribution], places: tuple[str, ...], accelerator: Accelerator
) -> Sums | None:
    """Bring contributions of crossbars together in the given places, from the crossbar outwards.

    Contributions meet in `cu` if they come from one CU, in `pe` if from one PE, and all at `home`;
    a place that is not named passes them on one by one.  Returns None if nothing arrives.
    """
    crossbars = {
        "cu": accelerator.cu.crossbars,
        "pe": accelerator.crossbars_per_pe,
        "home": accelerator.crossbars,
    }
    for place in places:
        contributions = _meet(contributions, crossbars[place])
    return contributions[0].sums if contributions else None


def _meet(contributions: list[Contribution], crossbars: int) -> list[Contribution]:
    """Add up contributions that come from the same place of so many crossbars."""
    met: dict[int, list[Contribution]] = {}
    for contribution in contributions:
        met.setdefault(contribution.origin // crossbars, []).append(contribution)
    merged = []
    for group in met.values():
        total = sum_of(group)
        assert total is not None
        merged.append(Contribution(group[0].origin, total))
    return merged
