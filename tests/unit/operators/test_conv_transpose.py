"""ConvTranspose: its geometry and its weights, in float32 and in codes, up to the crossbars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from unit.frontend.onnx_builder import (
    ModelBuilder,
    executed,
    imported,
    random_images,
    reference,
    text_of,
)
from unit.operators.all_the_way import (
    SHAPE,
    assert_equals_onnxruntime,
    assert_runs_on_the_chip,
)
from unit.runtime.evaluation import reals

from spatem_ir.support.errors import SpatemError

GEOMETRIES: dict[str, dict[str, Any]] = {
    "a U-Net's": {"strides": [2, 2]},
    "overlapping": {"strides": [2, 1], "pads": [1, 0, 2, 1]},
    "pads beyond the kernel": {"strides": [2, 3], "pads": [3, 4, 0, 3]},
    "output padding": {"strides": [3, 2], "output_padding": [2, 1]},
    "dilated": {"dilations": [2, 3], "strides": [2, 2]},
    "same": {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
    "same lower": {"strides": [3, 2], "auto_pad": "SAME_LOWER"},
    "valid": {"strides": [1, 2], "auto_pad": "VALID"},
    "output shape": {"strides": [2, 2], "output_shape": [14, 15]},
    "larger output shape": {"strides": [3, 2], "output_shape": [25, 17]},
}


def transposed(
    model: ModelBuilder, tensor: str, *shape: int, bias: int = 0, **attributes: Any
) -> str:
    inputs = [model.constant(model.random.normal(0, 0.3, shape).astype(np.float32))]
    if bias:
        inputs.append(model.constant(model.random.normal(size=bias).astype(np.float32)))
    return model.node("ConvTranspose", tensor, *inputs, **attributes)


@pytest.mark.parametrize("kernel", [(2, 2), (3, 4)])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_of_reals(tmp_path: Path, name: str, kernel: tuple[int, int]) -> None:
    if name == "pads beyond the kernel" and kernel == (2, 2):
        kernel = (5, 1)
    assert_equals_onnxruntime(
        tmp_path,
        lambda m, x: transposed(m, x, 4, 3, *kernel, bias=3, **GEOMETRIES[name]),
        reals(1, 2, *SHAPE),
    )


def test_phases_without_overlap_are_a_convolution_of_single_elements(tmp_path: Path) -> None:
    text = assert_equals_onnxruntime(
        tmp_path, lambda m, x: transposed(m, x, 4, 3, 2, 2, strides=[2, 2]), reals(1, 2, *SHAPE)
    )
    assert "cnn.conv @convtranspose0 %x <1x1> " in text and "cnn.pad" not in text
    assert "tensor<12x8x8xf32>" in text


def test_groups(tmp_path: Path) -> None:
    assert_equals_onnxruntime(
        tmp_path,
        lambda m, x: transposed(m, x, 4, 3, 3, 3, bias=6, group=2, strides=[2, 2]),
        reals(1, 2, *SHAPE),
    )


def test_signals(tmp_path: Path) -> None:
    assert_equals_onnxruntime(
        tmp_path,
        lambda m, x: transposed(m, x, 4, 3, 3, strides=[2], pads=[1, 0], output_padding=[1]),
        reals(1, 2, 4, 9),
    )


@pytest.mark.parametrize("name", ["a U-Net's", "overlapping", "output padding"])
def test_on_the_chip(tmp_path: Path, name: str) -> None:
    def build(model: ModelBuilder, tensor: str) -> str:
        hidden = model.node("Relu", tensor)
        return transposed(model, hidden, SHAPE[0], 3, 3, 2, bias=3, **GEOMETRIES[name])

    deployed = assert_runs_on_the_chip(tmp_path, build, shape=(4, 4, 4))
    assert [layer["name"] for layer in deployed["layers"]][-1] == "convtranspose2"


@pytest.mark.parametrize("groups", [1, 2])
def test_quantised_weights_with_a_scale_per_output_channel(tmp_path: Path, groups: int) -> None:
    model = ModelBuilder(("n", 4, 5, 5))
    weights = model.weights(4, 3, 2, 2, axis=1)
    result = model.node("ConvTranspose", model.input(), weights, strides=[2, 2], group=groups)
    path = model.save(tmp_path / "net.onnx", model.quantize(result, 0.05, np.uint8(101)))
    network, images = imported(path), random_images(2, 4, 5, 5)
    assert "cnn.dequantize" not in text_of(network)
    difference = executed(network, images)[0].astype(int) - reference(path, images)[0]
    assert np.abs(difference).max() <= 1 and np.mean(difference != 0) < 0.01


def test_pads_that_leave_nothing(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 4, 5, 5))
    file = model.save(tmp_path / "net.onnx", transposed(model, "x", 4, 3, 2, 2, pads=[3, 0, 3, 0]))
    with pytest.raises(SpatemError, match="has pads that leave nothing of its"):
        imported(file)


def test_fused_convolutions_of_onnxruntime(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 4, 5, 5))
    weights = model.constant(model.random.normal(size=(3, 4, 3, 3)).astype(np.float32))
    fused = {"domain": "com.microsoft", "activation": "Relu"}
    result = model.node("FusedConv", "x", weights, **fused)
    proto = model.model(result, rank=4)
    proto.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    path = tmp_path / "net.onnx"
    onnx.save(proto, path)
    network, images = imported(str(path), raw=True), random_images(2, 4, 5, 5).astype(np.float32)
    (values,), (wanted,) = executed(network, images), reference(str(path), images)
    assert "cnn.relu" in text_of(network)
    np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-5)
