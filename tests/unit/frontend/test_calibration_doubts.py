"""Calibration inputs that no scale should be taken from are noticed; those of people are not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from unit.frontend.onnx_builder import ModelBuilder, imported

from spatem_ir.cli.opt import main as spatem_opt
from spatem_ir.frontend import calibration_doubts
from spatem_ir.frontend.calibration_doubts import doubts_about_inputs

RANDOM = np.random.default_rng(1)
IMAGES = RANDOM.random((5, 3, 8, 8)).astype(np.float32)
MASKS = (IMAGES > 0.8).astype(np.float32)
OUTLIER = IMAGES.copy()
OUTLIER[0, 0, 0, 0] = 1e6
SPARSE = np.zeros_like(IMAGES)
SPARSE[:, 0, 0, 0] = 1


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (np.zeros_like(IMAGES), "are all zero"),
        (np.full_like(IMAGES, -1.5), "are all -1.5"),
        (np.broadcast_to(IMAGES[:, :1, :1, :1], IMAGES.shape), "do not vary within an image"),
        (np.repeat(IMAGES[:1], 4, axis=0), "are 4 times the same image"),
        (OUTLIER, r"have outliers: 99\.\d+% of the values, from .* to .*, get one"),
    ],
)
def test_a_poor_sample_is_doubted(inputs: NDArray[np.float32], reason: str) -> None:
    (doubt,) = doubts_about_inputs("x", inputs, 8)
    assert doubt.startswith("the calibration inputs of 'x' ")
    assert re.search(reason, doubt)


def test_doubts_are_the_same_image_by_image(monkeypatch: pytest.MonkeyPatch) -> None:
    several = [OUTLIER, IMAGES, np.repeat(IMAGES[:1], 4, axis=0), -OUTLIER]
    together = [doubts_about_inputs("x", inputs, 8) for inputs in several]
    monkeypatch.setattr(calibration_doubts, "ELEMENTS_AT_ONCE", 1)
    assert [doubts_about_inputs("x", inputs, 8) for inputs in several] == together


def test_too_many_inputs_are_refused_before_they_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of 2.5 GB, of which hardly anything is on the disk."""
    model, file = dead_layer(tmp_path / "model.onnx"), tmp_path / "sparse.npy"
    np.lib.format.open_memmap(str(file), "w+", np.float32, (3_300_000, 3, 8, 8))
    assert spatem_opt([model, "--calibration", str(file)]) == 1
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .endswith(
            f"{file}: calibration inputs have 633,600,000 elements; 268,435,456 are possible: give "
            "fewer inputs"
        )
    )


@pytest.mark.parametrize(
    "inputs",
    [IMAGES, IMAGES[:1], MASKS, SPARSE * IMAGES, IMAGES - 0.5, IMAGES * 1e-20],
    ids=["images", "one image", "masks", "sparse", "signed", "small"],
)
def test_a_fair_sample_is_not(inputs: NDArray[Any]) -> None:
    assert doubts_about_inputs("x", inputs.astype(np.float32), 8) == ()


def dead_layer(path: Path) -> str:
    """A convolution whose ReLU lets nothing through, and a layer behind it."""
    b = ModelBuilder(["N", 3, 8, 8])
    weights = b.constant(-np.abs(b.random.normal(size=(4, 3, 3, 3))), dtype=np.float32)
    dead = b.node("Relu", b.node("Conv", "x", weights, name="dead"), name="cut")
    more = b.constant(b.random.normal(size=(2, 4, 3, 3)), dtype=np.float32)
    return b.save(path, b.node("Conv", dead, more))


def test_results_that_do_not_vary_are_doubted(tmp_path: Path) -> None:
    path = dead_layer(tmp_path / "net.onnx")
    (doubt,) = imported(path, calibration=IMAGES).prepared.doubts
    assert doubt == (
        "the results of '%cut' do not vary on the calibration inputs, nor those of 1 more "
        "operators: their scale means nothing"
    )
    assert imported(path, calibration=-IMAGES).prepared.doubts == ()


def test_doubts_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    dead_layer(Path("net.onnx"))
    np.save("zeros.npy", np.zeros_like(IMAGES))
    assert spatem_opt(["net.onnx", "--calibration", "zeros.npy", "-o", "net.mlir"]) == 0
    assert capsys.readouterr().err == (
        "spatem-opt: warning: the calibration inputs of 'x' are all zero: no scale that is taken "
        "from them means anything\n"
    )
