"""Averages that lie half-way between two codes, against onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import (
    INPUT_SCALE,
    ModelBuilder,
    executed,
    imported,
    random_images,
    reference,
)


@pytest.mark.parametrize("zero_point", [2, 3])
@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("AveragePool", {"kernel_shape": [2, 2]}),
        ("AveragePool", {"kernel_shape": [8, 8], "strides": [2, 2]}),
        ("AveragePool", {"kernel_shape": [4, 2], "strides": [2, 2], "count_include_pad": 1}),
        ("GlobalAveragePool", {}),
    ],
)
def test_ties_round_as_in_onnxruntime(
    operator: str, attributes: dict[str, Any], zero_point: int, tmp_path: Path
) -> None:
    """Input and output have the same scale, so that many of the means are halves."""
    b = ModelBuilder(["N", 3, 8, 8])
    pool = b.node(operator, b.input(), name="pool", **attributes)
    path = b.save(tmp_path / "m.onnx", b.quantize(pool, INPUT_SCALE, np.uint8(zero_point)))
    images = random_images(50, 3, 8, 8)
    assert np.array_equal(executed(imported(path), images)[0], reference(path, images)[0])
