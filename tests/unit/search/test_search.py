"""The search: what it returns runs as it was judged, and computes what the network does."""

from __future__ import annotations

import re

import numpy as np
import pytest
from differential.machines import machines
from differential.networks import Network, build, networks, random_images
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import context, network_on

from spatem_ir.cli.opt import main as opt_main
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.dialects.ou import OuStageOp, ScheduleOp
from spatem_ir.driver.compile import compile_network
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition.register import strategy_names
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
from spatem_ir.runtime.machine.fast.engine import FastEngine
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.search.evaluator import Candidate, Evaluation, Evaluator
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import Messages, told


@examples(40)
@given(networks(), machines(), st.integers(2, 6), st.sampled_from((0, 0, 0, 1)))
def test_deployments_pass_the_verifier_and_compute_what_the_network_does(
    network: Network, machine: Accelerator, slack: int, effort: int
) -> None:
    module = network_on(network, machine, slack)
    _, store = build(network)
    told_cycles: list[str] = []
    plain = module.clone()
    try:
        with told(Messages(step=told_cycles.append)):
            run_pipeline(
                context(),
                module,
                f"partition{{strategy=search effort={effort}}},pack,assign,order,verify-deployment",
            )
    except SpatemError:
        return
    stage = next(op for op in module.ops if isinstance(op, OuStageOp))
    assert not any(isinstance(op, ScheduleOp) for op in module.ops)
    execution = FastEngine(fast_program_of(module)).run()
    assert execution.finished == ReferenceEngine(program_of(module), 1).run().finished
    if told_cycles and stage.timed is not None:
        assert told_cycles[-1].startswith(f"search: {execution.finished[0]} cycles")
    images = random_images(network, 2, 0)
    results = execute(module, [images], store)
    for result, wanted in zip(results, execute(plain, [images], store), strict=True):
        np.testing.assert_array_equal(result, wanted)


def test_no_other_strategy_is_faster() -> None:
    best = compile_network("lenet", strategy="search").simulate().latency_cycles
    for name in strategy_names():
        if name != "search":
            assert best <= compile_network("lenet", strategy=name).simulate().latency_cycles


def test_the_same_seed_gives_the_same_text() -> None:
    texts = {str(compile_network("lenet", strategy="search{effort=1}").module) for _ in range(2)}
    assert len(texts) == 1


def test_effort_counts() -> None:
    with pytest.raises(SpatemError, match="effort must be at least 0, not -1"):
        compile_network("lenet", strategy="search{effort=-1}")


def test_passes_that_follow_are_those_of_the_pipeline() -> None:
    module = compile_network("lenet", level="cnn").module
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(load_accelerator("isaac-ou"))
    run_pipeline(
        context(),
        module,
        "partition{strategy=search effort=0},pack{method=spatem},assign,order{method=asap}",
    )
    (stage,) = (op for op in module.ops if isinstance(op, OuStageOp))
    assert stage.timed is None and not stage.orders


def test_commands_tell_the_progress(capsys: pytest.CaptureFixture[str]) -> None:
    command = "partition{strategy=search effort=0},pack,assign,order{method=layer}"
    compile_network("lenet", strategy="search{effort=0}")  # compiles what is not cached
    capsys.readouterr()
    assert opt_main(["lenet", f"--pass-pipeline={command}"]) == 0
    captured = capsys.readouterr()
    assert "ou.order" not in captured.out and "ou.schedule" not in captured.out
    assert re.search(
        r"^spatem-opt: search: \d+ cycles, \d\.\d\d x the bound, evaluation 1$",
        captured.err,
        re.MULTILINE,
    )


def test_the_search_ends_where_nothing_can_be_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then another strategy says what stands in the way, if anything does."""

    def fail(self: Evaluator, candidate: Candidate) -> Evaluation:
        raise SpatemError("its buffers are too small")

    monkeypatch.setattr(Evaluator, "evaluate", fail)
    deployed = compile_network("lenet", strategy="search{effort=0}", level="mvm")
    (partitioned,) = (p for p in deployed.passes if p.startswith("partition"))
    assert "search" in partitioned
    assert not any(isinstance(op, ScheduleOp) for op in deployed.module.ops)
