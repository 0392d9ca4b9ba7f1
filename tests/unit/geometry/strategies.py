"""Random windows, layers and grids for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window

SMALL = st.integers(1, 3)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, int, int]:
    """A window and the height and width of an input into which it fits at least once."""
    window = Window(
        kernel=(draw(SMALL), draw(SMALL)),
        strides=(draw(SMALL), draw(SMALL)),
        pads=draw(st.tuples(*[st.integers(0, 2)] * 4)),
        dilations=(draw(st.integers(1, 2)), draw(st.integers(1, 2))),
    )
    (extent_rows, extent_columns), (top, left, bottom, right) = window.extent, window.pads
    height = max(1, extent_rows - top - bottom) + draw(st.integers(0, 4))
    width = max(1, extent_columns - left - right) + draw(st.integers(0, 4))
    return window, height, width


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    """A convolution with channel groups, or a locally connected layer."""
    window, height, width = draw(windows())
    groups, region = draw(SMALL), None
    if draw(st.booleans()):
        rows, columns = window.output_size(height, width)
        groups, region = 1, (draw(divisors(rows)), draw(divisors(columns)))
    return Layer(
        name="layer",
        input_shape=(groups * draw(SMALL), height, width),
        out_channels=groups * draw(SMALL),
        window=window,
        groups=groups,
        region=region,
        input_bits=draw(st.integers(1, 16)),
        weight_bits=draw(st.integers(2, 16)),
    )


def divisors(number: int) -> st.SearchStrategy[int]:
    """The divisors of a number."""
    return st.sampled_from([d for d in range(1, number + 1) if number % d == 0])


@st.composite
def partitions(draw: st.DrawFn) -> tuple[Layer, Grid]:
    """A layer and a grid that cuts it."""
    layer = draw(layers())
    joined = draw(st.integers(1, layer.groups))
    tile_rows = draw(st.integers(1, layer.rows)) if joined == 1 else layer.rows
    tile_columns = draw(st.integers(1, layer.columns)) if joined == 1 else layer.columns
    deal = draw(st.sampled_from(Deal))
    if deal is Deal.CYCLIC:
        copies = draw(st.integers(1, layer.windows))
    else:
        copies = -(-layer.windows // draw(st.integers(1, layer.windows)))
    grid = Grid(
        hwm=-(-layer.rows // tile_rows),
        wwm=-(-layer.columns // tile_columns),
        iw=copies,
        ib=-(-layer.input_bits // draw(st.integers(1, layer.input_bits))),
        tile_rows=tile_rows,
        tile_columns=tile_columns,
        deal=deal,
        joined=joined,
    )
    return layer, grid
