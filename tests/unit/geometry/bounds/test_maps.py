"""Windows over maps: extremes and sums along one axis after the other, against all positions."""

from __future__ import annotations

import numpy as np
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.bounds.maps import NEVER, MapWindows
from spatem_ir.geometry.shapes.window import Axis


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    """An axis with padding, strides and dilations, or one that repeats an element."""
    return Axis(
        extent=draw(st.integers(1, 6)),
        results=draw(st.integers(1, 6)),
        kernel=draw(st.integers(1, 4)),
        stride=draw(st.integers(0, 3)),
        first=draw(st.integers(-3, 1)),
        dilation=draw(st.integers(1, 2)),
    )


@examples(100)
@given(axes(), axes(), st.integers(0, 2**32 - 1))
def test_axes_one_after_the_other(rows: Axis, columns: Axis, seed: int) -> None:
    random = np.random.default_rng(seed)
    windows = MapWindows(rows, columns)
    values = random.integers(0, 50, windows.count)
    read = np.where(windows.positions < 0, 7, values[windows.positions])
    for extreme in (np.maximum, np.minimum):
        found = windows.of_windows(values, extreme, 7)
        assert found.tolist() == extreme.reduce(read, axis=1).tolist()
    given_values = random.integers(0, 50, windows.windows)
    readers = [
        np.repeat(given_values, (windows.positions == position).sum(axis=1))
        for position in range(windows.count)
    ]
    assert windows.latest(given_values).tolist() == [max(own, default=NEVER) for own in readers]
    assert windows.earliest(given_values).tolist() == [min(own, default=-NEVER) for own in readers]
    assert windows.total(given_values).tolist() == [sum(own) for own in readers]
    assert windows.positions_read.tolist() == (windows.positions >= 0).sum(axis=1).tolist()
    whole = [len({*own} - {-1}) == windows.count for own in windows.positions.tolist()]
    assert windows.is_whole == all(whole)
