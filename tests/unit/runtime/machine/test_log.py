"""What is logged of an execution: all of it, or what is watched; both engines log the same."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from unit.runtime.machine.programs import convolution, deployment, parse
from unit.runtime.machine.random_programs import through_the_passes
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.runtime.machine.engine import ENGINES, executor
from spatem_ir.runtime.machine.log import EVERYTHING, KINDS, MAKERS, EventLog, Watch
from spatem_ir.runtime.machine.steps import ResourceKind

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_logs

CONVOLUTION = deployment(
    input="1x4x4xui8",
    ops=[convolution("a", "input", "1x4x4xui8 -> 2x3x3xui8", "2x2", wwm=2)],
    places=["@a tiles 0 to 2 crossbars [0, 4] at [0, 0]"],
    homes=["@a pes [0, 1]"],
    streams=[
        "crossbars 0 { ou.mvm @a windows 0 to 9 }",
        "crossbars 4 { ou.mvm @a windows 0 to 9 }",
    ],
)


def logged(module: ModuleOp, engine: str, watch: Watch, images: int = 1) -> EventLog:
    log = executor(engine, module, source="net")(images, log=watch).log
    assert log is not None
    return log


@pytest.mark.parametrize("seed", range(4))
def test_both_engines_log_what_is_watched(seed: int) -> None:
    random = Random(seed)
    module = through_the_passes(random)
    nodes, crossbars = len(dataflow_of(module).nodes), accelerator_of(module).crossbars
    numbers = np.random.default_rng(seed)
    watch = Watch(
        resources={ResourceKind.CROSSBAR: numbers.random(crossbars) < 0.5},
        nodes=numbers.random(nodes) < 0.7,
        start=50,
        stop=300,
        bin_cycles=7,
        bins=40,
    )
    expect_equal_logs(logged(module, "fast", watch, 2), logged(module, "reference", watch, 2))


@pytest.mark.parametrize("engine", ENGINES)
def test_activity_is_what_the_log_says(engine: str) -> None:
    log = logged(parse(CONVOLUTION), engine, Watch(bin_cycles=5, bins=100))
    nodes = len(log.activity) - len(KINDS)
    for number, kind in enumerate(KINDS):
        here = log.of(kind)
        own = set(zip(log.resources[here], log.starts[here], log.cycles[here], strict=True))
        assert log.activity[nodes + number].sum() == sum(cycles for *_, cycles in own)
    makers = np.isin(log.kinds, [KINDS.index(kind) for kind in MAKERS])
    for node in range(nodes):
        assert log.activity[node].sum() == log.cycles[makers & (log.nodes == node)].sum()
    first = np.clip(log.ends, 0, 5) - np.clip(log.starts, 0, 5)
    assert log.activity[nodes:, 0].sum() == first.sum()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_log_ends_where_it_would_have_more_entries(engine: str) -> None:
    whole = logged(parse(CONVOLUTION), engine, EVERYTHING)
    part = logged(parse(CONVOLUTION), engine, Watch(most=20))
    assert len(part) <= 20
    before = whole.starts < part.logged_until
    assert 0 < before.sum() < len(whole)
    known = {(kind, *row) for kind, *row in rows(part)}
    assert {row for row, is_in in zip(rows(whole), before, strict=True) if is_in} <= known


def rows(log: EventLog) -> list[tuple[int, ...]]:
    columns = log.kinds, log.resources, log.starts, log.cycles
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fetch_that_crossbars_share_is_active_once(engine: str) -> None:
    """Two columns in crossbars of one CU: the port is active no longer than it works."""
    module = parse(CONVOLUTION.replace("[0, 4]", "[0, 1]").replace("crossbars 4", "crossbars 1"))
    execution = executor(engine, module, source="net")(1, log=Watch(bin_cycles=5, bins=1000))
    assert execution.log is not None
    ports = execution.log.of(ResourceKind.PORT)
    counted = execution.log.activity[-len(KINDS) + KINDS.index(ResourceKind.PORT)].sum()
    assert execution.log.cycles[ports].sum() > counted
    assert counted == sum(execution.busy[ResourceKind.PORT].values())
