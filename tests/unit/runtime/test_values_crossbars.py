"""The cells of crossbars: those that are written or read exist, and no others."""

from __future__ import annotations

from unit.runtime.machine.programs import machine

from spatem_ir.runtime.values.crossbars import CellArrays


def test_what_is_written_is_read_there_and_nowhere_else() -> None:
    arrays = CellArrays(machine(), 2)
    arrays.at(3, (1, 2), (2, 2))[:] = 3
    assert arrays.at(3, (0, 0), (3, 4)).sum(axis=(1, 2)).tolist() == [12, 12]
    assert arrays.at(2, (0, 0), (3, 4)).sum() == 0


def test_crossbars_that_nobody_writes_to_take_no_memory() -> None:
    """All cells of this chip are 2^52 bytes."""
    accelerator = machine(
        chip={"pe_rows": 128, "pe_columns": 128},
        crossbar={"wordlines": 2**16, "bitlines": 2**16},
    )
    arrays = CellArrays(accelerator, 1)
    arrays.at(2**14, (2**16 - 1, 2**16 - 1), (1, 1))[:] = 1
    assert arrays.at(2**14, (2**16 - 2, 2**16 - 2), (2, 2)).tolist() == [[[0, 0], [0, 1]]]
