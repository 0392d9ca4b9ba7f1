"""Removing dead positions: what is left of networks that leave windows unread, and its figures."""

from __future__ import annotations

import numpy as np
import pytest
from unit.passes.deployed import applied, parsed
from unit.passes.quantized_values import random_inputs
from xdsl.utils.exceptions import ParseError, VerifyException

from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.driver.compile import compile_network
from spatem_ir.passes.dead_positions.remove_dead_positions import RemoveDeadPositionsPass

LAYER = "weights #cnn.seeded<1, tensor<{shape}xsi2>> scale 0.05"


def network(height: int, width: int, readers: str, output: str) -> str:
    """A 3x3 convolution with four channels, what reads it, and the network's output."""
    layer = LAYER.format(shape="4x1x3x3")
    image, result = f"tensor<1x{height + 2}x{width + 2}xui4>", f"tensor<4x{height}x{width}xui4>"
    return f"""
    cnn.network @net(%x: {image}) {{
      %c = cnn.conv @c %x <3x3> {layer} : {image} -> {result}
      {readers}
      cnn.output %y : {output}
    }}
    """


POOLED = network(
    11,
    11,
    "%y = cnn.max_pool @p %c <2x2, strides 2x2> : tensor<4x11x11xui4> -> tensor<4x5x5xui4>",
    "tensor<4x5x5xui4>",
)
STRIDED = network(
    11,
    11,
    f"%y = cnn.conv @d %c <1x1, strides 2x2> {LAYER.format(shape='4x4x1x1')} : "
    "tensor<4x11x11xui4> -> tensor<4x6x6xui4>",
    "tensor<4x6x6xui4>",
)
SPARSE = network(
    4,
    9,
    "%y = cnn.max_pool @p %c <1x1, strides 4x4> : tensor<4x4x9xui4> -> tensor<4x1x3xui4>",
    "tensor<4x1x3xui4>",
)
CROPPED = network(
    8,
    8,
    "%y = cnn.gather %c dimension 2 indices 1 to 4 : tensor<4x8x8xui4> -> tensor<4x8x3xui4>",
    "tensor<4x8x3xui4>",
)


@pytest.mark.parametrize(
    ("text", "windows"), [(POOLED, 100), (STRIDED, 36), (SPARSE, 3), (CROPPED, 24)]
)
def test_only_windows_that_are_read_are_work(text: str, windows: int) -> None:
    deployment = compile_network(parsed(text), "tiny", strategy="minimum")
    assert layer_ops(deployment.module)[0].layer.windows == windows
    whole = compile_network(parsed(text), "tiny", level="cnn")
    images = random_inputs(whole.module)
    np.testing.assert_array_equal(deployment.run(*images), whole.run(*images))
    simulation = deployment.simulate()
    assert simulation.layers[0].busy_share is not None
    assert simulation.layers[0].busy_share <= 1
    assert simulation.computation_parallelism <= simulation.crossbars_used
    assert simulation.layers[0].ou_operations == windows * 12


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ("<3x3, rows 0 to 12>", r"has a window in row 11; there are 11 rows of windows"),
        ("<3x3, columns [0, 11]>", r"has a window in column 11; there are 11 columns"),
        ("<14x3, rows 0>", r"has a window in row 0; there are 0 rows of windows"),
    ],
)
def test_windows_that_do_not_fit_are_refused(window: str, message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        parsed(POOLED.replace("<3x3>", window))


@pytest.mark.parametrize("rows", ["[1, 0]", "[0, 0]", "[]"])
def test_windows_are_in_ascending_order(rows: str) -> None:
    with pytest.raises(ParseError, match="rows or columns in ascending order"):
        parsed(POOLED.replace("<3x3>", f"<3x3, rows {rows}>"))


def test_layers_with_regions_have_all_windows() -> None:
    text = POOLED.replace("cnn.conv @c", "cnn.local @c").replace(
        "<3x3>", "<3x3, rows 0 to 11> region <11x11>"
    )
    with pytest.raises(VerifyException, match="has regions, and rows or columns of windows"):
        parsed(text.replace("tensor<4x1x3x3xsi2>", "tensor<1x4x1x3x3xsi2>"))


def test_branches_of_which_nothing_is_read_are_removed() -> None:
    text = network(
        4,
        4,
        "%j = cnn.concat %c, %c : tensor<4x4x4xui4>, tensor<4x4x4xui4> -> tensor<8x4x4xui4>\n"
        "%r = cnn.relu @r %c : tensor<4x4x4xui4> -> tensor<4x4x4xui4>\n"
        "%k = cnn.concat %j, %r : tensor<8x4x4xui4>, tensor<4x4x4xui4> -> tensor<12x4x4xui4>\n"
        "%y = cnn.gather %k dimension 0 indices 0 to 8 : tensor<12x4x4xui4> -> tensor<8x4x4xui4>",
        "tensor<8x4x4xui4>",
    )
    module = applied(parsed(text), [RemoveDeadPositionsPass()])
    assert "cnn.relu" not in str(module)


def test_what_cannot_be_left_out_counts() -> None:
    text = network(
        8,
        8,
        "%t = cnn.gather %c dimension 1 indices 0 to 2 : tensor<4x8x8xui4> -> tensor<4x2x8xui4>\n"
        "%l = cnn.gather %c dimension 2 indices 0 to 2 : tensor<4x8x8xui4> -> tensor<4x8x2xui4>\n"
        "%u = cnn.flatten %t : tensor<4x2x8xui4> -> tensor<64xui4>\n"
        "%v = cnn.flatten %l : tensor<4x8x2xui4> -> tensor<64xui4>\n"
        "%y = cnn.concat %u, %v : tensor<64xui4>, tensor<64xui4> -> tensor<128xui4>",
        "tensor<128xui4>",
    )
    simulation = compile_network(parsed(text), "tiny", strategy="minimum").simulate(images=3)
    work = 64 * 12 * 4
    assert work <= simulation.interval_cycles <= simulation.latency_cycles
    assert simulation.layers[0].busy_share is not None
    assert 0.9 < simulation.layers[0].busy_share <= 1


def test_windows_of_padding_alone_stay_where_they_are() -> None:
    """Both windows of @c read padding: the map before it keeps one column, and they stay two."""
    layer, row = LAYER.format(shape="1x1x1x1"), "tensor<1x3x2xui4>"
    module = parsed(f"""
    cnn.network @net(%x: tensor<1x3x3xui4>) {{
      %a = cnn.conv @a %x <1x1, strides 1x2> {layer} : tensor<1x3x3xui4> -> {row}
      %b = cnn.mul @b %a, %a : {row}, {row} -> {row}
      %c = cnn.conv @c %b <1x1, strides 1x3, pads [0, 1, 0, 1]> {layer} : {row} -> {row}
      cnn.output %c : {row}
    }}
    """)
    applied(module, [RemoveDeadPositionsPass()])
    assert "%c = cnn.conv @c %b <1x1, strides 1x3, pads [0, 1, 0, 2]>" in str(module)
