"""The reference engine against a second simulator, on random networks, machines and deployments."""

from __future__ import annotations

from random import Random

import pytest
from differential.deployments import add_waits
from unit.runtime.machine.random_programs import at_random, through_the_passes
from unit.runtime.machine.stepped import Stepped, Stuck
from unit.runtime.machine.stepped_tables import Reader
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.support.errors import SpatemError


def expect_agreement(
    module: ModuleOp, images: int, simulator: type[Stepped] = Stepped
) -> Execution | None:
    """Both simulators give the same times, counts and occupancies, or both find a deadlock."""
    stepped = simulator(Reader(module).tables, accelerator_of(module), images)
    engine = ReferenceEngine(program_of(module), images)
    try:
        stepped.run()
    except Stuck:
        with pytest.raises(SpatemError, match=r"deadlocks|ends before all outputs"):
            engine.run()
        return None
    execution = engine.run()
    starts = {number: core.starts for number, core in stepped.cores.items()}
    assert execution.visit_starts == starts
    assert execution.finished == stepped.finished
    assert execution.injected_bytes == stepped.injected
    assert execution.byte_hops == stepped.byte_hops
    assert execution.fetched_bytes == stepped.fetched
    assert execution.additions == stepped.additions
    assert {pe: sorted(changes) for pe, changes in execution.buffers.changes.items()} == {
        pe: sorted(changes) for pe, changes in stepped.changes.items()
    }
    return execution


@pytest.mark.parametrize("seed", range(20, 50))
def test_programs_of_the_passes(seed: int) -> None:
    random = Random(seed)
    execution = expect_agreement(through_the_passes(random), random.choice([1, 1, 2, 3]))
    assert execution is not None


@pytest.mark.parametrize("seed", range(20, 50))
def test_programs_made_at_random(seed: int) -> None:
    random = Random(seed)
    expect_agreement(at_random(random), random.choice([1, 1, 2, 3]))


@pytest.mark.parametrize("seed", range(100, 140))
def test_programs_with_waits(seed: int) -> None:
    random = Random(seed)
    module = random.choice([through_the_passes, at_random])(random)
    add_waits(random, module)
    module.verify()
    expect_agreement(module, random.choice([1, 1, 2, 3]))
