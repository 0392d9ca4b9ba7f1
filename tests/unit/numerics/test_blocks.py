"""Large tensors are computed block by block, to the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from unit.runtime.evaluation import SI16, UI8

from spatem_ir.dialects.cnn.attributes import Quantization
from spatem_ir.dialects.cnn.weight_layers import Requantization
from spatem_ir.numerics import codes, requantization
from spatem_ir.numerics.codes import dequantize, quantize
from spatem_ir.numerics.requantization import Requantizer

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("code", [UI8, SI16])
def test_codes(code: Quantization, monkeypatch: pytest.MonkeyPatch) -> None:
    values = RANDOM.normal(0, 5, (4, 5, 3)).astype(np.float32).transpose(2, 0, 1)
    at_once = quantize(values, code)
    reals = dequantize(at_once, code)
    monkeypatch.setattr(codes, "BLOCK_ELEMENTS", 7)
    blocks = quantize(values, code)
    assert blocks.dtype == at_once.dtype
    np.testing.assert_array_equal(blocks, at_once)
    np.testing.assert_array_equal(dequantize(blocks, code), reals)


@pytest.mark.parametrize("positions", [1, 7])
@pytest.mark.parametrize("multipliers", [1, 5])
@pytest.mark.parametrize("most", [1, 3, 7, 14, 30])
def test_sums(most: int, multipliers: int, positions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of 5 channels, 7 positions and 2 images; there may be a constant for each position."""
    sums = RANDOM.integers(-1000, 1000, (5, 7, 2)).astype(np.int32)
    requantizer = Requantizer(
        RANDOM.integers(-100, 100, (5, positions, 1)).astype(np.int32),
        RANDOM.uniform(0, 0.1, (multipliers, 1, 1)).astype(np.float32),
        Requantization.FLOAT32,
        UI8,
        (5, 7, 1),
        saturation=(3, 200),
    )
    at_once = requantizer.apply(sums)
    assert at_once.shape == (2, 5, 7, 1)
    monkeypatch.setattr(requantization, "BLOCK_ELEMENTS", most)
    np.testing.assert_array_equal(requantizer.apply(sums), at_once)
