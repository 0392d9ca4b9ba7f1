"""R6: activation units, pooling units and element-wise operators at the home PE."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import arrivals, convolution, dense, deployment, machine, run


@pytest.mark.parametrize(("units", "cycles"), [(1, 5), (2, 3), (4, 2), (5, 1), (8, 1)])
def test_activation_takes_the_values_over_the_units(units: int, cycles: int) -> None:
    text = deployment(
        input="4xui8",
        ops=[dense("a", "input", "4xui8 -> 5xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    execution = run(text, machine(pe={"activations_per_cycle": units}))
    # Enters by 1, fetched by 2; 5 cells are 2 parts: 2 · 8 · 4 = 64 cycles, valid at 67.
    # 5 bytes leave in 2 cycles.
    assert execution.finished == [67 + cycles + 2]
    assert execution.activated_values == 5


def test_pieces_queue_for_the_activation_units_of_their_home() -> None:
    """Two columns whose results are valid at 35 in both crossbars of a CU, 2 values each."""
    text = deployment(
        input="4xui8",
        ops=[dense("a", "input", "4xui8 -> 4xui8", wwm=2)],
        places=["@a tiles 0 to 2 crossbars [1, 0] at [0, 0]"],
        homes=["@a pes 0 times 2"],
        streams=["crossbars [1, 0] { ou.mvm @a windows 0 }"],
    )
    assert arrivals(run(text), 0) == [(1, 4), (35 + 2, 2), (37 + 2, 2)]


def test_homes_have_their_own_activation_units() -> None:
    """One column in PE 0, one in PE 1, 4 values each."""
    text = deployment(
        input="4xui8",
        ops=[dense("a", "input", "4xui8 -> 8xui8", wwm=2)],
        places=["@a tiles 0 to 2 crossbars [0, 4] at [0, 0]"],
        homes=["@a pes 0 to 2"],
        streams=["crossbars [0, 4] { ou.mvm @a windows 0 }"],
    )
    # PE 0: valid at 35, activated by 39.  PE 1: there at 1 + 1 + 1, fetched by 4, valid at 37,
    # activated by 41, not 43; 4 bytes are back in PE 0 at 41 + 1 + 1.
    assert arrivals(run(text), 0) == [(1, 4), (35 + 4, 4), (41 + 2, 4)]


def test_an_element_wise_operator_takes_the_activation_units_again() -> None:
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 3xui8"),
            "%r = cnn.relu @r %a : tensor<3xui8> -> tensor<3xui8>",
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0", "@r pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    execution = run(text)
    # Valid at 35, activated by 38, again by 41, out by 42.
    assert execution.finished == [35 + 3 + 3 + 1]
    assert execution.activated_values == 3 + 3


def pooled(pool_home: int, *, window: str = "2x2", size: str = "1x1") -> str:
    """A 1x1 convolution of 2 features on 2 x 2 positions, in one crossbar of PE 0, and a pooling.

    Window p is visited from 2 + 32 p (an operand of 4 bytes is there early), valid at 35 + 32 p.
    """
    return deployment(
        input="4x2x2xui8",
        ops=[
            convolution("a", "input", "4x2x2xui8 -> 2x2x2xui8", "1x1"),
            f"%p = cnn.max_pool @p %a <{window}> : tensor<2x2x2xui8> -> tensor<2x{size}xui8>",
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0", f"@p pes {pool_home}"],
        streams=["crossbars 0 { ou.mvm @a windows 0 to 4 }"],
    )


@pytest.mark.parametrize(("units", "cycles"), [(1, 8), (3, 3), (8, 1)])
def test_pooling_takes_the_values_read_over_the_units(units: int, cycles: int) -> None:
    execution = run(pooled(0), machine(pe={"poolings_per_cycle": units}))
    # The last window is valid at 35 + 96 = 131 and activated by 133.
    assert execution.visit_starts[0] == [2, 34, 66, 98]
    assert execution.finished == [133 + cycles + 1]
    assert execution.pooled_values == 2 * 4


def test_pooling_starts_as_soon_as_its_inputs_are_there() -> None:
    """Windows of 1 x 2: the first reads positions 0 and 1, the second 2 and 3."""
    execution = run(pooled(0, window="1x2", size="2x1"))
    # Positions 1 and 3 are activated by 67 + 2 and 131 + 2; 2 · 2 values take 4 cycles.
    assert arrivals(execution, 0)[-2:] == [(133, 2), (133 + 4, 2)]
    assert (69 + 4, 2) in arrivals(execution, 0)
    assert execution.finished == [133 + 4 + 1]


def test_pooling_does_not_read_padding() -> None:
    """Windows of 2 x 2 with a border above and to the left read 1, 2, 2 and 4 positions."""
    text = pooled(0, window="2x2, pads [1, 1, 0, 0]", size="2x2")
    execution = run(text)
    assert execution.pooled_values == 2 * (1 + 2 + 2 + 4)
    # The last window starts with the last position, at 133: 8 cycles.
    assert execution.finished == [133 + 8 + 1]


def test_pooling_at_another_pe_needs_traffic() -> None:
    execution = run(pooled(1))
    # Each position's 2 bytes are in PE 1 one cycle after their activation, the last at 134;
    # pooled by 142, 2 bytes back at 143, out by 144.
    assert arrivals(execution, 1) == [(38, 2), (70, 2), (102, 2), (134, 2)]
    assert execution.finished == [144]
    assert execution.injected_bytes == {
        "inputs": 0,
        "activations": 4 * 2 + 2,
        "partial_sums": 0,
        "calls": 0,
    }


def test_pooling_and_activation_units_work_at_the_same_time() -> None:
    """Overlapping poolings of 4 values in 4 cycles against activations of 2 cycles every cycle."""
    text = deployment(
        input="4x1x4xui8",
        ops=[
            convolution("a", "input", "4x1x4xui8 -> 2x1x4xui8", "1x1", iw="4 cyclic"),
            "%p = cnn.max_pool @p %a <1x2> : tensor<2x1x4xui8> -> tensor<2x1x3xui8>",
        ],
        places=["@a tiles 0 to 4 crossbars 0 to 4 at [0, 0]"],
        homes=["@a pes 0", "@p pes 0"],
        streams=["crossbars 0 to 4 { ou.mvm @a windows 0 }"],
    )
    execution = run(text)
    # Position p enters by p + 1, is fetched by p + 2, valid at p + 35.
    # Activated: 35 → 37 → 39 → 41 → 43.  Pooled: 39 → 43 → 47 → 51.
    assert [time for time, size in arrivals(execution, 0) if size == 2] == [
        *(37, 39, 41, 43),
        *(43, 47, 51),
    ]
    assert execution.finished == [51 + 1]
