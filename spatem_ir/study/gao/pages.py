"""The tables of `spatem-bench gao`, and all numbers as dictionaries."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from spatem_ir.study.gao.networks import CIFAR, IMAGENET
from spatem_ir.study.gao.reach import at_bound, mean_less, time_for
from spatem_ir.study.gao.runs import BASELINE, CaseResult
from spatem_ir.study.markdown import MISSING, count, number, percent, table

if TYPE_CHECKING:
    from collections.abc import Sequence

PUBLISHED = {IMAGENET: 0.1199, CIFAR: 0.4029}
"""By how much the overall latency is lower [P]."""

PUBLISHED_PROGRAMMING = 0.388
"""By how much programming is lower on ImageNet: 11.99 % of all, of which 69.09 % is computing."""

BEST = "gao"

MIB = 1 << 20

IMAGES = (1, 2, 4, 16)
"""Images that compute in a stage before the next is written."""


def body_of(
    networks: Sequence[CaseResult],
    ablation: Sequence[CaseResult],
    variants: Sequence[tuple[str, CaseResult]],
) -> str:
    """All tables."""
    return "\n\n".join(
        (
            "### Networks\n\n" + network_table(networks),
            "### Against what is published\n\n" + average_table(networks),
            "### What writing takes\n\n" + write_table(networks),
            "### The three ideas\n\n" + ablation_table(ablation),
            "### Other machines, layouts and weights\n\n" + variant_table(variants),
            "### What would reach the published latency\n\n" + reach_table(networks, variants),
            "### Images of a stage\n\n" + batch_table(networks),
        )
    )


def network_table(results: Sequence[CaseResult]) -> str:
    """Latency of all networks."""
    rows = []
    for each in results:
        base, own = each.runs[BASELINE], each.runs[BEST]
        rows.append(
            (
                each.case.network,
                each.case.data,
                str(each.stages),
                number(_ms(each, base.programming)),
                number(_ms(each, base.compute)),
                percent(-each.less(BEST), 1),
                percent(-each.less(BEST, "overall"), 1),
                _bound(each),
                number(own.seconds / max(1, each.stages), 1),
            )
        )
    header = (
        *("network", "data", "stages", "baseline writes, ms", "computes, ms"),
        *("programming", "overall", "bound of programming", "CPU s a stage"),
    )
    return table(header, rows, 2)


def average_table(results: Sequence[CaseResult]) -> str:
    """Means over networks beside what is published."""
    rows = []
    for data, published in PUBLISHED.items():
        own = [each for each in results if each.case.data == data]
        if not own:
            continue
        share = sum(r.runs[BASELINE].compute / r.runs[BASELINE].overall for r in own) / len(own)
        rows.append(
            (
                data,
                percent(share, 1),
                percent(-sum(each.less(BEST) for each in own) / len(own), 1),
                percent(-PUBLISHED_PROGRAMMING, 1) if data == IMAGENET else MISSING,
                percent(-sum(each.less(BEST, "overall") for each in own) / len(own), 1),
                percent(-published, 2),
            )
        )
    header = ("data", "computing", "programming", "published", "overall", "published")
    return table(header, rows)


def write_table(results: Sequence[CaseResult]) -> str:
    """Changed cells, units, energy, life and tables."""
    rows = []
    for each in results:
        base, own = each.runs[BASELINE], each.runs[BEST]
        rows.append(
            (
                each.case.network,
                each.case.data,
                f"{percent(base.unit_share, 1)} → {percent(own.unit_share, 1)}",
                number(own.unit_share / base.unit_share if base.unit_share else None),
                f"{percent(base.changed_share, 1)} → {percent(own.changed_share, 1)}",
                f"{count(base.energy_nj / 1000)} → {count(own.energy_nj / 1000)}",
                number(own.life_days, 0),
                number(each.table_bytes / MIB),
            )
        )
    header = (
        *("network", "data", "units with SET or RESET", "ratio", "cells that change"),
        *("write energy, µJ", "life at 30 images/s, days", "tables of a stage, MiB"),
    )
    return table(header, rows, 2)


def ablation_table(results: Sequence[CaseResult]) -> str:
    """Each idea alone, and all three."""
    rows = []
    for each in results:
        base = each.runs[BASELINE]
        for name, own in each.runs.items():
            rows.append(
                (
                    f"{each.case.network}, {each.case.data}",
                    name,
                    percent(-each.less(name), 1),
                    percent(-each.less(name, "overall"), 1),
                    number(own.changed_share / base.changed_share),
                    number(own.unit_share / base.unit_share),
                    number(own.seconds, 1),
                )
            )
    header = ("network", "strategy", "programming", "overall", "cells", "units", "CPU s")
    return table(header, rows, 2)


def variant_table(results: Sequence[tuple[str, CaseResult]]) -> str:
    """One parameter of the machine, the layout or the weights changed at a time."""
    rows = [
        (
            f"{each.case.network}, {each.case.data}",
            name,
            str(each.stages),
            percent(each.runs[BASELINE].changed_share, 1),
            percent(-each.less(BEST), 1),
            percent(-each.less(BEST, "overall"), 1),
            number(each.runs[BEST].changed_share / each.runs[BASELINE].changed_share),
            _bound(each),
        )
        for name, each in results
    ]
    header = (
        *("network", "variant", "stages", "cells that change", "programming", "overall"),
        *("ratio of cells", "bound of programming"),
    )
    return table(header, rows, 2)


def reach_table(networks: Sequence[CaseResult], variants: Sequence[tuple[str, CaseResult]]) -> str:
    """How long an operation may take for the published overall latency, by what it takes here."""
    rows = []
    for data, wanted in PUBLISHED.items():
        own = [each for each in networks if each.case.data == data]
        sets = {f"{each.case.network}, {data}": [each] for each in own}
        if len(own) > 1:
            sets[f"mean, {data}"] = own
        sets |= {
            f"{each.case.network}, {data}: {name}": [each]
            for name, each in variants
            if each.case.data == data
        }
        for name, some in sets.items():
            bases = [each.runs[BASELINE] for each in some]
            share = sum(base.compute / base.overall for base in bases) / len(bases)
            gains = (lambda each: each.less(BEST)), at_bound
            cells = []
            for gain in gains:
                cells.append(percent(-sum(map(gain, some)) / len(some), 1))
                time = time_for(some, gain, wanted)
                cells.append("never" if time is None else number(time, 3))
            rows.append((name, percent(-wanted, 2), percent(share, 1), *cells))
    header = (
        *("case", "published", "computing", "programming", "operations take"),
        *("bound of programming", "operations take at the bound"),
    )
    return table(header, rows)


def batch_table(networks: Sequence[CaseResult]) -> str:
    """The overall latency where several images compute in a stage before the next is written."""
    rows = []
    for data in PUBLISHED:
        own = [each for each in networks if each.case.data == data]
        for name, gain in (("reached", lambda each: each.less(BEST)), ("bound", at_bound)):
            if own:
                less = [percent(-mean_less(own, gain, n), 1) for n in IMAGES]
                rows.append((data, name, *less))
    return table(("data", "programming", *map(str, IMAGES)), rows, 2)


def as_dict(result: CaseResult) -> dict[str, Any]:
    """A case with all its numbers, for JSON."""
    return {
        "case": asdict(result.case),
        "slots": result.slots,
        "blocks": result.blocks,
        "bound": result.bound,
        "bound_error": result.bound_error,
        "table_bytes": result.table_bytes,
        "runs": {
            name: {
                "programming_cycles": own.programming,
                "compute_cycles": own.compute,
                "overall_cycles": own.overall,
                "energy_nj": round(own.energy_nj, 3),
                "life_days": own.life_days,
                "stages": [asdict(stage) for stage in own.stages],
            }
            for name, own in result.runs.items()
        },
    }


def _ms(result: CaseResult, cycles: int) -> float:
    return cycles * result.case.machine.cycle_ns / 1e6


def _bound(result: CaseResult) -> str:
    if result.bound is None or result.bound_error is None:
        return MISSING
    return f"{percent(result.bound - 1, 1)} ± {percent(result.bound_error, 1)}"
