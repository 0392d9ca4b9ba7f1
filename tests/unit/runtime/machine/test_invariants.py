"""Figures of random programs do not contradict each other, on machines where everything contends.

The environment variable SPATEM_EXAMPLES sets how many programs are tried.
"""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random

import pytest
from unit.runtime.machine.random_programs import at_random, through_the_passes

from spatem_ir.runtime.machine.engine import executor
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.runtime.metrics.register import metrics_of
from spatem_ir.support.errors import SpatemError

SEEDS = range(int(os.environ.get("SPATEM_EXAMPLES", "40")))


WORK_BEHIND_OUTPUTS = 1527
"""A program whose output leaves long before the last work for it is done."""


@pytest.mark.parametrize("seed", [*SEEDS, WORK_BEHIND_OUTPUTS])
def test_no_figure_contradicts_another(seed: int) -> None:
    random = Random(seed)
    module = random.choice([through_the_passes, through_the_passes, at_random])(random)
    images = random.randint(2, 5)
    try:
        execute = executor("reference", module, source=str(seed), most_images=images)
        metrics = metrics_of(module, execute(1), execute(images))
    except SpatemError as error:
        assert "deadlocks" in str(error)
        return
    assert metrics.interval_cycles <= metrics.latency_cycles
    assert metrics.computation_parallelism <= metrics.crossbars_used
    assert all(layer.busy_share <= 1 for layer in metrics.layers)


def test_figures_that_contradict_each_other_are_an_error_of_ours() -> None:
    module = through_the_passes(Random(3))
    execution = executor("reference", module, source="net")(1)
    metrics_of(module, execution)
    many = dict.fromkeys(execution.operations, 10**9)
    for broken, message in [
        (replace(execution, busy={ResourceKind.IO: {0: 10**9}}), "the work of a resource"),
        (replace(execution, ended=1), "the lower bound"),
        (replace(execution, operations=many), "the parallelism"),
    ]:
        with pytest.raises(SpatemError, match=f"internal error: {message}, .*please report this"):
            metrics_of(module, broken)
