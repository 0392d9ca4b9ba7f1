"""The work of `spatem-bench study`: run all points, make all files, write them."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from time import monotonic
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from spatem_ir.study.bars import bar_of
from spatem_ir.study.documents import dict_of, documents_of, timings_of
from spatem_ir.study.runner import run_points
from spatem_ir.study.store import OutcomeStore
from spatem_ir.study.study import Study
from spatem_ir.study.tables import body_of, markdown_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spatem_ir.study.destination import Destination
    from spatem_ir.study.points import Outcome, Point
    from spatem_ir.study.study import Plan


def run_study(
    plan: Plan,
    *,
    command: str,
    jobs: int,
    destination: Destination,
    as_json: bool,
    store: Path | None = None,
) -> str:
    """Run a study, write its files, and give what is to be printed: JSON or Markdown.

    What is in the store, a file, is not run again.

    Raises:
        SpatemError: a file cannot be written; found before anything is run where possible.
    """
    started = monotonic()
    destination.check()
    drawn = figure_maker() if destination.folder is not None else None
    points = [point for part in plan.points().values() for point in part]
    with nullcontext() if store is None else OutcomeStore(store) as kept:
        study = Study(plan, command, outcomes_of(points, plan, jobs, kept))
    documents = documents_of(study) | ({} if drawn is None else drawn(study))
    documents["timings.json"] = timings_of(study, jobs, monotonic() - started)
    destination.write(documents, body_of(study))
    return json.dumps(dict_of(study), indent=2) + "\n" if as_json else markdown_of(study)


def outcomes_of(
    points: list[Point], plan: Plan, jobs: int, store: OutcomeStore | None
) -> dict[Point, Outcome]:
    """Run points with a progress bar on stderr, if that is a terminal."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with bar_of(*columns) as progress:
        task = progress.add_task("", total=len(set(points)))

        def report(outcome: Outcome) -> None:
            verdict = "" if outcome.failure is None else ": no results"
            progress.update(task, advance=1, description=f"{outcome.point}{verdict}")

        outcomes = run_points(points, plan.setting, jobs, report, store)
        progress.update(task, description="")
    failed = sum(outcome.failure is not None for outcome in outcomes.values())
    if failed:
        print(
            f"spatem-bench: {failed} of {len(outcomes)} points have no results, for the reasons "
            "that the report gives",
            file=sys.stderr,
        )
    return outcomes


def figure_maker() -> Callable[[Study], dict[str, bytes]] | None:
    """What makes the figures by file name; None, and a line on stderr, without matplotlib."""
    from importlib import util

    if util.find_spec("matplotlib") is None:
        print(
            "spatem-bench: no figures: matplotlib is not installed; install the extra report: "
            "spatem-ir[report]",
            file=sys.stderr,
        )
        return None
    from spatem_ir.study.figures import rendered_figures

    return rendered_figures
