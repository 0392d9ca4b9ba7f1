"""`spatem-run` on what it cannot do: one line on stderr, exit status 1, nothing written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from unit.cli.commands import IMAGES, NETWORK, TINY, VALUES_ONLY, error_of

from spatem_ir.runtime.machine.engine import ENGINES

pytestmark = pytest.mark.usefixtures("networks_folder")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a network, an .onnx or an .mlir file (see --help)"),
        (["missing.mlir"], "missing.mlir: No such file or directory"),
        (["missing.onnx"], "missing.onnx: No such file or directory"),
        (["net.mlir", "--accelerator", "huge"], "unknown accelerator 'huge': neither a TOML file"),
        (
            ["lenet", "--accelerator", "tiny", "--set", "partition{stages=1}"],
            "its weights need at least 297 crossbars, 'tiny' has 16",
        ),
        (["lenet", "--weight-bits", "1"], "--weight-bits is 1; 2 to 16 are possible"),
        (
            [*TINY, "--strategy", "best"],
            "partition: unknown strategy 'best'; one of exact-",
        ),
        ([*TINY, "--engine", "quick"], "argument --engine: invalid choice: 'quick'"),
        ([*TINY, "--check", "values"], "argument --check: invalid choice: 'values'"),
        ([*TINY, "--images", "0"], "--images is 0; it must be at least 1"),
        ([*TINY, "--images", "few"], "argument --images: invalid int value: 'few'"),
        ([*TINY, "--images-in-flight", "0"], "--images-in-flight is 0; it must be at least 1"),
        ([*TINY, "--seed", "-1", "--check", "levels"], "--seed is -1; it must be at least 0"),
        (
            ["lenet-digits", "--images", "99999", "--check", "reference"],
            "--images is 99999; there are",
        ),
        ([*TINY, "--fast"], "unrecognized arguments: --fast (see --help)"),
    ],
)
def test_errors(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in error_of(capsys, *arguments)


def test_an_unknown_network_is_answered_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = error_of(capsys, "alexnet2")
    assert message.startswith("unknown network 'alexnet2': neither an .onnx file nor one of lenet,")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cnn.network @net(%x: tensor<4xui8>) {", "broken.mlir:1:"),
        ("builtin.module {\n}", "broken.mlir: holds no cnn.network"),
        (NETWORK.replace("tensor<4x1x3x3xsi2>", "tensor<4x1x2x3xsi2>"), "cnn.conv @conv: has we"),
    ],
    ids=["syntax", "empty", "verifier"],
)
def test_broken_ir(text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.mlir").write_text(text, encoding="utf-8")
    assert message in error_of(capsys, "broken.mlir", "--accelerator", "tiny")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0], "input 0 has shape (1, 6, 6); give an array of images x 1x6x6"),
        (IMAGES[:, :, 1:], "input 0 has shape (3, 1, 5, 6); give an array of images x 1x6x6"),
        (IMAGES[:0], "inputs have 0 images"),
        (np.array(7), "one image or more for every input are needed"),
        (IMAGES.astype(np.float32), "input 0 has type float32; give integer codes from 0 to 255"),
        (IMAGES > 100, "input 0 has type bool; give integer codes from 0 to 255"),
        (IMAGES + np.int64(1), "input 0 holds codes from"),
        (IMAGES.astype(np.int8), "its type allows 0 to 255"),
    ],
    ids=["one image", "rows", "no image", "number", "float", "bool", "too large", "negative"],
)
def test_wrong_inputs(images: np.ndarray, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("wrong.npy", images)
    options = ["--inputs", "wrong.npy", "--outputs", "out.npy", "--json", "result.json"]
    assert message in error_of(capsys, *VALUES_ONLY, *options)


def test_unreadable_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("text.npy").write_text("1 2 3")
    np.savez("archive.npz", labels=np.arange(3), images=IMAGES)
    np.save("pickle.npy", np.array([{}], object), allow_pickle=True)
    for file, message in (
        ("missing.npy", "missing.npy: there is no such file"),
        ("text.npy", "text.npy: not a readable .npy or .npz file: "),
        ("pickle.npy", "pickle.npy: not a readable .npy or .npz file: "),
        (".", ".: not a readable .npy or .npz file: "),
        ("archive.npz", "archive.npz: holds the arrays 'labels', 'images', but the inputs are 'x'"),
    ):
        assert error_of(capsys, *VALUES_ONLY, "--inputs", file).startswith(message)


def test_too_few_or_too_many_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--inputs", "images.npy"]
    message = error_of(capsys, *VALUES_ONLY, *options, "--images", "4")
    assert message == "images.npy: holds 3 of 4 images"
    message = error_of(capsys, "two.mlir", "--accelerator", "tiny", *options)
    assert message == (
        "images.npy: is one array, but the inputs are 'x', 'y'; give an .npz file with an array of "
        "the name of each"
    )


@pytest.mark.parametrize("option", ["--json", "--outputs"])
def test_a_file_that_cannot_be_written(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = "missing/result"
    message = error_of(capsys, *VALUES_ONLY, option, file)
    assert message == "missing/result: cannot be written: there is no folder missing"


def test_a_program_of_too_many_visits_is_not_simulated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = replace(ENGINES["reference"], most_visits=10)
    monkeypatch.setitem(ENGINES, "reference", reference)
    message = error_of(capsys, *TINY, "--engine", "reference")
    assert message.startswith("net.mlir: the program has ")
    assert "visits, the reference engine executes at most 10" in message
