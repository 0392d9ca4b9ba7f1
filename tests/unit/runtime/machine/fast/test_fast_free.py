"""Free dispatch (R11) in the fast engine against the reference engine: every event and choice."""

from __future__ import annotations

import os
from random import Random

import pytest
from differential.deployments import add_waits
from unit.runtime.machine.random_programs import at_random, through_the_passes

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines

from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.fast import start as fast

PROGRAMS = int(os.environ.get("SPATEM_EXAMPLES", 100))


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_random_programs(seed: int) -> None:
    random = Random(3000 + seed)
    module = random.choice([through_the_passes, at_random])(random)
    if random.random() < 0.5:
        add_waits(random, module)
        module.verify()
    expect_equal_engines(module, random.choice([1, 1, 2, 3]), Dispatch.FREE)


@pytest.mark.parametrize("seed", range(10))
def test_pools_that_grow_in_any_cycle(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "RESERVES", 1)
    monkeypatch.setattr(fast, "FIRST_STEPS", 1)
    expect_equal_engines(at_random(Random(seed)), 2, Dispatch.FREE)
