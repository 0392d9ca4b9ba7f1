"""The cells of crossbars: those that are written or read exist, and no others."""

from __future__ import annotations

import numpy as np
from unit.runtime.machine.programs import machine

from spatem_ir.numerics.cells import CellArrays


def test_what_is_written_is_read_there_and_nowhere_else() -> None:
    arrays = CellArrays(machine(), 2)
    arrays.write(3, (1, 2), np.full((2, 2, 2), 3, np.uint8))
    assert arrays.read(3, (0, 0), (3, 4)).sum(axis=(1, 2)).tolist() == [12, 12]
    assert arrays.read(2, (0, 0), (3, 4)).sum() == 0


def test_what_is_not_written_to_takes_no_memory() -> None:
    """All cells of this chip are 2^52 bytes; a few tiles of it are written to."""
    accelerator = machine(
        chip={"pe_rows": 128, "pe_columns": 128},
        crossbar={"wordlines": 2**16, "bitlines": 2**16},
    )
    arrays = CellArrays(accelerator, 1)
    arrays.write(2**14, (2**16 - 1, 2**16 - 1), np.ones((1, 1, 1), np.uint8))
    assert arrays.read(2**14, (2**16 - 2, 2**16 - 2), (2, 2)).tolist() == [[[0, 0], [0, 1]]]
    rows = np.arange(1200, dtype=np.uint8)[None, :, None]
    arrays.write(1, (700, 511), np.repeat(rows, 2, axis=2))
    assert (arrays.read(1, (700, 511), (1200, 2)) == rows).all()
    assert arrays.read(1, (699, 510), (3, 4)).tolist() == [[[0] * 4, [0] * 4, [0, 1, 1, 0]]]
    assert sum(block.nbytes for block in arrays.blocks.values()) < 2**22
