"""Everything that happens on both engines, in the same terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
from spatem_ir.runtime.machine.fast.engine import FastEngine
from spatem_ir.runtime.machine.fast.results import Event, logged_events
from spatem_ir.runtime.machine.log import EVERYTHING, EventLog, Watch
from spatem_ir.runtime.machine.reference.clock import Resource
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.runtime.machine.schedule import VisitSchedule
from spatem_ir.support.errors import SpatemError


def reference_events(engine: ReferenceEngine) -> list[Event]:
    """Every grant of every resource, and every arrival of a piece in a PE's buffer."""
    resources: dict[str, dict[int, Resource]] = {
        "port": engine.crossbars.ports,
        "cu adders": engine.partial_sums.cu_adders,
        "pe adders": engine.partial_sums.pe_adders,
        "link": engine.packets.links,
        "activation": engine.activation_units,
        "pooling": engine.pooling_units,
        "io": {0: engine.io},
    }
    events: list[Event] = [
        (kind, number, rank, time, cycles)
        for kind, several in resources.items()
        for number, resource in several.items()
        for rank, time, cycles in resource.grants
    ]
    events += [("arrival", pe, key, time, 0) for (pe, key), time in engine.pieces.arrivals.items()]
    return sorted(events)


def expect_equal_engines(
    module: ModuleOp,
    images: int,
    dispatch: Dispatch = Dispatch.STATIC,
    watch: Watch = EVERYTHING,
) -> Execution | None:
    """Both engines give the same events and results, or the same error."""
    reference = ReferenceEngine(program_of(module), images, dispatch=dispatch, log=watch)
    fast = FastEngine(fast_program_of(module), images, dispatch=dispatch, log=watch, trace=True)
    try:
        expected = reference.run()
    except SpatemError as error:
        with pytest.raises(SpatemError) as raised:
            fast.run()
        assert str(raised.value) == str(error)
        assert sorted(logged_events(fast.machine, fast.state)) == reference_events(reference)
        return None
    execution = fast.run()
    assert sorted(logged_events(fast.machine, fast.state)) == reference_events(reference)
    expect_equal_executions(execution, expected)
    expect_equal_schedules(execution.schedule, expected.schedule)
    return execution


def expect_equal_executions(execution: Execution, expected: Execution) -> None:
    """Logs are equal, buffers hold the same, and all that is counted is equal."""
    assert execution.log is not None and expected.log is not None
    expect_equal_logs(execution.log, expected.log)
    expect_equal_counts(execution, expected)


def expect_equal_counts(execution: Execution, expected: Execution) -> None:
    """Buffers hold the same, and all that is counted is equal."""
    assert execution.buffers.peaks() == expected.buffers.peaks()
    assert execution.buffers.written_bytes == expected.buffers.written_bytes
    assert execution.buffers.read_bytes == expected.buffers.read_bytes
    for name in (
        "finished",
        "ended",
        "operations",
        "fetched_bytes",
        "register_bytes",
        "additions",
        "activated_values",
        "pooled_values",
        "injected_bytes",
        "byte_hops",
        "io_bytes",
        "external_bytes",
        "path",
        "busy",
        "last_visits",
    ):
        assert getattr(execution, name) == getattr(expected, name), name


def expect_equal_schedules(one: VisitSchedule | None, other: VisitSchedule | None) -> None:
    """Crossbars ran the same visits in the same order at the same times, if they chose."""
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        for name, values in vars(one).items():
            assert np.array_equal(values, vars(other)[name]), name


def expect_equal_logs(one: EventLog, other: EventLog) -> None:
    """Resources did the same, whatever the order of what they did at the same time."""
    columns = {field.name for field in fields(EventLog)} - {"changes", "activity", "logged_until"}
    names = sorted(columns)
    assert sorted_rows([getattr(one, name) for name in names]) == sorted_rows(
        [getattr(other, name) for name in names]
    )
    assert np.array_equal(one.activity, other.activity)
    assert sorted_rows(one.changes) == sorted_rows(other.changes)
    assert (np.diff(other.starts) >= 0).all()
    assert (np.diff(other.changes.times) >= 0).all()


def sorted_rows(columns: Sequence[NDArray[Any]]) -> list[tuple[int, ...]]:
    return sorted(zip(*(column.tolist() for column in columns), strict=True))
