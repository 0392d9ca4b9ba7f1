"""The reproduction as Markdown and as a dictionary for JSON."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from spatem_ir.study.markdown import MISSING, percent, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.study.li.better import Improvement, RunTime
    from spatem_ir.study.li.machine import MachineRun
    from spatem_ir.study.li.reproduction import Reproduced


def page(
    reproduced: Sequence[Reproduced],
    improved: Sequence[Improvement],
    times: Sequence[RunTime],
    runs: Sequence[MachineRun],
) -> str:
    """All sections, of second order."""
    sections = [
        "## Deviations\n\n" + deviations_table(reproduced),
        "## Published and best allocations\n\n" + improvements_table(improved),
    ]
    if times:
        sections.append("## Table 7\n\n" + times_table(times))
    if runs:
        sections.append("## Model, steps and machine\n\n" + runs_table(runs))
    for source, several in groupby(reproduced, key=lambda each: each.source):
        sections.append(f"## {source}\n\n" + reproduction_table(list(several)))
    return "\n\n".join(sections) + "\n"


def deviations_table(reproduced: Sequence[Reproduced]) -> str:
    """What deviates by more than figures are read to, and why."""
    compared = [each for each in reproduced if not each.is_band]
    deviating = [each for each in compared if each.deviates]
    rows = [
        (
            each.source,
            each.case,
            each.quantity,
            shown(each.theirs),
            shown(each.ours),
            percent(each.deviation, 1),
            each.reason or "not known",
        )
        for each in deviating
    ]
    header = ("where", "case", "what", "theirs", "ours", "deviation", "why")
    text = f"{len(compared) - len(deviating)} of {len(compared)} numbers agree within 2 %; not so:"
    return text + "\n\n" + table(header, rows, texts=3)


def reproduction_table(reproduced: Sequence[Reproduced]) -> str:
    """All numbers of a table or figure."""
    rows = [
        (
            each.case,
            each.quantity,
            shown(each.theirs),
            shown(each.ours),
            MISSING if each.is_band else percent(each.deviation, 1),
        )
        for each in reproduced
    ]
    return table(("case", "what", "theirs", "ours", "deviation"), rows, texts=2)


def improvements_table(improved: Sequence[Improvement]) -> str:
    """The published allocations and the best ones."""
    rows = [
        (
            each.case,
            number(each.theirs),
            number(each.best.time),
            percent(1 - each.best.time / each.theirs, 1),
            percent(each.best.gap, 1) if each.best.gap else "none: proven",
            number(each.their_steps),
            number(each.steps),
            f"{each.used:,}",
            shown(tuple(each.best.copies)),
        )
        for each in improved
    ]
    header = (
        "case",
        "published solver",
        "best found",
        "lower by",
        "may be lower still by",
        "step by step, published",
        "step by step, best",
        "crossbars, best",
        "copies, best",
    )
    return table(header, rows)


def times_table(times: Sequence[RunTime]) -> str:
    """How long solvers take."""
    rows = [
        (each.case, number(each.theirs), f"{each.same_solver:.1f}", f"{each.better:.1f}")
        for each in times
    ]
    header = ("case", "theirs, s", "the same solver, CPU s", "better search, CPU s")
    return table(header, rows)


def runs_table(runs: Sequence[MachineRun]) -> str:
    """The model, the simulation step by step and the machine on the same allocations."""
    rows = [
        (
            run.network,
            run.strategy,
            number(run.operations * run.step / 1000),
            number(run.simulated * run.step / 1000),
            number(run.machine / 1000),
            percent(run.accuracy, 1),
            percent(run.machine_accuracy, 1),
            run.cause,
        )
        for run in runs
    ]
    header = (
        "network",
        "strategy",
        "model, µs",
        "step by step, µs",
        "machine, µs",
        "model's accuracy by steps",
        "by the machine",
        "the machine's critical path",
    )
    return table(header, rows, texts=2)


def shown(value: float | tuple[float, ...]) -> str:
    """A number, or several."""
    if isinstance(value, tuple):
        return " ".join(f"{each:g}" for each in value)
    return number(value)


def number(value: float) -> str:
    """A number with at most one digit behind the point."""
    return f"{value:,.1f}".removesuffix(".0")


def as_dict(
    reproduced: Sequence[Reproduced],
    improved: Sequence[Improvement],
    times: Sequence[RunTime],
    runs: Sequence[MachineRun],
) -> dict[str, Any]:
    """All results, with run times."""
    return {
        "reproduced": [
            asdict(each) | {"deviation": each.deviation, "reason": each.reason}
            for each in reproduced
        ],
        "improvements": [asdict(each) | {"gap": each.best.gap} for each in improved],
        "run_times": [asdict(each) for each in times],
        "machine": [asdict(run) for run in runs],
    }
