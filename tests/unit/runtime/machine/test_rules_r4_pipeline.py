"""R4: results are valid some cycles after the last operation of a visit."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import dense, deployment, machine, run


@pytest.mark.parametrize("pipeline", [0, 1, 2, 7])
def test_results_are_valid_a_pipeline_after_the_last_operation(pipeline: int) -> None:
    text = deployment(
        input="4xui8",
        ops=[dense("a", "input", "4xui8 -> 2xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    execution = run(text, machine(ou={"pipeline_cycles": pipeline}))
    enter, fetch, visit, activate, leave = 1, 1, 8 * 4, 2, 1
    assert execution.finished == [enter + fetch + visit + pipeline + activate + leave]


@pytest.mark.parametrize("pipeline", [0, 7])
def test_the_next_visit_does_not_wait_for_the_pipeline(pipeline: int) -> None:
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 2xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars 0 at [[0, 4], 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
    )
    execution = run(text, machine(ou={"pipeline_cycles": pipeline}))
    assert execution.visit_starts[0] == [3, 3 + 8 * 4]
    # The second results are valid at 67 + pipeline; the CU adds 2 values in 1 cycle.
    assert execution.finished == [67 + pipeline + 1 + 2 + 1]
