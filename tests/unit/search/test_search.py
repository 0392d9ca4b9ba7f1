"""The search: what it returns runs as it was judged, and computes what the network does."""

from __future__ import annotations

import gc
import re
import weakref
from typing import Any

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
from spatem_ir.dialects.mvm import AlternativeOp, layer_ops
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
from spatem_ir.search import evaluator
from spatem_ir.search.annealing import Annealing, Design, DesignSpace
from spatem_ir.search.evaluator import Candidate, Evaluation, Evaluator
from spatem_ir.search.explore import Exploration, Found
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import Messages, told

EVENTS, FEW = "spatem_ir.search.explore.EVENTS_PER_EFFORT", 8_000_000
"""What one unit of effort allows, and a value with which tests take seconds."""


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
        with told(Messages(step=told_cycles.append)), pytest.MonkeyPatch.context() as patch:
            patch.setattr(EVENTS, FEW)
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


@pytest.fixture
def little_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    """Effort counts, but less: the other strategies are tried, and a few proposals."""
    monkeypatch.setattr(EVENTS, FEW)


@pytest.mark.usefixtures("little_effort")
def test_no_other_strategy_is_faster() -> None:
    best = compile_network("lenet", strategy="search").simulate().latency_cycles
    for name in strategy_names():
        if name != "search":
            assert best <= compile_network("lenet", strategy=name).simulate().latency_cycles


@pytest.mark.usefixtures("little_effort")
def test_the_same_seed_gives_the_same_text() -> None:
    texts = {str(compile_network("lenet", strategy="search{effort=1}").module) for _ in range(2)}
    assert len(texts) == 1


@pytest.mark.usefixtures("little_effort")
@pytest.mark.parametrize("options", ["effort=1", "effort=1 prefer=energy"])
def test_any_number_of_processes_finds_the_same(options: str) -> None:
    texts = {
        str(compile_network("lenet", strategy=f"search{{{options} processes={count}}}").module)
        for count in (1, 2, 3)
    }
    assert len(texts) == 1


def test_there_is_a_process() -> None:
    with pytest.raises(SpatemError, match="processes must be at least 1, not 0"):
        compile_network("lenet", strategy="search{processes=0}")


def test_a_walk_is_told_what_came_of_its_own_designs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Floor plans are looked at between two of its steps."""
    evaluated, candidate = Exploration.evaluated, DesignSpace.candidate
    values, steps = dict[Candidate, float](), list[tuple[float, float]]()

    def noted(self: Exploration, proposed: Candidate) -> Found | None:
        found = evaluated(self, proposed)
        values.setdefault(proposed, float("inf") if found is None else found.value)
        return found

    def compared(self: Annealing, design: Design, value: float, progress: float) -> None:
        steps.append((value, values[candidate(self.space, design)]))

    monkeypatch.setattr(Exploration, "evaluated", noted)
    monkeypatch.setattr(Annealing, "accept", compared)
    monkeypatch.setattr(EVENTS, 3 * FEW)
    monkeypatch.setattr("spatem_ir.search.explore.DESIGNS", {False: 3, True: 3})
    compile_network("lenet", strategy="search{effort=1}")
    assert len(steps) > 3
    assert all(value in (own, float("inf")) for value, own in steps)


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


def test_the_search_ends_where_nothing_can_be_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then what can be deployed is taken."""

    def fail(self: Evaluator, candidate: Candidate) -> Evaluation:
        raise SpatemError("the fast engine needs more memory")

    monkeypatch.setattr(Evaluator, "evaluate", fail)
    searched = compile_network("lenet", strategy="search{effort=0}", level="mvm").module
    taken = compile_network("lenet", strategy="first-deployable", level="mvm").module
    assert str(searched) == str(taken)


def test_of_a_strategy_the_next_partition_is_tried_where_the_first_cannot_be_deployed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strategy = compile_network("lenet", strategy="spatem", level="mvm").module
    (second, *_) = (op for op in strategy.ops if isinstance(op, AlternativeOp))
    grids = tuple(grid.data for grid in second.grids)
    evaluate = Evaluator.evaluate

    def only_second(self: Evaluator, candidate: Candidate) -> Evaluation:
        if candidate.grids != grids:
            raise SpatemError("its buffers are too small")
        return evaluate(self, candidate)

    monkeypatch.setattr(Evaluator, "evaluate", only_second)
    found = compile_network("lenet", strategy="search{effort=0}").module
    assert tuple(layer.grid.data for layer in layer_ops(found)) == grids


def test_buffers_that_are_ignored_do_not_make_a_deployment_slower() -> None:
    """Nothing is held back for their sake, and the order is searched as where there are enough."""
    small = {("pe", "buffer_bytes"): 400}
    ignored = ["order{buffers=ignore}"]
    quick = "search{effort=0}"
    enough = compile_network("lenet", strategy=quick)
    free = compile_network("lenet", changes=small, strategy=quick, settings=ignored)
    (stage,) = (op for op in free.module.ops if isinstance(op, OuStageOp))
    assert stage.unbounded is not None and stage.orders
    assert free.simulate().latency_cycles == enough.simulate().latency_cycles


def test_what_failed_does_not_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """When an engine is made, all others are gone, though no garbage is collected."""
    made: list[weakref.ref[FastEngine]] = []
    alive: list[int] = []

    class Watched(FastEngine):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            alive.append(sum(engine() is not None for engine in made))
            made.append(weakref.ref(self))
            super().__init__(*arguments, **options)

    monkeypatch.setattr(evaluator, "FastEngine", Watched)
    small = {("pe", "buffer_bytes"): 500}
    gc.disable()
    try:
        compile_network("lenet", changes=small, strategy="search{effort=0}")
    finally:
        gc.enable()
    assert len(alive) > 3 and set(alive) == {0}


def test_a_program_that_is_spelled_out_is_as_good_as_before() -> None:
    network = compile_network("lenet", strategy="search{effort=0}")
    run_pipeline(context(), network.module, "expand-ou{until=streams},verify-deployment")
    (stage,) = (op for op in network.module.ops if isinstance(op, OuStageOp))
    assert stage.timed is not None and stage.streams


@pytest.mark.usefixtures("little_effort")
def test_search_is_the_strategy_where_none_is_named() -> None:
    named, found = compile_network("lenet", strategy="search"), compile_network("lenet")
    assert str(found.module) == str(named.module) and found.strategy == "search"


WITHOUT = "numba: install the extra fast: pip install 'spatem-ir[fast]'"


def test_without_numba_another_strategy_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spatem_ir.runtime.machine.engine.find_spec", lambda _: None)
    notes: list[str] = []
    found = compile_network("lenet", say=Messages(note=notes.append))
    assert notes == [
        f"the usual strategy, search, needs {WITHOUT}; without it, first-deployable takes any "
        "deployment that is possible, which may be much slower"
    ]
    assert found.strategy == "first-deployable"
    named = compile_network("lenet", strategy="first-deployable", say=Messages(note=notes.append))
    assert str(named.module) == str(found.module) and len(notes) == 1


@pytest.mark.parametrize(
    "chosen", [{"strategy": "search"}, {"settings": ["partition{effort=2}"]}], ids=str
)
def test_without_numba_a_search_that_is_asked_for_is_an_error(
    chosen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spatem_ir.runtime.machine.engine.find_spec", lambda _: None)
    with pytest.raises(SpatemError) as error:
        compile_network("lenet", **chosen)
    assert str(error.value) == f"strategy search executes deployments, which needs {WITHOUT}"
