"""What papers claim of strategies, what is found here, and whether it holds.

A claim is a statement about averages or networks of a study that has the strategies it speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

from spatem_ir.study.markdown import percent, reduction, table, times
from spatem_ir.study.paper import PAPER, PAPER_BASELINES, PAPER_NETWORKS, PAPER_STRATEGY
from spatem_ir.study.points import Point
from spatem_ir.study.summary import compared

if TYPE_CHECKING:
    from spatem_ir.study.study import Study
    from spatem_ir.study.summary import Comparison


@dataclass(frozen=True)
class Claim:
    """A statement of a paper about a strategy against another one.

    `networks` are those that it is about, all of the study where there are none.  `found` gives,
    from the comparisons of at least one network, the figure that is found and whether it holds.
    """

    source: str
    stated: str
    strategy: str
    baseline: str
    networks: tuple[str, ...]
    found: Callable[[Sequence[Comparison]], tuple[str, bool]]


def _least_mean(
    value: Callable[[Comparison], float], least: float, shown: Callable[[float], str]
) -> Callable[[Sequence[Comparison]], tuple[str, bool]]:
    """At least so much, on average over networks."""

    def found(comparisons: Sequence[Comparison]) -> tuple[str, bool]:
        reached = mean(map(value, comparisons))
        return shown(reached), reached >= least

    return found


def _everywhere(
    holds: Callable[[Comparison], bool],
) -> Callable[[Sequence[Comparison]], tuple[str, bool]]:
    """On every network."""

    def found(comparisons: Sequence[Comparison]) -> tuple[str, bool]:
        where = [comparison.network for comparison in comparisons if holds(comparison)]
        text = f"on {len(where)} of {len(comparisons)}" + (f": {', '.join(where)}" * bool(where))
        return text, len(where) == len(comparisons)

    return found


def _gain_shrinks(comparisons: Sequence[Comparison]) -> tuple[str, bool]:
    """The latency is lowered by less the larger the network."""
    gains = [comparison.latency_reduction for comparison in comparisons]
    shrinks = all(later <= earlier for earlier, later in pairwise(gains))
    return ", ".join(percent(gain, 0) for gain in gains), shrinks


CLAIMS = (
    *(
        Claim("SPATEM", stated, PAPER_STRATEGY, baseline, PAPER_NETWORKS, found)
        for baseline in PAPER_BASELINES
        for stated, found in (
            (
                f"latency {percent(PAPER.latency_reduction)} lower on average",
                _least_mean(lambda c: c.latency_reduction, PAPER.latency_reduction, reduction),
            ),
            (
                f"communication {percent(PAPER.communication_reduction)} lower on average",
                _least_mean(
                    lambda c: c.communication_reduction, PAPER.communication_reduction, reduction
                ),
            ),
            (
                f"{times(PAPER.cells_ratio)} the cells used",
                _least_mean(lambda c: c.cells_ratio, PAPER.cells_ratio, times),
            ),
            ("higher parallelism on every network", _everywhere(lambda c: c.parallelism_ratio > 1)),
            ("the larger the network, the smaller the gain", _gain_shrinks),
        )
    ),
    *(
        Claim(
            "Li, Han, Chen",
            "a shorter image on every network",
            "li",
            baseline,
            (),
            _everywhere(lambda c: c.latency_reduction > 0),
        )
        for baseline in ("isaac-stride", "identical", "isaac")
    ),
    Claim(
        "HitM",
        "a shorter image than ISAAC's on every network",
        "hitm",
        "isaac",
        (),
        _everywhere(lambda c: c.latency_reduction > 0),
    ),
)
"""All claims about strategies that a study can decide."""


def claims_table(study: Study) -> str | None:
    """A row for each claim that the study is about; None if it is about none.

    Points without results are left out, and their number said.
    """
    rows = []
    for claim in CLAIMS:
        if not {claim.strategy, claim.baseline} <= set(study.plan.strategies):
            continue
        networks = [
            network
            for network in study.plan.networks
            if not claim.networks or network in claim.networks
        ]
        pairs = [
            compared(
                *(study.outcomes[Point(network, own)] for own in (claim.strategy, claim.baseline))
            )
            for network in networks
        ]
        known = [comparison for comparison in pairs if comparison is not None]
        if not known:
            continue
        text, holds = claim.found(known)
        verdict = "holds" if holds else "does not hold"
        wanted = len(claim.networks) or len(networks)
        if len(known) < wanted:
            verdict += f" ({len(known)} of {wanted} networks)"
        stated = f"{claim.strategy} against {claim.baseline}: {claim.stated}"
        rows.append((claim.source, stated, text, verdict))
    return table(("paper", "stated", "here", "verdict"), rows, texts=4) if rows else None
