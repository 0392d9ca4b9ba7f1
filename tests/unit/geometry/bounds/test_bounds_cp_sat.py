"""Lower bounds, and the best of all executions, against optima of a constraint program."""

from __future__ import annotations

import pytest

pytest.importorskip("ortools")

from unit.geometry.bounds.cp_sat import least_latency
from unit.geometry.bounds.exhaustive import latencies, partitioned
from unit.geometry.bounds.test_bounds_exhaustive import (
    FLATTENED,
    FULL,
    POOLED,
    ROW,
    bounds_of,
    chip,
    convolution,
    dense,
    network,
)

from spatem_ir.hardware.accelerator import Accelerator

LONG_ROW = network(
    "tensor<1x1x6xui1>", [convolution("1x6", "1x1", "1x6")], "%v1 : tensor<1x1x6xui1>"
)


def optimum(text: str, machine: Accelerator) -> int:
    """The least optimum of all partitions."""
    return min(least_latency(module, machine) for module in partitioned(text, machine))


@pytest.mark.parametrize(
    ("text", "machine"),
    [
        (dense(2, 1, bits=2), chip()),
        (dense(2, 1, bits=2), chip(pes=2)),
        (ROW, chip(pes=2)),
        (POOLED, chip(crossbars=2)),
        (FULL, chip(crossbars=2)),
    ],
)
def test_the_optimum_is_the_best_of_all_executions(text: str, machine: Accelerator) -> None:
    assert optimum(text, machine) == min(latencies(text, machine))


@pytest.mark.parametrize(
    ("text", "machine", "best"),
    [
        (dense(2, 1, 1, bits=2), chip(wordlines=1), 32),
        (dense(2, 2, 1), chip(wordlines=1), 25),
        (dense(2, 2, 1), chip(crossbars=2), 17),
        (dense(1, 2, bits=2), chip(pes=2), 14),
        (FLATTENED, chip(crossbars=2), 17),
        (LONG_ROW, chip(), 29),
        (LONG_ROW, chip(pes=2), 19),
        (LONG_ROW, chip(pes=2, crossbars=2), 14),
    ],
)
def test_no_bound_exceeds_the_optimum(text: str, machine: Accelerator, best: int) -> None:
    assert optimum(text, machine) == best
    bounds = bounds_of(text, machine).by_name
    assert not {name: cycles for name, cycles in bounds.items() if cycles > best}
