"""What positions read of an operand, against the positions spelled out."""

from __future__ import annotations

import numpy as np
import pytest

from spatem_ir.geometry.network.position_reads import PositionReads
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.geometry.shapes.window import Window

WINDOWS = [
    Window((1, 1)),
    Window((1, 1), (2, 2)),
    Window((3, 2), (2, 1), (1, 0, 2, 1), (1, 2)),
    Window((5, 6)),
]


@pytest.mark.parametrize("window", WINDOWS)
def test_latest_of_a_window(window: Window) -> None:
    reads = PositionReads.along(*window.axes(5, 6))
    positions = window.positions(5, 6)
    times = np.random.default_rng(1).integers(1, 99, 30)
    assert reads.latest(times).tolist() == np.append(times, 0)[positions].max(axis=1).tolist()
    padded = np.append(-times, -100)[positions].max(axis=1)
    assert reads.latest(-times, padding=-100).tolist() == padded.tolist()
    assert reads.kernel == positions.shape[1]
    assert reads.readers_of_position == positions.size / (positions.max() + 1)
    assert reads.is_identity == (window == Window((1, 1)))


def test_latest_of_a_line_and_of_repeated_elements() -> None:
    times = np.array([3, 1, 4, 1, 5, 9])
    line = Reach.of_line((1, 2, 3), 2)
    assert PositionReads.along(line.rows, line.columns).latest(times).tolist() == [4] * 3 + [9] * 3
    repeated = Reach.of_elements((1, 2, 1), (1, 2, 3))
    reads = PositionReads.along(repeated.rows, repeated.columns)
    assert reads.latest(np.array([2, 7])).tolist() == [2] * 3 + [7] * 3
