"""Workers: what evaluates experiments, in this process or in others of this machine."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Protocol, Self

from spatem_ir.study.explore.evaluation import Finding, evaluate
from spatem_ir.study.runner import LOST, end_with_study, stop_when_terminated
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from spatem_ir.study.explore.experiments import Experiment

MOST_LOSSES = 2
"""Processes that may end while they evaluate one experiment, before it counts as failed."""


class Workers(Protocol):
    """What evaluates experiments, several at a time; ready from `with` on."""

    def findings(self, experiments: Iterable[Experiment]) -> Iterator[Finding]:
        """The finding of each experiment, in the order in which they are there.

        Raises:
            SpatemError: a worker has another network or other code, or no worker is left.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class OwnProcess:
    """This process as the only worker."""

    def findings(self, experiments: Iterable[Experiment]) -> Iterator[Finding]:
        """The finding of each experiment, one after the other."""
        return map(evaluate, experiments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@dataclass
class _Worker:
    """A process, the connection to it, and what it evaluates."""

    process: BaseProcess
    connection: Connection
    experiment: Experiment | None = None


class LocalWorkers:
    """Processes of this machine, which keep what they have read and compiled for the next points.

    One that is killed is replaced, and what it was at is done by another; what kills two processes
    has failed.
    """

    def __init__(self, count: int):
        self.count = count
        self.workers: list[_Worker] = []

    def __enter__(self) -> Self:
        stop_when_terminated()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.process.kill()
            worker.connection.close()
        for worker in self.workers:
            worker.process.join()
        self.workers.clear()

    def findings(self, experiments: Iterable[Experiment]) -> Iterator[Finding]:
        """The finding of each experiment, in the order in which they are there."""
        waiting, losses = deque(experiments), Counter[str]()
        while waiting or any(worker.experiment for worker in self.workers):
            self._give(waiting)
            busy = {worker.connection: worker for worker in self.workers if worker.experiment}
            for ready in wait(list(busy)):
                worker = busy[ready]  # type: ignore[index]
                experiment, worker.experiment = worker.experiment, None
                assert experiment is not None
                try:
                    found = worker.connection.recv()
                except (EOFError, OSError):
                    self._bury(worker)
                    losses[experiment.key] += 1
                    if losses[experiment.key] < MOST_LOSSES:
                        waiting.appendleft(experiment)
                    else:
                        yield Finding(experiment.key, {}, LOST, is_lasting=False)
                    continue
                if isinstance(found, SpatemError):
                    raise found
                yield found

    def _give(self, waiting: deque[Experiment]) -> None:
        """Give experiments to idle workers; start workers while there are too few."""
        for worker in list(self.workers):
            if waiting and worker.experiment is None:
                self._hand_over(worker, waiting)
        while waiting and len(self.workers) < self.count:
            worker = self._start()
            self.workers.append(worker)
            self._hand_over(worker, waiting)

    def _hand_over(self, worker: _Worker, waiting: deque[Experiment]) -> None:
        try:
            worker.connection.send(waiting[0])
        except OSError:  # it was killed while it was idle
            self._bury(worker)
        else:
            worker.experiment = waiting.popleft()

    def _start(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _bury(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        self.workers.remove(worker)


def _work(connection: Connection) -> None:
    """What a process does until the other end of the connection is closed."""
    end_with_study()
    with suppress(EOFError, OSError):
        while True:
            experiment = connection.recv()
            try:
                found = evaluate(experiment)
            except SpatemError as error:
                found = error
            connection.send(found)
