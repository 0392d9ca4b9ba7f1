"""How far a network is from the model that was given: noise of quantisation, codes of rounding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from unit.cli.commands import result_of
from unit.frontend.onnx_builder import ModelBuilder

from spatem_ir.cli.run import main
from spatem_ir.driver import checks
from spatem_ir.exchange.fidelity import MOST_DECIBELS

CHECK = ["--check", "onnxruntime", "--level", "cnn"]
IMAGES = np.random.default_rng(7).random((6, 3, 8, 8)).astype(np.float32)


def many(*shape: int) -> np.ndarray:
    """A hundred images, of which some are rounded differently."""
    return np.random.default_rng(7).random((100, *shape)).astype(np.float32)


@pytest.fixture(autouse=True)
def _in_a_folder(networks_folder: Path) -> None:
    np.save("calibration.npy", IMAGES)
    np.save("zeros.npy", np.zeros_like(IMAGES))


def float_model() -> str:
    """Two convolutions with folded and absorbed operators behind them, and a dense layer."""
    b = ModelBuilder(["N", 3, 8, 8], seed=3)

    def weights(*shape: int) -> str:
        return b.constant(b.random.normal(size=shape), dtype=np.float32)

    convolved = b.node("Conv", "x", weights(4, 3, 3, 3), name="first")
    parameters = [b.constant(np.full(4, value), dtype=np.float32) for value in (2, 0.5, 0.1, 1.5)]
    normal = b.node("BatchNormalization", convolved, *parameters, name="normal")
    second = b.node("Conv", b.node("Relu", normal, name="cut"), weights(4, 4, 3, 3), name="second")
    pooled = b.node("Flatten", b.node("GlobalAveragePool", second, name="pool"), name="flat")
    dense = b.node("Gemm", pooled, weights(5, 4), transB=1, name="dense")
    return b.save(Path("float.onnx"), dense)


def decibels(expected: NDArray[Any], found: NDArray[Any]) -> float:
    noise = np.square(expected.astype(np.float64) - found).sum()
    return float(10 * np.log10(np.square(expected, dtype=np.float64).sum() / noise))


def test_noise_at_the_output_and_in_every_layer(capsys: pytest.CaptureFixture[str]) -> None:
    """Layers are compared behind what was folded into them: t2 is the ReLU's result."""
    model = float_model()
    given = ["--inputs", "calibration.npy", "--outputs", "outputs.npy"]
    result = result_of(capsys, model, "--calibration", "calibration.npy", *CHECK, *given)
    found = result["fidelity"]
    assert result["outputs_match"] is True
    assert (found["inputs"], found["images"]) == ("given", 6)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"x": IMAGES})
    outputs = np.load("outputs.npy")
    (output,) = found["outputs"]
    assert output["sqnr_db"] == pytest.approx(decibels(np.asarray(expected), outputs), abs=1e-2)
    agreement = (np.asarray(expected).argmax(1) == outputs.argmax(1)).mean()
    assert found["top1_agreement"] == pytest.approx(agreement, abs=1e-5)
    assert [layer["name"] for layer in found["layers"]] == ["first", "second", "dense"]
    assert all(25 < layer["sqnr_db"] < MOST_DECIBELS for layer in found["layers"])
    assert found["worst_layer"] == min(found["layers"], key=lambda layer: layer["sqnr_db"])


def test_without_inputs_the_calibration_is_what_is_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([float_model(), "--calibration", "calibration.npy", *CHECK]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "on 6 calibration inputs" in " ".join(captured.out.split())


def test_what_no_maximum_reads_is_no_noise(capsys: pytest.CaptureFixture[str]) -> None:
    b = ModelBuilder(["N", 3, 8, 8], seed=3)
    weights = b.constant(b.random.normal(size=(4, 3, 1, 1)), dtype=np.float32)
    largest = b.node("GlobalMaxPool", b.node("Conv", "x", weights, name="conv"))
    model = b.save(Path("net.onnx"), b.node("Flatten", largest))
    found = result_of(capsys, model, "--calibration", "calibration.npy", *CHECK)["fidelity"]
    assert found["layers"][0]["sqnr_db"] > 30


def test_a_network_far_from_its_model_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    """Its integers are right, and that is all."""
    model, inputs = float_model(), ["--inputs", "calibration.npy"]
    assert main([model, "--calibration", "zeros.npy", *CHECK, *inputs]) == 0
    captured = capsys.readouterr()
    warnings = captured.err.splitlines()
    assert "are all zero" in warnings[0]
    assert warnings[1].startswith(
        "spatem-run: warning: float.onnx: the integer network is far from the float32 model: SQNR "
        "below 20 dB at output '"
    )
    assert "equal to onnxruntime" in captured.out


def quantized_model(activations: type[np.integer[Any]], file: str = "qdq.onnx") -> str:
    """Three convolutions, each between QuantizeLinear and DequantizeLinear, and an addition."""
    b = ModelBuilder(["N", 3, 8, 8], seed=9)
    zero = activations(-20 if np.iinfo(activations).min else 100)
    fine = 1 if np.iinfo(activations).bits == 8 else 1 / 200
    tensor = first = b.requantize("x", fine / 100, zero)
    for channels, scale in ((3, 0.05), (4, 0.2), (4, 0.7)):
        weights = b.weights(4, channels, 3, 3, axis=None)
        tensor = b.requantize(b.node("Conv", tensor, weights, pads=[1] * 4), scale * fine, zero)
        first = tensor if channels == 3 else first
    added = b.node("Add", first, tensor, name="sum")
    return b.save(Path(file), b.requantize(added, 0.9 * fine, zero), opset=21)


@pytest.mark.parametrize("activations", [np.int8, np.uint8, np.int16])
def test_differences_of_rounding_are_no_error(
    activations: type[np.integer[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """onnxruntime leaves layers of these in float32, and fuses the addition; we fuse all."""
    np.save("many.npy", many(3, 8, 8))
    model, inputs = quantized_model(activations), ["--inputs", "many.npy"]
    result = result_of(capsys, model, *CHECK, *inputs)
    assert result["outputs_match"] is True
    assert result["fidelity"] is None
    if result["original_differences"]:
        rounding = result["rounding"]
        assert result["original_difference_codes"] >= 1
        assert (rounding["bound"], rounding["within_bound"]) == (1, True)
        assert rounding["tensors"] == 4
        assert rounding["most_codes"] <= 1
        assert main([model, *CHECK, *inputs]) == 0
        assert "output elements differ as onnxruntime optimises it" in " ".join(
            capsys.readouterr().out.split()
        )
    else:
        assert result["rounding"] is None
    if activations is np.int16:
        assert result["original_differences"]


def changed_weights(model: str) -> None:
    """Change a weight of the second convolution in a model's file."""
    proto = onnx.load(model)
    weights = [entry for entry in proto.graph.initializer if len(entry.dims) == 4][1]
    values = numpy_helper.to_array(weights).copy()
    values.flat[5] ^= 64
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))
    onnx.save(proto, model)


def test_more_than_rounding_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model on disk has other weights when it is compared than when it was imported."""
    model, compare = quantized_model(np.uint8), checks.model_differences

    def differences(*arguments: Any) -> Any:
        changed_weights(model)
        return compare(*arguments)

    monkeypatch.setattr("spatem_ir.driver.run.model_differences", differences)
    assert main([model, *CHECK, "--inputs", "calibration.npy"]) == 1
    error = capsys.readouterr().err
    assert "but output elements (" in error
    assert "differ by up to " in error
    assert "from the given model's; operator by operator tensor 't" in error
    assert "more than the one code by which rounding may change it" in error


def test_float_outputs_behind_the_last_codes_are_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A softmax stays on the host: what differs behind it counts in no codes."""
    proto = onnx.load(quantized_model(np.int16))
    last = proto.graph.output[0].name
    proto.graph.node.append(helper.make_node("Softmax", [last], ["share"], "share", axis=1))
    proto.graph.output[0].name = "share"
    onnx.save(proto, "softmax.onnx")
    np.save("many.npy", many(3, 8, 8))
    result = result_of(capsys, "softmax.onnx", *CHECK, "--inputs", "many.npy")
    assert result["outputs_match"] is True
    assert result["original_differences"]
    assert result["original_difference_codes"] is None
    assert result["rounding"]["within_bound"] is True


def test_codes_of_another_scale_are_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    """The first QuantizeLinear behind the layer is not the one whose codes it has, if a clip joins.

    At level ou, where dead rows are left out, tensors that are not whole are not compared either.
    """
    b = ModelBuilder(["N", 3, 9, 9], seed=4)
    zero = np.uint8(100)
    tensor = b.requantize("x", 1 / 100, zero)
    weights = b.weights(4, 3, 3, 3, axis=None)
    wide = b.requantize(b.node("Conv", tensor, weights), 0.09, zero)
    cut = b.requantize(b.node("Relu", wide), 0.05, np.uint8(0))
    weights = b.weights(4, 4, 1, 1, axis=None)
    strided = b.requantize(b.node("Conv", cut, weights, strides=[2, 2]), 0.1, zero)
    added = b.node("Add", strided, strided)
    model = b.save(Path("clipped.onnx"), b.requantize(added, 0.17, zero), opset=21)
    np.save("many.npy", many(3, 9, 9))
    for level in ("cnn", "ou"):
        check = ["--check", "onnxruntime", "--level", level, "--inputs", "many.npy"]
        machine = ["--accelerator", "isaac-ou", *(["--engine", "none"] if level == "ou" else [])]
        assert result_of(capsys, model, *check, *machine)["outputs_match"] is True


def upsampling_model() -> str:
    """A transposed convolution and another layer on codes of 16 bits."""
    b = ModelBuilder(["N", 3, 8, 8], seed=9)
    zero, fine = np.int16(-20), 1 / 200
    tensor = b.requantize("x", fine / 100, zero)
    up = b.node("ConvTranspose", tensor, b.weights(3, 4, 2, 2, axis=None), strides=[2, 2])
    weights = b.weights(4, 4, 3, 3, axis=None)
    last = b.node("Conv", b.requantize(up, 0.05 * fine, zero), weights)
    return b.save(Path("up.onnx"), b.requantize(last, 0.2 * fine, zero), opset=21)


def channels_last_model() -> str:
    """A residual layer between transpositions, which cancel: the sum has its channels in front.

    All extents are equal: shapes do not tell the order.
    """
    b = ModelBuilder(["N", 4, 4, 4], seed=9)
    zero, fine = np.int16(-20), 1 / 200
    tensor = b.requantize("x", fine / 100, zero)
    for scale in (0.05, 0.1):
        maps = b.node("Transpose", tensor, perm=[0, 3, 1, 2])
        sums = b.node("Conv", maps, b.weights(4, 4, 3, 3, axis=None), pads=[1] * 4)
        behind = b.requantize(b.node("Transpose", sums, perm=[0, 2, 3, 1]), scale * fine, zero)
        tensor = b.requantize(b.node("Add", tensor, behind), 0.1 * fine, zero)
    return b.save(Path("last.onnx"), tensor, opset=21)


@pytest.mark.parametrize("model", [upsampling_model, channels_last_model])
def test_codes_are_compared_in_the_order_of_the_model(
    model: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Phases of a transposed convolution, and transpositions that moved."""
    file = model()
    inputs = onnx.load(file).graph.input[0].type.tensor_type.shape.dim[1:]
    np.save("many.npy", many(*(d.dim_value for d in inputs)))
    result = result_of(capsys, file, *CHECK, "--inputs", "many.npy")
    assert result["outputs_match"] is True
    assert result["original_differences"]
    assert result["rounding"]["most_codes"] == 1


def float_upsampling_model() -> str:
    b = ModelBuilder(["N", 3, 8, 8], seed=3)
    weights = [b.constant(b.random.normal(size=(3, 4, 2, 2)), dtype=np.float32)]
    up = b.node("ConvTranspose", "x", *weights, strides=[2, 2], name="layer")
    return b.save(Path("net.onnx"), b.node("Sigmoid", up))


def float_token_model() -> str:
    b = ModelBuilder(["N", 5, 7], seed=3)
    weights = b.constant(b.random.normal(size=(7, 6)), dtype=np.float32)
    return b.save(Path("net.onnx"), b.node("Sigmoid", b.node("MatMul", "x", weights, name="layer")))


@pytest.mark.parametrize(
    ("model", "shape"), [(float_upsampling_model, (6, 3, 8, 8)), (float_token_model, (6, 5, 7))]
)
def test_noise_is_that_of_elements_in_the_order_of_the_model(
    model: Callable[[], str], shape: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("net.npy", np.random.default_rng(7).normal(size=shape).astype(np.float32))
    found = result_of(capsys, model(), "--calibration", "net.npy", *CHECK)["fidelity"]
    assert [layer["name"] for layer in found["layers"]] == ["layer"]
    assert found["worst_layer"]["sqnr_db"] > 25


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("activations", [None, np.int16])
def test_constant_outputs_are_left_out(
    first: bool, activations: type[np.integer[Any]] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says so; the others are compared with the model's by their names."""
    model = float_model() if activations is None else quantized_model(activations)
    proto = onnx.load(model)
    proto.graph.initializer.append(numpy_helper.from_array(np.array([4, 4]), "size"))
    proto.graph.node.append(helper.make_node("Identity", ["size"], ["extents"]))
    entry = helper.make_tensor_value_info("extents", onnx.TensorProto.INT64, [2])
    proto.graph.output.insert(0 if first else 1, entry)
    onnx.save(proto, "outputs.onnx")
    np.save("many.npy", many(3, 8, 8))
    calibration = ["--calibration", "many.npy"] if activations is None else []
    assert main(["outputs.onnx", *calibration, *CHECK, "--inputs", "many.npy"]) == 0
    captured = capsys.readouterr()
    assert captured.err == (
        "spatem-run: warning: output 'extents' is left out: it does not depend on an input\n"
    )
    assert "equal to onnxruntime on 100 images" in captured.out
