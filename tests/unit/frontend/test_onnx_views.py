"""Views that put something else than the batch in front, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, reference
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError

SHAPE = (3, 4, 5)


def integers(model: ModelBuilder, *values: int) -> str:
    return model.constant(values, dtype=np.int64)


def flat_and_taken(model: ModelBuilder, tensor: str) -> str:
    """As PyTorch's exporter writes `as_strided`."""
    flat = model.node("Reshape", tensor, integers(model, -1))
    indices = model.constant(np.arange(60).reshape(1, 3, 4, 5)[:, ::-1, :, 1:3], dtype=np.int64)
    return model.node("Gather", flat, indices, axis=0)


def squeezed(model: ModelBuilder, tensor: str) -> str:
    maps = model.node("Squeeze", tensor, integers(model, 0))
    return model.node(
        "Unsqueeze", model.node("Transpose", maps, perm=[2, 0, 1]), integers(model, 0)
    )


def batch_behind(model: ModelBuilder, tensor: str) -> str:
    """A sequence with the batch as its second dimension."""
    rows = model.node("Transpose", tensor, perm=[2, 0, 1, 3])
    flat = model.node("Reshape", rows, integers(model, 4, 1, 15))
    return model.node("Transpose", flat, perm=[1, 2, 0])


def parts(model: ModelBuilder, tensor: str) -> str:
    maps = model.node("Reshape", tensor, integers(model, 12, 5))
    taken = model.node("Slice", maps, *(integers(model, n) for n in (2, 11, 0, 3)))
    return model.node("Reshape", taken, integers(model, 1, 3, 5))


@pytest.mark.parametrize("build", [flat_and_taken, squeezed, batch_behind, parts])
def test_back_in_front(tmp_path: Path, build: Callable[[ModelBuilder, str], str]) -> None:
    model = ModelBuilder((1, *SHAPE))
    result = model.node("Relu", build(model, model.node("Neg", "x")))
    file, images = model.save(tmp_path / "net.onnx", result, opset=18), reals(1, 1, *SHAPE)
    values, wanted = executed(imported(file, raw=True), images)[0], reference(file, images)[0]
    np.testing.assert_array_equal(values, wanted)
    assert values.shape == wanted.shape


def test_what_is_no_view_needs_the_batch(tmp_path: Path) -> None:
    model = ModelBuilder((1, *SHAPE))
    maps = model.node("Squeeze", "x", integers(model, 0))
    file = model.save(tmp_path / "net.onnx", model.node("Relu", maps), opset=18)
    message = "Relu 'relu1': reads 't0', whose first dimension is not the batch any more"
    with pytest.raises(SpatemError, match=message):
        imported(file)


def test_several_images_stay_apart(tmp_path: Path) -> None:
    model = ModelBuilder((2, *SHAPE))
    result = model.node("Transpose", "x", perm=[1, 0, 2, 3])
    file = model.save(tmp_path / "net.onnx", result, opset=18)
    with pytest.raises(SpatemError, match="moves the batch"):
        imported(file)
