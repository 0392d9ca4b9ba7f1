"""Inputs of float models: several, of other types than float32, normalised, or none at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper, parser
from unit.frontend.onnx_builder import ModelBuilder, imported, text_of
from unit.runtime.evaluation import reals

from spatem_ir.cli.run import main
from spatem_ir.frontend.samples import calibration_inputs, synthetic_inputs
from spatem_ir.support.errors import SpatemError


def run(path: Path, *arguments: str) -> dict[str, Any]:
    """The results of a run that finds values equal."""
    results = path / "results.json"
    assert main([*arguments, "--json", str(results)]) == 0
    found = json.loads(results.read_text())
    assert found["outputs_match"] is True
    return found


def checked(path: Path, file: str, *arguments: str) -> None:
    """Compare a network with onnxruntime, and its deployment with every level."""
    run(path, file, "--images", "2", "--level", "cnn", "--check", "onnxruntime", *arguments)
    run(path, file, "--images", "2", "--accelerator", "tiny", "--check", "levels", *arguments)


def conv(model: ModelBuilder, tensor: str) -> str:
    weights = model.random.normal(0, 0.3, (4, 3, 3, 3)).astype(np.float32)
    return model.node("Relu", model.node("Conv", tensor, model.constant(weights), pads=[1] * 4))


def by_channel(model: ModelBuilder, *values: float) -> str:
    return model.constant(np.array(values, np.float32).reshape(3, 1, 1))


def test_bytes_that_are_normalised_in_the_graph(tmp_path: Path) -> None:
    """The input's codes are the bytes: nothing is requantised in front of the normalisation."""
    model = ModelBuilder(("n", 3, 6, 6), TensorProto.UINT8)
    pixels = model.node("Cast", "x", to=TensorProto.FLOAT)
    centred = model.node("Sub", pixels, by_channel(model, 123.7, 116.3, 103.5))
    scaled = model.node("Div", centred, by_channel(model, 58.4, 57.1, 57.4))
    file = model.save(tmp_path / "net.onnx", conv(model, scaled))
    images = np.random.default_rng(1).integers(40, 200, (4, 3, 6, 6), np.uint8)
    np.save(tmp_path / "images.npy", images)
    text = text_of(imported(file, calibration=str(tmp_path / "images.npy")))
    assert "requantize" not in text and text.count("cnn.affine") == 1
    checked(tmp_path, file, "--calibration", str(tmp_path / "images.npy"))


def test_bytes_with_the_channels_last(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 6, 6, 3), TensorProto.UINT8)
    pixels = model.node("Cast", "x", to=TensorProto.FLOAT)
    unit = model.node("Mul", pixels, model.constant(np.float32(1 / 255)))
    turned = model.node("Transpose", unit, perm=[0, 3, 1, 2])
    checked(tmp_path, model.save(tmp_path / "net.onnx", conv(model, turned)))


def test_signed_bytes(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 3, 6, 6), TensorProto.INT8)
    file = model.save(
        tmp_path / "net.onnx", conv(model, model.node("Cast", "x", to=TensorProto.FLOAT))
    )
    assert "requantize" not in text_of(imported(file))
    checked(tmp_path, file)


def test_models_of_half_floats(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 12), TensorProto.FLOAT16)
    weights = model.constant(reals(1, 12, 5).astype(np.float16))
    layer = model.node("Gemm", "x", weights, model.constant(reals(2, 5).astype(np.float16)))
    shifted = model.node("Add", model.node("Relu", layer), model.constant(np.float16(0.5)))
    file = model.save(tmp_path / "net.onnx", model.node("Cast", shifted, to=TensorProto.FLOAT))
    np.save(tmp_path / "images.npy", reals(3, 4, 12).astype(np.float16))
    calibration = ("--calibration", str(tmp_path / "images.npy"))
    checked(tmp_path, file, *calibration)
    checked(tmp_path, file, *calibration, "--inputs", str(tmp_path / "images.npy"))


def two_inputs(path: Path) -> str:
    text = """<ir_version: 8, opset_import: ["": 17]>
    g (float[n, 3, 6, 6] first, uint8[n, 4, 6, 6] second_map) => (float[n, 4, 6, 6] y)
    {
      maps = Conv<pads = [1, 1, 1, 1]>(first, weights)
      pixels = Cast<to = 1>(second_map)
      y = Mul(maps, pixels)
    }"""
    model = parser.parse_model(text)
    for value in model.graph.input:
        value.name = value.name.replace("_", ".")
    for node in model.graph.node:
        node.input[:] = [name.replace("_", ".") for name in node.input]
    model.graph.initializer.append(numpy_helper.from_array(reals(1, 4, 3, 3, 3), "weights"))
    onnx.save(model, path / "net.onnx")
    return str(path / "net.onnx")


def test_several_inputs(tmp_path: Path) -> None:
    """Arrays in an .npz file by the names of the model, which need not be identifiers."""
    file, archive = two_inputs(tmp_path), str(tmp_path / "inputs.npz")
    second = np.random.default_rng(1).integers(0, 256, (4, 4, 6, 6), np.uint8)
    np.savez(archive, **{"second.map": second, "first": reals(2, 4, 3, 6, 6)})
    checked(tmp_path, file)
    checked(tmp_path, file, "--calibration", archive)
    checked(tmp_path, file, "--calibration", archive, "--inputs", archive)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (reals(1, 4, 3, 6, 6), "calibration: is one array, but the inputs are 'first', 'second_m"),
        ({"first": reals(1, 4, 3, 6, 6)}, "holds the arrays 'first', but the inputs are 'first', "),
        (
            {"first": reals(1, 4, 3, 6, 6), "second.map": np.zeros((3, 4, 6, 6), np.uint8)},
            "inputs of different number: 4 of 'first', 3 of 'second_map'",
        ),
        (
            {"first": reals(1, 4, 3, 6, 6), "second.map": np.zeros((4, 4, 6, 6), np.float32)},
            "inputs are float32; the model's input 'second_map' is uint8",
        ),
    ],
)
def test_several_inputs_that_do_not_fit(tmp_path: Path, arrays: Any, message: str) -> None:
    file = two_inputs(tmp_path)
    with pytest.raises(SpatemError) as caught:
        imported(file, calibration=arrays)
    assert message in str(caught.value)


def test_no_calibration_inputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Random ones are drawn, the same for the same seed; one warning says what they are worth."""
    model = ModelBuilder(("n", 3, 6, 6))
    file = model.save(tmp_path / "net.onnx", conv(model, "x"))
    first, again, other = (text_of(imported(file, seed=seed)) for seed in (0, 0, 1))
    assert first == again != other
    capsys.readouterr()
    assert main([file, "--accelerator", "tiny", "--seed", "3"]) == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert warnings == [
        "spatem-run: warning: there are no calibration inputs: scales are taken from 2 random ones "
        "(seed 3), so that cycles mean something, and accuracy nothing; give --calibration FILE.npy"
    ]
    with pytest.raises(SpatemError, match="--seed is -1"):
        imported(file, seed=-1)


def test_what_is_drawn(tmp_path: Path) -> None:
    from spatem_ir.dialects.mvm import network_of

    network = network_of(imported(two_inputs(tmp_path), raw=True).module)
    assert network is not None
    reals_drawn, codes = synthetic_inputs(network, 0)
    assert reals_drawn.dtype == np.float32 and abs(float(reals_drawn.std()) - 1) < 0.2
    assert codes.dtype == np.uint8 and codes.min() < 10 and codes.max() > 245
    fitting = calibration_inputs(network, {"first": reals_drawn, "second.map": codes})
    assert fitting[0] is reals_drawn and fitting[1] is codes
