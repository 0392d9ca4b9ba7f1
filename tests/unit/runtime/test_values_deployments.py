"""Hand-made deployments: they compute the network's bits, and a wrong one computes others.

The wrong ones break what the verifiers check, so they are executed without verification.
"""

from __future__ import annotations

import numpy as np
import pytest
from differential.text import parsed
from numpy.typing import NDArray

from spatem_ir.dialects.level import Level, level_of
from spatem_ir.runtime.interpreter import execute

LAYER = """%x <3x3> weights #cnn.seeded<1, tensor<4x2x3x3xsi4>> scale 1.0
      bias #cnn.seeded<2, tensor<4xsi32>> {grid}
      : tensor<2x5x5x!cnn.quant<ui4, 1.0, 3>> -> tensor<4x3x3xsi32>"""

NETWORK = """
  cnn.network @net(%x: tensor<2x5x5x!cnn.quant<ui4, 1.0, 3>>) {{
    %conv = {op} @conv {layer}
    %pool = cnn.max_pool @pool %conv <2x2> : tensor<4x3x3xsi32> -> tensor<4x2x2xsi32>
    %flat = cnn.flatten %pool : tensor<4x2x2xsi32> -> tensor<16xsi32>
    cnn.output %flat : tensor<16xsi32>
  }}"""

# 18 rows in 2 parts, 4 columns in 2 parts, 9 windows dealt to 2 copies, 4 bits in 2 parts: tiles of
# 9 rows x 4 cells. Tile = ((copy * 2 + column) * 2 + row) * 2 + bit.
GRID = """matrix 18x4 windows 9
      grid <hwm = 2, wwm = 2, iw = 2 cyclic, ib = 2, tile 9x2>"""

CNN = NETWORK.format(op="cnn.conv", layer=LAYER.format(grid=""))
MVM = NETWORK.format(op="mvm.layer", layer=LAYER.format(grid=GRID))

# Four crossbars of 16 x 16 cells, four tiles in each, side by side at different heights.  Those of
# copy 1 have fewer windows: on each crossbar they are counted first.
PLACES = """
    {level}.place @conv tiles 0 to 4 crossbars 0 to 4 at [0, 0]
    {level}.place @conv tiles 4 to 8 crossbars 0 to 4 at [7, 4]
    {level}.place @conv tiles 8 to 12 crossbars 0 to 4 at [3, 12]
    {level}.place @conv tiles 12 to 16 crossbars 0 to 4 at [2, 8]
"""
VXB = MVM + "vxb.stage 0 {" + PLACES.format(level="vxb") + "}"
PXB = (
    MVM
    + "pxb.stage 0 {"
    + PLACES.format(level="pxb")
    + """
    pxb.home @conv pes [0, 1]
    pxb.home @pool pes [3, 2]
  }"""
)
OU = (
    PXB
    + """
  ou.stage 0 {
    ou.stream crossbars 0 to 4 {
      ou.mvm @conv tile 2 windows 0 to 5
      ou.interleave by [0 times 2, 1 times 4, 0 times 3] {
        ou.mvm @conv tile 3 windows [4, 3, 0 to 3]
        ou.mvm @conv tile 1 windows 0 to 4
      }
      ou.mvm @conv windows 0 to 4
    }
    ou.merge @conv at <cu, pe, home>
  }"""
)

IMAGES = np.random.default_rng(0).integers(0, 16, (3, 2, 5, 5))


def run(text: str, *, verify: bool = True) -> NDArray[np.generic]:
    (result,) = execute(parsed(text, verify=verify), [IMAGES])
    return result


EXPECTED = run(CNN)


@pytest.mark.parametrize(
    ("level", "text"),
    [(Level.CNN, CNN), (Level.MVM, MVM), (Level.VXB, VXB), (Level.PXB, PXB), (Level.OU, OU)],
)
def test_every_level_is_recognised_and_computes_the_same(level: Level, text: str) -> None:
    assert level_of(parsed(text)) is level
    np.testing.assert_array_equal(run(text), EXPECTED)


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        # A tile is written over another one.
        (VXB, "crossbars 0 to 4 at [7, 4]", "crossbars 0 to 4 at [7, 2]"),
        (PXB, "crossbars 0 to 4 at [3, 12]", "crossbars 0 to 4 at [3, 9]"),
        # A tile is placed nowhere.
        (VXB, "tiles 4 to 8 crossbars 0 to 4", "tiles 4 to 7 crossbars 0 to 3"),
        # The sums have nowhere to come together.
        (PXB, "pxb.home @conv pes [0, 1]", ""),
        # A crossbar visits one of its tiles twice, another one never.
        (OU, "tile 1 windows 0 to 4", "windows 0 to 4"),
        # A visit is missing, made twice, or made for another window.
        (OU, "      ou.mvm @conv windows 0 to 4", "ou.mvm @conv windows 0 to 3"),
        (OU, "      ou.mvm @conv windows 0 to 4", "ou.mvm @conv windows [0 to 4, 2]"),
        (OU, "      ou.mvm @conv windows 0 to 4", "ou.mvm @conv windows [0, 1, 2, 2]"),
        (OU, "by [0 times 2, 1 times 4, 0 times 3]", "by [0 times 2, 1 times 4, 0 times 2]"),
    ],
)
def test_a_wrong_deployment_computes_other_bits(text: str, right: str, wrong: str) -> None:
    assert text.count(right) == 1
    result = run(text.replace(right, wrong), verify=False)
    assert (result != EXPECTED).any()


@pytest.mark.parametrize("places", ["home", "cu, home", "pe, home"])
def test_places_that_are_left_out_pass_contributions_on(places: str) -> None:
    text = OU.replace("<cu, pe, home>", f"<{places}>")
    np.testing.assert_array_equal(run(text), EXPECTED)


# One tile of 9 rows x 4 cells (2 weights of 2 cells) visits its single window; an OU is 4 x 4.
SPELLED_OUT = """
  cnn.network @net(%x: tensor<9xsi3>) {{
    %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<5, tensor<2x9xsi4>> scale 1.0
      matrix 9x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 9x2>
      : tensor<9xsi3> -> tensor<2xsi32>
    cnn.output %y : tensor<2xsi32>
  }}
  pxb.stage 0 {{
    pxb.place @fc tiles 0 crossbars 5 at [4, 8]
    pxb.home @fc pes 1
  }}
  ou.stage 0 {{
    ou.stream crossbars 5 {{
      ou.mvm @fc windows 0 {{
        {operations}
      }}
    }}
    ou.merge @fc at <cu, pe, home>
  }}"""
OPERATIONS = [
    f"ou.activate bits {bit} rows {row} to {min(row + 4, 9)} columns 0 to 4"
    for bit in range(3)
    for row in range(0, 9, 4)
]


# Every bit of every group of rows is set somewhere.
CODES = np.array([[-4, -3, -2, -1, 0, 1, 2, 3, -1], [-1, 3, 2, 1, -1, 0, -2, -3, 2]])


def spelled_out(operations: list[str]) -> NDArray[np.generic]:
    module = parsed(SPELLED_OUT.format(operations="\n".join(operations)), verify=False)
    (result,) = execute(module, [CODES])
    return result


def test_operations_that_are_spelled_out_compute_the_visit() -> None:
    network = parsed("""
      cnn.network @net(%x: tensor<9xsi3>) {
        %y = cnn.dense @fc %x weights #cnn.seeded<5, tensor<2x9xsi4>> scale 1.0
          : tensor<9xsi3> -> tensor<2xsi32>
        cnn.output %y : tensor<2xsi32>
      }""")
    (expected,) = execute(network, [CODES])
    np.testing.assert_array_equal(spelled_out(OPERATIONS), expected)
    np.testing.assert_array_equal(spelled_out(OPERATIONS[::-1]), expected)


@pytest.mark.parametrize("missing", range(len(OPERATIONS)))
def test_an_operation_that_is_missing_or_made_twice_changes_the_bits(missing: int) -> None:
    expected = spelled_out(OPERATIONS)
    without = OPERATIONS[:missing] + OPERATIONS[missing + 1 :]
    assert (spelled_out(without) != expected).any()
    assert (spelled_out([*OPERATIONS, OPERATIONS[missing]]) != expected).any()


def test_cells_hold_one_tile() -> None:
    def stage(second: str) -> str:
        return f"""
          vxb.stage 0 {{
            vxb.place @conv tiles 0 to 8 crossbars 0 to 8 at [0, 0]
            vxb.place @conv tiles 8 to 16 crossbars {second} at [0, 0]
          }}"""

    np.testing.assert_array_equal(run(MVM + stage("8 to 16")), EXPECTED)
    assert (run(MVM + stage("[2 to 8, 0, 1]"), verify=False) != EXPECTED).any()
