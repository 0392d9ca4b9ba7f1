"""R10: what waits for what, in cycles computed by hand."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import arrivals, convolution, deployment, machine, run

from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.support.errors import SpatemError


def execute(*waits: str, images: int = 1, pool: bool = False) -> Execution:
    """1 x 1 windows over 3 positions of 2 bytes on one crossbar, and perhaps a pooling of each.

    Position p enters at p + 1, an operand is fetched in 1 cycle, a visit takes 32, its results are
    valid 1 later and activated 1 later.
    """
    ops = [convolution("a", "input", "2x1x3xui8 -> 1x1x3xui8", "1x1")]
    homes = ["@a pes 0"]
    if pool:
        ops.append("%p = cnn.max_pool @p %a <1x1> : tensor<1x1x3xui8> -> tensor<1x1x3xui8>")
        homes.append("@p pes 0")
    text = deployment(
        input="2x1x3xui8",
        ops=ops,
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=homes,
        streams=["crossbars 0 { ou.mvm @a windows 0 to 3 }"],
    )
    lines = "\n".join(f"ou.wait {wait}" for wait in waits)
    text = f"{text.rstrip().removesuffix('}')}{lines}\n}}"
    return run(text, machine(io={"bytes_per_cycle": 2}), images)


def test_without_waits_the_image_enters_at_once() -> None:
    execution = execute()
    assert [time for time, size in arrivals(execution, 0) if size == 2] == [1, 2, 3]
    assert execution.visit_starts == {0: [2, 34, 66]}
    assert execution.finished == [101]


def test_the_input_enters_when_windows_are_finished() -> None:
    """Position 2 waits until window 0 is finished, 2 + 32 + 1 + 1 = 36, and enters in 1 cycle.

    It asks for the port in the same cycle as the output of window 0, which comes after it (R3), so
    that both are in the buffer.
    """
    execution = execute("@input for @a until -1 to 2")
    assert [time for time, size in arrivals(execution, 0) if size == 2] == [1, 2, 37]
    assert execution.visit_starts == {0: [2, 34, 66]}
    assert execution.buffers.peaks() == {0: 2 + 1}


def test_a_window_is_fetched_when_the_one_before_is_finished() -> None:
    """Fetches at 36 and 70 instead of during the visit before."""
    execution = execute("@a for @a until 0 to 3")
    assert execution.visit_starts == {0: [2, 37, 72]}
    assert execution.finished == [72 + 32 + 1 + 1 + 1]


def test_a_digital_operator_waits_and_an_output_waits() -> None:
    """All three pieces of the pooling wait for the last window, finished at 66 + 34 = 100."""
    execution = execute("@p for @a until 3 times 3", pool=True)
    assert [time for time, size in arrivals(execution, 0) if time >= 100 and size == 1] == [
        100,
        101,
        102,
        103,
    ]
    assert execution.finished == [104]


def test_the_next_image_waits_for_the_one_before() -> None:
    """Position 0 of the second image waits until all windows of the first are finished, at 100.

    The last output of the first image goes through the port before it, in 1 cycle.
    """
    execution = execute("@input for @a until [0, -2, -1]", images=2)
    entered = [time for time, size in arrivals(execution, 0) if size == 2]
    assert entered == [1, 2, 3, 102, 103, 104]


def test_what_waits_for_itself_deadlocks() -> None:
    with pytest.raises(SpatemError, match="the program deadlocks: crossbar 0 waits"):
        execute("@a for @a until 1 to 4")
