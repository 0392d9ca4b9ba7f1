"""Latency and communication together: which strategies no other one beats in both."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.study.markdown import MISSING, count, percent, table
from spatem_ir.study.study import COMPARISON

if TYPE_CHECKING:
    from spatem_ir.study.study import Study


class Cost(NamedTuple):
    """What a deployment by a strategy takes: cycles, and bytes of communication."""

    latency: int
    communication: int
    strategy: str


def costs(study: Study) -> dict[str, list[Cost]]:
    """The costs of all strategies that have results, by network, by ascending latency."""
    found: dict[str, list[Cost]] = {network: [] for network in study.plan.networks}
    for outcome in study.of_part(COMPARISON):
        metrics = outcome.metrics
        if metrics is not None and metrics.latency_cycles and metrics.communication_bytes:
            cost = Cost(metrics.latency_cycles, metrics.communication_bytes, outcome.point.strategy)
            found[outcome.point.network].append(cost)
    return {network: sorted(own) for network, own in found.items()}


def front(found: list[Cost]) -> list[Cost]:
    """Those, of costs by ascending latency, that communicate less than all that are as fast."""
    return [
        cost
        for number, cost in enumerate(found)
        if all(cost.communication < faster.communication for faster in found[:number])
    ]


def front_text(study: Study) -> str:
    """A table of all costs, and how much less is sent in the time of the first baseline."""
    baseline = study.baselines[0]
    rows, gains = [], []
    for network, found in costs(study).items():
        base = next((cost for cost in found if cost.strategy == baseline), None)
        best = front(found)
        rows += [
            (
                network,
                cost.strategy,
                count(cost.latency),
                count(cost.communication),
                MISSING if base is None else percent(1 - cost.communication / base.communication),
                "yes" if cost in best else MISSING,
            )
            for cost in found
        ]
        if base is not None:
            fast = [cost.communication for cost in found if cost.latency <= base.latency]
            gains.append(1 - min(fast) / base.communication)
    header = (
        "network",
        "strategy",
        "latency",
        "communication",
        f"lower than with {baseline} by",
        "on the front",
    )
    text = table(header, rows, texts=2)
    if gains:
        text += (
            f"\n\nThe deployment that communicates least, of those no slower than {baseline}, "
            f"communicates {percent(mean(gains))} less than it, on average over "
            f"{len(gains)} networks."
        )
    return text
