"""The bound of the input's entry: what the port's PE can keep of the input."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from unit.geometry.bounds.test_bounds import TINY
from unit.passes.deployed import applied, parsed

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.geometry.bounds.chains import Chains
from spatem_ir.geometry.bounds.entry import dealt, touched_values
from spatem_ir.geometry.bounds.maps import MapWindows
from spatem_ir.geometry.shapes.window import Axis
from spatem_ir.passes.partition.partition import PartitionPass

WINDOWS = [
    MapWindows(Axis(4, 3, kernel=2), Axis(3, 2, kernel=2)),
    MapWindows(Axis(3, 3, kernel=3, first=-1), Axis(4, 2, kernel=2, stride=2)),
    MapWindows(Axis(5, 2, kernel=1, stride=3), Axis(2, 2)),
    MapWindows.of_all(6),
]


@pytest.mark.parametrize("windows", WINDOWS)
def test_no_pieces_are_read_by_fewer_windows(windows: MapWindows) -> None:
    shares, most = dealt(windows)
    readers = [
        {window for window, read in enumerate(windows.positions.tolist()) if position in read}
        for position in range(windows.count)
    ]
    for count in range(1, windows.count + 1):
        for kept in combinations(range(windows.count), count):
            touched = set().union(*(readers[position] for position in kept))
            assert shares[list(kept)].sum() / most <= len(touched) + 1e-9


def test_positions_are_dealt_evenly_where_windows_overlap() -> None:
    """32 rows and columns of positions to 28 of windows of 5 x 5, as in LeNet."""
    axis = Axis(32, 28, kernel=5)
    shares, most = dealt(MapWindows(axis, axis))
    assert np.allclose(shares, 1)
    assert most == pytest.approx((32 / 28) ** 2)


WIDE = """
cnn.network @net(%x: tensor<1x8x8xui8>) {
  %a = cnn.conv @a %x <3x3> weights #cnn.seeded<0, tensor<16x1x3x3xsi2>> scale 0.5 : tensor<1x8x8xui8> -> tensor<16x6x6xui8>
  cnn.output %a : tensor<16x6x6xui8>
}
"""  # noqa: E501


def test_values_that_kept_pieces_make() -> None:
    """64 pieces are read by 36 windows of 16 values: 16 · ⌊36 n / 64⌋ of n pieces."""
    module = applied(parsed(WIDE, TINY), [PartitionPass(strategy="minimum")])
    (values,) = touched_values(Chains.through(dataflow_of(module), TINY), 64)
    assert values.tolist() == [16 * int(36 * n / 64 * (1 - 1e-9)) for n in range(65)]


def test_what_is_kept_must_be_activated_or_leave() -> None:
    """With many activation units the port's PE can keep all that its crossbars can work off."""
    two = replace(
        TINY,
        chip=replace(TINY.chip, pe_rows=1, pe_columns=2),
        cu=replace(TINY.cu, crossbars=64),
        noc=replace(TINY.noc, link_bytes_per_cycle=1),
    )
    fast = replace(two, pe=replace(two.pe, activations_per_cycle=1000))
    entries = []
    for machine in (two, fast):
        module = applied(parsed(WIDE, machine), [PartitionPass(strategy="minimum")])
        entries.append(lower_bounds(dataflow_of(module), machine).by_name["entry"])
    slow, quick = entries
    assert slow > quick > 0
