"""What `execute` accepts, and how it refuses the rest."""

from __future__ import annotations

import numpy as np
import pytest
from differential.text import parsed
from numpy.typing import NDArray

from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError

NETWORK = """
  cnn.network @net(%x: tensor<2x3xsi4>, %f: tensor<2xf32>) {
    cnn.output %f, %x : tensor<2xf32>, tensor<2x3xsi4>
  }"""

CODES = np.zeros((4, 2, 3), np.int64)
REALS = np.zeros((4, 2), np.float32)


def test_outputs_are_in_storage_type_batch_first() -> None:
    reals, codes = execute(parsed(NETWORK), [CODES - 8, REALS])
    assert (reals.dtype, reals.shape) == (np.float32, (4, 2))
    assert (codes.dtype, codes.shape) == (np.int8, (4, 2, 3))
    assert (codes == -8).all()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([CODES], "@net has 2 inputs, not 1"),
        ([CODES[0], REALS], r"input 0 has shape \(2, 3\); give an array of images x 2x3"),
        ([CODES[:, :1], REALS], r"input 0 has shape \(4, 1, 3\)"),
        ([np.zeros(()), REALS], r"input 0 has shape \(\)"),
        ([CODES.astype(np.float32), REALS], "input 0 has type float32; give integer codes"),
        ([CODES.astype(bool), REALS], "input 0 has type bool"),
        ([CODES + 8, REALS], "input 0 holds codes from 8 to 8; its type allows -8 to 7"),
        ([CODES - 9, REALS], "input 0 holds codes from -9 to -9"),
        ([CODES, REALS.astype(np.float64)], "input 1 has type float64; give float32"),
        ([CODES, REALS * np.nan], "input 1 holds values that are not finite"),
        ([CODES[:3], REALS], "inputs have 3, 4 images"),
        ([CODES[:0], REALS[:0]], "inputs have 0 images"),
    ],
)
def test_wrong_inputs_are_refused(inputs: list[NDArray[np.generic]], message: str) -> None:
    with pytest.raises(SpatemError, match=message):
        execute(parsed(NETWORK), inputs)


def test_a_module_without_a_network_is_refused() -> None:
    with pytest.raises(SpatemError, match=r"holds no cnn\.network"):
        execute(parsed("builtin.module {}"), [])


def test_a_layer_that_is_not_partitioned_is_refused_below_level_cnn() -> None:
    module = parsed("""
      cnn.network @net(%x: tensor<2xui4>) {
        %y = mvm.layer @first %x <1x1> weights #cnn.seeded<0, tensor<2x2xsi4>> scale 0.1
          matrix 2x2 windows 1 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 2x2>
          : tensor<2xui4> -> tensor<2xui4>
        %z = cnn.dense @second %y weights #cnn.seeded<1, tensor<2x2xsi4>> scale 0.1
          : tensor<2xui4> -> tensor<2xui4>
        cnn.output %z : tensor<2xui4>
      }""")
    with pytest.raises(SpatemError, match=r"cnn\.dense @second is not partitioned"):
        execute(module, [np.zeros((1, 2), np.uint8)])
