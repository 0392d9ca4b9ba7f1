"""The work of `spatem-bench explore`: explore a space, write its files, print the front."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from spatem_ir.study.bars import bar_of
from spatem_ir.study.explore.documents import csv_of, json_of, page_of
from spatem_ir.study.explore.exploration import Tally, explore
from spatem_ir.study.explore.space_file import load_space
from spatem_ir.study.explore.store import ResultStore
from spatem_ir.study.explore.workers import LocalWorkers, OwnProcess

if TYPE_CHECKING:
    from spatem_ir.study.destination import Destination
    from spatem_ir.study.explore.exploration import Explored
    from spatem_ir.study.explore.workers import Workers


def run_explore(
    file: Path,
    *,
    store: Path | None,
    jobs: int,
    scheduler: str | None,
    destination: Destination,
    as_json: bool,
) -> str:
    """Explore the space of a file, write the files, and give what is to be printed.

    Raises:
        SpatemError: the file is wrong, a file cannot be written, or there are no workers; found
            before anything is run where possible.
    """
    space = load_space(file)
    destination.check()
    if store is None:
        store = (destination.folder or Path()) / f"{file.stem}.sqlite"
    if destination.folder is not None:
        destination.folder.mkdir(parents=True, exist_ok=True)
    with workers_of(jobs, scheduler) as workers, ResultStore(store) as kept, bar() as progress:
        exploration = explore(space, kept, workers, progress)
    tell_of(exploration, progress, store)
    if destination.folder is not None:
        destination.write(documents_of(exploration), page_of(exploration))
    return json_of(exploration) if as_json else page_of(exploration)


def workers_of(jobs: int, scheduler: str | None) -> Workers:
    """What evaluates points: the workers of a scheduler, processes of this machine, or this one."""
    if scheduler is not None:
        from spatem_ir.study.explore.cluster import ClusterWorkers

        return ClusterWorkers(scheduler)
    return OwnProcess() if jobs == 1 else LocalWorkers(jobs)


def documents_of(exploration: Explored) -> dict[str, bytes]:
    """The files of an exploration by name."""
    found = {
        "explore.csv": csv_of(exploration).encode(),
        "explore.json": json_of(exploration).encode(),
        "front.md": page_of(exploration).encode(),
    }
    if util.find_spec("bokeh") is None:
        print(
            "spatem-bench: no explore.html: bokeh is not installed; install the extra report: "
            "spatem-ir[report]",
            file=sys.stderr,
        )
        return found
    from spatem_ir.study.explore.charts import page_html

    return found | {"explore.html": page_html(exploration).encode()}


@contextmanager
def bar() -> Iterator[Tally]:
    """A bar on stderr with the time left, if that is a terminal."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("left"),
    )
    with bar_of(*columns) as shown:
        task = shown.add_task("", total=None)

        def report(progress: Tally) -> None:
            failed = f", {progress.failed} without results" if progress.failed else ""
            shown.update(
                task,
                total=progress.total,
                completed=progress.done,
                description=f"{progress.kept} from the store{failed}",
            )

        yield Tally(report=report)


def tell_of(exploration: Explored, progress: Tally, store: Path) -> None:
    """Say on stderr what was kept, and what should be doubted."""
    doubted = [explored for explored in exploration.points if explored.doubts]
    if progress.kept:
        print(f"spatem-bench: {progress.kept:,} points were in {store} already", file=sys.stderr)
    if doubted:
        print(
            f"spatem-bench: warning: {len(doubted):,} points are doubtful (column doubt), as "
            f"{doubted[0].doubts[0]}",
            file=sys.stderr,
        )
