"""Running the points of a study in parallel processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread, current_thread, main_thread
from typing import TYPE_CHECKING

from spatem_ir.study.evaluation import evaluate
from spatem_ir.study.points import Outcome

if TYPE_CHECKING:
    from spatem_ir.study.points import Point, Setting
    from spatem_ir.study.store import OutcomeStore

Report = Callable[[Outcome], None]

LOST = "the process ended unexpectedly; is there enough memory?"
"""Why a point has no results whose process was killed, even when it ran alone."""


def run_points(
    points: Sequence[Point],
    setting: Setting,
    jobs: int,
    report: Report = lambda _: None,
    store: OutcomeStore | None = None,
) -> dict[Point, Outcome]:
    """The outcomes of points, each of which runs once, whatever the order in which they end.

    With one job the points run in this process, otherwise in `jobs` others; `report` hears of
    every outcome when it is there.  What the store has does not run, what is new it keeps.
    """
    outcomes: dict[Point, Outcome] = {}
    waiting: list[Point] = []
    for point in longest_first(list(dict.fromkeys(points))):
        kept = None if store is None else store.get(point, setting)
        if kept is None:
            waiting.append(point)
        else:
            outcomes[point] = kept
            report(kept)
    for outcome in (
        in_this_process(waiting, setting) if jobs == 1 else in_others(waiting, setting, jobs)
    ):
        if store is not None:
            store.put(outcome, setting)
        outcomes[outcome.point] = outcome
        report(outcome)
    return outcomes


def longest_first(points: list[Point]) -> list[Point]:
    """Points in an order in which processes end at about the same time.

    Networks are usually named in ascending size; so those of the last one come first.
    """
    networks = list(dict.fromkeys(point.network for point in points))
    return sorted(points, key=lambda point: -networks.index(point.network))


def in_this_process(points: list[Point], setting: Setting) -> Iterator[Outcome]:
    """Evaluate points one after the other."""
    for point in points:
        yield evaluate(point, setting)


def in_others(points: list[Point], setting: Setting, jobs: int) -> Iterator[Outcome]:
    """Evaluate points in other processes, so many at a time; in the order in which they end.

    If a process is killed, usually for want of memory, the points that are left go on one at a
    time; one whose process is killed then has failed.
    """
    waiting = dict.fromkeys(points)
    stop_when_terminated()
    while waiting:
        pool = ProcessPoolExecutor(
            min(jobs, len(waiting)), mp_context=get_context("spawn"), initializer=end_with_study
        )
        with stopped_by_errors(pool):
            futures = {pool.submit(evaluate, point, setting): point for point in waiting}
            try:
                for future in as_completed(futures):
                    outcome = future.result()
                    del waiting[outcome.point]
                    yield outcome
            except BrokenProcessPool:
                if jobs == 1:
                    lost = next(iter(waiting))
                    del waiting[lost]
                    yield Outcome(lost, failure=LOST, is_lasting=False)
                jobs = 1


@contextmanager
def stopped_by_errors(pool: ProcessPoolExecutor) -> Iterator[None]:
    """A context whose errors, such as an interrupt, end a pool at once, whatever it is doing."""
    with pool:
        try:
            yield
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                process.kill()
            raise


def stop_when_terminated() -> None:
    """Let a termination stop the study like an interrupt: with its processes and a line."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt("terminated")

    if current_thread() is main_thread():
        signal.signal(signal.SIGTERM, stop)


def end_with_study() -> None:
    """Let a worker process end without a word on an interrupt, or when the study is no more."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
