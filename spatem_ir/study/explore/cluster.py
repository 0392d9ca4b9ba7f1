"""Workers of a Dask cluster, on this machine or on others."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self, cast

from spatem_ir.study.explore.evaluation import Finding, evaluate
from spatem_ir.study.runner import LOST
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.study.explore.experiments import Experiment

CONNECT_SECONDS = 10
"""How long a scheduler is waited for."""


class ClusterWorkers:
    """The workers of a Dask scheduler.

    Dask gives the experiments of a worker that is gone to others; one that ended several workers
    has failed.

    Raises:
        SpatemError: Dask is not installed, or there is no scheduler.
    """

    def __init__(self, address: str):
        self.address = address
        logging.getLogger("distributed").setLevel(logging.ERROR)
        try:
            from distributed import Client
        except ImportError as error:
            raise SpatemError(
                "--scheduler needs dask.distributed: install the extra cluster: spatem-ir[cluster]"
            ) from error
        try:
            self.client: Any = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise SpatemError(
                f"--scheduler {address}: no scheduler of Dask answers there; start one with "
                "dask scheduler, and workers with dask worker"
            ) from error

    def findings(self, experiments: Iterable[Experiment]) -> Iterator[Finding]:
        """The finding of each experiment, in the order in which they are there."""
        from distributed import CancelledError, KilledWorker, as_completed

        keys = {experiment.key: experiment for experiment in experiments}
        futures = [
            self.client.submit(evaluate, experiment, key=key) for key, experiment in keys.items()
        ]
        done = as_completed(futures, loop=self.client.loop, with_results=True, raise_errors=False)
        del futures  # a result that nobody holds is forgotten by the cluster
        for future, result in done:
            error = result[1] if isinstance(result, tuple) else result
            if isinstance(error, KilledWorker):
                yield Finding(future.key, {}, LOST, is_lasting=False)
            elif isinstance(error, CancelledError):
                raise SpatemError(
                    f"--scheduler {self.address}: the scheduler is gone; run again to go on: what "
                    "was finished is kept"
                )
            elif isinstance(error, BaseException):
                raise error
            else:
                yield cast("Finding", result)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
