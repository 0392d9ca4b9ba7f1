"""R1: how long a visit takes, where OUs start, and that a crossbar runs its stream in order."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import convolution, dense, deployment, machine, run


@pytest.mark.parametrize(
    ("rows", "columns", "weights", "bits", "dac_bits", "operations"),
    [
        # ⌈rows / 4 wordlines⌉ · ⌈columns · cells per weight / 4 bitlines⌉ · ⌈bits / DAC bits⌉
        (1, 1, "si2", 2, 1, 1 * 1 * 2),
        (4, 2, "si4", 8, 1, 1 * 1 * 8),
        (5, 2, "si4", 8, 1, 2 * 1 * 8),
        (8, 3, "si4", 3, 1, 2 * 2 * 3),
        (7, 5, "si5", 4, 1, 2 * 4 * 4),
        (4, 4, "si2", 5, 2, 1 * 1 * 3),
        (8, 8, "si2", 8, 3, 2 * 2 * 3),
    ],
)
def test_a_visit_takes_all_parts_of_the_tile_for_each_bit(
    rows: int, columns: int, weights: str, bits: int, dac_bits: int, operations: int
) -> None:
    """Two visits of equal tiles of one crossbar; both operands are there early."""
    text = deployment(
        input=f"{2 * rows}xui{bits}",
        ops=[dense("a", "input", f"{2 * rows}xui{bits} -> {columns}xui8", weights=weights, hwm=2)],
        places=[f"@a tiles 0 to 2 crossbars 0 at [[0, {rows}], 0]"],
        homes=["@a pes 0"],
        streams=[
            "crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }",
        ],
    )
    first, second = run(text, machine(ou={"dac_bits": dac_bits})).visit_starts[0]
    assert second - first == operations * 4


@pytest.mark.parametrize("cycles", [1, 4, 10])
def test_an_operation_takes_the_cycles_of_the_accelerator(cycles: int) -> None:
    text = deployment(
        input="8xui3",
        ops=[dense("a", "input", "8xui3 -> 2xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars 0 at [[0, 4], 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
    )
    first, second = run(text, machine(ou={"cycles": cycles})).visit_starts[0]
    assert second - first == 3 * cycles


def test_operation_units_start_at_the_corner_of_the_tile() -> None:
    """A tile of 4 x 4 cells is one part wherever it sits, not only at multiples of 4."""
    text = deployment(
        input="8xui2",
        ops=[dense("a", "input", "8xui2 -> 4xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars 0 at [[2, 7], [3, 9]]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
    )
    first, second = run(text).visit_starts[0]
    assert second - first == 1 * 1 * 2 * 4


def test_operation_units_never_reach_into_another_tile() -> None:
    """Two tiles of 2 rows fill the 4 wordlines of an OU, and yet each needs its own operations."""
    text = deployment(
        input="4xui2",
        ops=[dense("a", "input", "4xui2 -> 4xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars 0 at [[0, 2], 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
    )
    execution = run(text)
    # Enters by 1, fetched by 2; two visits of 2 bits · 4 cycles, at 2 and 10, valid at 11 and 19;
    # the CU adds 4 values in 2 cycles, activation takes 4, the port 1.
    assert execution.visit_starts[0] == [2, 2 + 8]
    assert execution.finished == [18 + 1 + 2 + 4 + 1]


def test_a_tile_that_receives_some_bits_works_for_those_only() -> None:
    """3 bits cut in two: tiles of 2 bits and of 1 bit."""
    text = deployment(
        input="4xui3",
        ops=[dense("a", "input", "4xui3 -> 2xui8", ib=2)],
        places=["@a tiles 0 to 2 crossbars 0 at [0, [0, 8]]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
    )
    execution = run(text)
    # 4 · 3 bits = 2 bytes enter by 1; operands of 1 byte each, fetched by 2 and 3.
    # Visits of 2 · 4 cycles from 2 and 1 · 4 cycles from 10; valid at 11 and 15.
    # In the CU 2 values take 1 cycle: 11 → 12, 15 → 16.  Activation 2, port 1.
    assert execution.visit_starts[0] == [2, 10]
    assert execution.finished == [16 + 2 + 1]


def test_a_crossbar_runs_its_stream_in_order_even_if_a_later_visit_could_start() -> None:
    """Window 3 is visited first; windows 0 to 2 are there long before, and wait."""
    text = deployment(
        input="1x1x4xui8",
        ops=[convolution("a", "input", "1x1x4xui8 -> 1x1x4xui8", "1x1")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows [3, 0, 2, 1] }"],
    )
    execution = run(text, machine(io={"bytes_per_cycle": 1}))
    # Position 3 has entered at 4 and is fetched by 5; each visit takes 8 bits · 4 cycles.
    assert execution.visit_starts[0] == [5, 5 + 32, 5 + 64, 5 + 96]


def test_operations_that_are_spelled_out_count_as_they_are() -> None:
    """The first visit's 4 x 4 cells and 1 bit would be one operation; its body makes three."""
    text = deployment(
        input="8xui1",
        ops=[dense("a", "input", "8xui1 -> 4xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars 0 at [[0, 4], 0]"],
        homes=["@a pes 0"],
        streams=[
            """crossbars 0 {
              ou.mvm @a windows 0 {
                ou.activate bits 0 rows 0 to 4 columns 0 to 2
                ou.activate bits 0 rows 0 to 3 columns 2 to 4
                ou.activate bits 0 rows 3 columns 2 to 4
              }
              ou.mvm @a tile 1 windows 0
            }"""
        ],
    )
    execution = run(text)
    first, second = execution.visit_starts[0]
    assert second - first == 3 * 4
    assert execution.operations == {"a": 3 + 1}
