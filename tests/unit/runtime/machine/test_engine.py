"""Engines by name: which is preferred, and how all of them are used."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.runtime.machine.programs import dense, deployment, machine, parse
from xdsl.dialects.builtin import UnitAttr

from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.engine import ENGINES, Engine, EngineKind, default_engine, executor
from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
from spatem_ir.runtime.machine.fast.engine import FastEngine
from spatem_ir.runtime.machine.log import Watch
from spatem_ir.runtime.machine.reference.program import only_stage
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import SILENT

TWO_PES = deployment(
    input="8xui8",
    ops=[dense("a", "input", "8xui8 -> 3xui8", weights="si4", hwm=2)],
    places=["@a tiles 0 to 2 crossbars [0, 4] at [0, 0]"],
    homes=["@a pes 0"],
    streams=["crossbars [0, 4] { ou.mvm @a windows 0 }"],
)


@pytest.mark.parametrize("engine", ENGINES)
def test_all_engines_execute_the_same(engine: str) -> None:
    execute = executor(engine, parse(TWO_PES), source="two", most_images=2, trace=True)
    assert execute(1).finished == [85]
    assert execute(2).path is not None


def test_the_first_engine_that_is_installed_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert default_engine() == "fast"
    monkeypatch.setitem(ENGINES, "fast", replace(ENGINES["fast"], module="no_such_module"))
    assert default_engine() == "reference"
    with pytest.raises(SpatemError, match="--engine fast needs no_such_module; install the extra"):
        executor("fast", parse(TWO_PES), source="two")


def test_an_engine_of_ones_own_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[int, bool, Dispatch]] = []

    def start(images: int, trace: bool, dispatch: Dispatch, log: Watch | None) -> Engine:
        started.append((images, trace, dispatch))
        return ENGINES["reference"].elaborate(parse(TWO_PES), SILENT)(images, trace, dispatch, log)

    monkeypatch.setitem(ENGINES, "own", EngineKind("own", lambda *_: start))
    assert executor("own", parse(TWO_PES), source="two", trace=True)(1).finished == [85]
    assert started == [(1, True, Dispatch.STATIC)]


def test_an_unknown_engine() -> None:
    with pytest.raises(SpatemError, match="unknown engine 'quick'; there are fast, reference"):
        executor("quick", parse(TWO_PES), source="two")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_buffer_that_overflows_is_an_error_of_every_engine(engine: str) -> None:
    small = machine(pe={"buffer_bytes": 4})
    module = parse(TWO_PES, small)
    with pytest.raises(SpatemError, match="the buffer of PE 0 overflows"):
        executor(engine, module, source="two")(1)
    only_stage(module).unbounded = UnitAttr()
    assert executor(engine, module, source="two")(1).buffers.peaks()[0] > 4


def test_a_strict_engine_ends_where_a_buffer_overflows() -> None:
    program = fast_program_of(parse(TWO_PES, machine(pe={"buffer_bytes": 4})))
    engine = FastEngine(program, strict=True)
    with pytest.raises(SpatemError, match="the buffer of PE 0 overflows"):
        engine.run()
    assert engine.state.totals[0].now < FastEngine(program).run().ended
    assert FastEngine(fast_program_of(parse(TWO_PES)), strict=True).run().finished == [85]
