"""Layers whose sums might wrap get wider ones when a network becomes integer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, reference, text_of

from spatem_ir.cli.run import main
from spatem_ir.exchange.session import Session
from spatem_ir.hardware import presets

CHANNELS = 40


def wide_model(path: Path, activations: np.integer[Any], largest: int) -> str:
    """A convolution of 16-bit activations, all of whose weights are equal."""
    b = ModelBuilder(["N", CHANNELS, 5, 5])
    tensor = b.requantize("x", 0.001, activations)
    codes = b.constant(np.full((2, CHANNELS, 3, 3), largest), dtype=np.int8)
    scale, zero = b.constant(0.01, dtype=np.float32), b.constant(np.int8(0))
    weights = b.node("DequantizeLinear", codes, scale, zero)
    convolved = b.node("Conv", tensor, weights, name="wide")
    return b.save(path, b.requantize(convolved, 1.0, np.int16(0)), opset=21)


@pytest.mark.parametrize("activations", [np.int16(0), np.uint16(30000)])
def test_sums_beyond_32_bits_equal_onnxruntime(tmp_path: Path, activations: Any) -> None:
    path = wide_model(tmp_path / "net.onnx", activations, 127)
    network = imported(path)
    limits = np.iinfo(activations.dtype)
    images = np.random.default_rng(2).uniform(-1, 1, (4, CHANNELS, 5, 5)).astype(np.float32)
    images[0] = (limits.max - int(activations)) * 0.001
    images[1] = (limits.min - int(activations)) * 0.001
    (outputs,), (expected,) = executed(network, images), reference(path, images)
    assert np.abs(outputs - expected).max() <= 1.0  # a code: onnxruntime's sums are float32
    # Rows · weight · largest code = 360 · 127 · 2^15 needs 32 bits, of unsigned codes 33.
    assert ("sum_bits 33" in text_of(network)) == (activations.dtype == np.uint16)


def test_weights_decide_not_types(tmp_path: Path) -> None:
    path = wide_model(tmp_path / "net.onnx", np.uint16(30000), 30)
    assert "sum_bits" not in text_of(imported(path))


def test_a_machine_with_narrow_adders_refuses_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    wide_model(Path("net.onnx"), np.uint16(30000), 127)
    assert main(["net.onnx", "--check", "levels"]) == 1
    assert capsys.readouterr().err == (
        "spatem-run: @wide: its sums need 33 bits, and partial sums of 'isaac-ou' have 32: they "
        "would wrap; set accumulation.sum_bits to 33 or more, or use fewer bits for activations or "
        "weights\n"
    )
    preset = Path(presets.__path__[0], "isaac-ou.toml").read_text(encoding="utf-8")
    text = preset + "\n[accumulation]\nsum_bits = 33\n"
    Path("wide.toml").write_text(text, encoding="utf-8")
    run = ["net.onnx", "--accelerator", "wide.toml", "--engine", "none", "--images", "2"]
    for check in ("levels", "onnxruntime"):
        assert main([*run, "--check", check]) == 0


def test_a_float_bias_that_is_no_int32_is_not_cut_off(tmp_path: Path) -> None:
    """In units of the scales it is 3 · 10^10; onnxruntime's own optimisation makes −0.2 of 3."""
    b = ModelBuilder(["N", 2, 4, 4])
    tensor = b.requantize("x", 1e-5, np.int16(0))
    codes = b.constant(np.ones((1, 2, 3, 3)), dtype=np.int8)
    scale, zero = b.constant(1e-5, dtype=np.float32), b.constant(np.int8(0))
    weights = b.node("DequantizeLinear", codes, scale, zero)
    convolved = b.node("Conv", tensor, weights, b.constant([3.0], dtype=np.float32))
    path = b.save(tmp_path / "net.onnx", b.requantize(convolved, 1e-3, np.int16(0)), opset=21)
    images = np.zeros((1, 2, 4, 4), np.float32)
    (outputs,) = executed(imported(path), images)
    (expected,) = Session(path, path, optimized=False).run({"x": images})
    assert expected == pytest.approx(3.0, abs=1e-3)
    assert (outputs == expected).all()
