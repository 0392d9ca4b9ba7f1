"""Quantisation as QONNX and Brevitas write it, against the same arithmetic in ONNX's operators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from unit.frontend.onnx_builder import ModelBuilder, imported, reference
from unit.frontend.quantized_models import (
    expect_equal_tensors,
    expect_same_at_all_levels,
    random_inputs,
)

from spatem_ir.cli.run import main
from spatem_ir.support.errors import SpatemError

DOMAIN = "qonnx.custom_op.general"
STEP = 0.0973


class QonnxModel(ModelBuilder):
    """A model with quantisation by QONNX's operators, or `spelled_out` in ONNX's own."""

    def __init__(self, *, spelled_out: bool, domain: str = DOMAIN):
        super().__init__(["n", 3, 6, 6])
        self.spelled_out, self.domain = spelled_out, domain

    def real(self, values: Any) -> str:
        return self.constant(values, dtype=np.float32)

    def whole(self, steps: str, mode: str) -> str:
        """Numbers rounded."""
        if mode in ("HALF_UP", "DOWN"):
            size = self.node("Abs", steps)
            size = self.node("Add", size, self.real(0.5)) if mode == "HALF_UP" else size
            return self.node("Mul", self.node("Sign", steps), self.node("Floor", size))
        return self.node({"ROUND": "Round", "FLOOR": "Floor", "CEIL": "Ceil"}[mode], steps)

    def quant(
        self,
        tensor: str,
        scale: Any,
        bits: float,
        zero_point: Any = 0,
        mode: str = "ROUND",
        **kind: bool,
    ) -> str:
        signed, narrow = kind.get("signed", True), kind.get("narrow", False)
        numbers = [self.real(value) for value in (scale, zero_point, bits)]
        if not self.spelled_out:
            attributes = {"signed": signed, "narrow": narrow, "rounding_mode": mode}
            return self.node("Quant", tensor, *numbers, domain=self.domain, **attributes)
        least = narrow - 2 ** (bits - 1) if signed else 0
        greatest = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow
        steps = self.node("Add", self.node("Div", tensor, numbers[0]), numbers[1])
        steps = self.node("Clip", steps, self.real(least), self.real(greatest))
        centred = self.node("Sub", self.whole(steps, mode), numbers[1])
        return self.node("Mul", centred, numbers[0])

    def bipolar(self, tensor: str, scale: Any) -> str:
        factor = self.real(scale)
        if not self.spelled_out:
            return self.node("BipolarQuant", tensor, factor, domain=self.domain)
        signs = self.node(
            "Where", self.node("Less", tensor, self.real(0)), *map(self.real, (-1, 1))
        )
        return self.node("Mul", signs, factor)

    def trunc(self, tensor: str, scale: float, bits: int, fewer: int, target: float | None) -> str:
        numbers = [scale, 0, bits, *([fewer] if target is None else [target, fewer])]
        if not self.spelled_out:
            constants = [self.real(value) for value in numbers]
            options: dict[str, Any] = {} if target is None else {"signed": 0, "narrow": 0}
            options["rounding_mode"] = "FLOOR"
            return self.node("Trunc", tensor, *constants, domain=self.domain, **options)
        steps = self.node("Round", self.node("Div", tensor, self.real(scale)))
        factor = 2.0 ** (bits - fewer) if target is None else target / scale
        steps = self.node("Floor", self.node("Div", steps, self.real(factor)))
        return self.node("Mul", steps, self.real(scale if target is None else target))

    def random_weights(self, *shape: int) -> str:
        return self.real(self.random.normal(0, 0.3, shape))

    def conv(self, tensor: str, weights: str, *bias: str) -> str:
        return self.node("Conv", tensor, weights, *bias)

    def input(self) -> str:
        return self.quant("x", STEP, 4, 5, signed=False)


Build = Callable[[QonnxModel], str]


def per_tensor(b: QonnxModel) -> str:
    weights = b.quant(b.random_weights(4, 3, 3, 3), 0.0531, 4, narrow=True)
    return b.quant(b.conv(b.input(), weights), STEP, 6)


def per_channel(b: QonnxModel) -> str:
    scale = b.random.uniform(0.02, 0.06, (4, 1, 1, 1))
    weights = b.quant(b.random_weights(4, 3, 3, 3), scale, 3, narrow=True)
    return b.quant(b.conv(b.input(), weights), STEP, 8, narrow=True)


def zero_points(b: QonnxModel) -> str:
    scale = b.random.uniform(0.02, 0.06, (4, 1, 1, 1))
    zeros = np.array([3, 7, 8, 12]).reshape(4, 1, 1, 1)
    weights = b.quant(b.random_weights(4, 3, 3, 3), scale, 4, zeros, signed=False)
    return b.quant(b.conv(b.input(), weights), STEP, 8, 128, signed=False)


def bipolar_weights(b: QonnxModel) -> str:
    scale = b.random.uniform(0.02, 0.06, (4, 1, 1, 1))
    return b.quant(b.conv(b.input(), b.bipolar(b.random_weights(4, 3, 3, 3), scale)), STEP, 8)


def bipolar_activations(b: QonnxModel) -> str:
    weights = b.quant(b.random_weights(4, 3, 3, 3), 0.0531, 2, narrow=True)
    sums = b.conv(b.input(), weights, b.real(b.random.normal(size=4)))
    signs = b.bipolar(sums, 0.5)
    return b.quant(b.conv(signs, b.bipolar(b.random_weights(2, 4, 3, 3), 0.25)), STEP, 8)


def one_bit(b: QonnxModel) -> str:
    weights = (
        b.quant(b.random_weights(4, 3, 3, 3), 0.0531, 1)
        if not b.spelled_out
        else b.bipolar(b.random_weights(4, 3, 3, 3), 0.0531)
    )
    bits = b.quant(b.conv(b.input(), weights), 0.37, 1, signed=False)
    return b.quant(b.conv(bits, b.quant(b.random_weights(2, 4, 3, 3), 0.1, 4)), STEP, 8)


def floor(b: QonnxModel) -> str:
    weights = b.quant(b.random_weights(4, 3, 3, 3), 0.0531, 4, mode="HALF_UP")
    return b.quant(b.conv(b.input(), weights), STEP, 6, mode="FLOOR")


def towards_zero(b: QonnxModel) -> str:
    weights = b.quant(b.random_weights(4, 3, 3, 3), 0.0531, 4, mode="CEIL")
    return b.quant(b.conv(b.input(), weights), STEP, 6, mode="DOWN", narrow=True)


def bias(b: QonnxModel) -> str:
    weights = b.quant(b.random_weights(4, 3, 3, 3), 0.0531, 4)
    offsets = b.quant(b.real(b.random.normal(size=4)), STEP * 0.0531, 16)
    return b.quant(b.conv(b.input(), weights, offsets), STEP, 8)


def norm_and_residual(b: QonnxModel) -> str:
    first = b.conv(b.input(), b.quant(b.random_weights(4, 3, 3, 3), 0.0531, 4))
    numbers = [b.real(b.random.uniform(0.5, 2, 4)) for _ in range(4)]
    x = b.quant(b.node("Relu", b.node("BatchNormalization", first, *numbers)), 0.2, 4, signed=False)
    y = b.conv(x, b.quant(b.random_weights(4, 4, 1, 1), 0.0531, 4))
    return b.quant(b.node("Add", x, y), STEP, 8)


def matrix(b: QonnxModel) -> str:
    flat = b.node("Flatten", b.input())
    weights = b.node(
        "Transpose", b.quant(b.random_weights(5, 108), 0.0531, 4, narrow=True), perm=[1, 0]
    )
    return b.quant(b.node("MatMul", flat, weights), STEP, 8)


def truncated(b: QonnxModel, target: float | None = None) -> str:
    unsigned = b.quant("x", STEP, 4, signed=False)
    pooled = b.node("AveragePool", unsigned, kernel_shape=[2, 2], strides=[2, 2])
    sums = b.node("Mul", pooled, b.real(4.0))
    short = b.trunc(sums, STEP, 6, 4, target)
    return b.quant(b.conv(short, b.quant(b.random_weights(4, 3, 1, 1), 0.0531, 4)), STEP, 8)


def truncated_to_another_scale(b: QonnxModel) -> str:
    return truncated(b, 4 * STEP)


FORMS: dict[str, Build] = {
    function.__name__: function
    for function in (
        per_tensor,
        per_channel,
        zero_points,
        bipolar_weights,
        bipolar_activations,
        one_bit,
        floor,
        towards_zero,
        bias,
        norm_and_residual,
        matrix,
        truncated,
        truncated_to_another_scale,
    )
}


def qonnx_model(folder: Path, form: str, *, spelled_out: bool, domain: str = DOMAIN) -> str:
    b = QonnxModel(spelled_out=spelled_out, domain=domain)
    output = b.node("Identity", FORMS[form](b))
    inputs = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, b.shape)]
    outputs = [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None)]
    graph = helper.make_graph(b.nodes, "net", inputs, outputs, b.initialisers)
    graph.output[0].type.tensor_type.shape.CopyFrom(onnx.TensorShapeProto())
    for size in range(2 if form == "matrix" else 4):
        graph.output[0].type.tensor_type.shape.dim.add(dim_param=f"d{size}")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    file = folder / f"{'onnx' if spelled_out else 'qonnx'}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), file)
    return str(file)


@pytest.mark.parametrize("form", FORMS)
def test_values(tmp_path: Path, form: str) -> None:
    images = random_inputs(3, 6, 6)
    output = expect_equal_tensors(imported(qonnx_model(tmp_path, form, spelled_out=False)), images)
    (wanted,) = reference(qonnx_model(tmp_path, form, spelled_out=True), images, optimized=False)
    steps = np.abs(output - wanted.reshape(output.shape)) / STEP
    assert len(np.unique(output)) > 4
    assert steps.max() < 1.001
    assert (steps > 0.5).mean() < 0.02


@pytest.mark.parametrize("domain", ["onnx.brevitas", "finn.custom_op.general"])
def test_older_domains(tmp_path: Path, domain: str) -> None:
    images = random_inputs(3, 6, 6)
    files = [
        qonnx_model(tmp_path, "per_channel", spelled_out=False, domain=name)
        for name in (DOMAIN, domain)
    ]
    first, second = (expect_equal_tensors(imported(file), images) for file in files)
    np.testing.assert_array_equal(first, second)


def test_check_of_tensors_where_onnxruntime_cannot_run_the_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = qonnx_model(tmp_path, "per_channel", spelled_out=False)
    np.save(tmp_path / "images.npy", random_inputs(3, 6, 6))
    options = ["--inputs", str(tmp_path / "images.npy"), "--level", "cnn"]
    assert main([file, *options, "--check", "onnxruntime"]) == 0
    told = capsys.readouterr()
    assert "equal to onnxruntime" in told.out
    assert "onnxruntime cannot run it" in told.err
    assert "not compared with the given model" in told.err


@pytest.mark.parametrize("form", FORMS)
def test_levels(tmp_path: Path, form: str) -> None:
    file = qonnx_model(tmp_path, form, spelled_out=False)
    expect_same_at_all_levels(file, random_inputs(3, 6, 6), tmp_path)


REFUSED: dict[str, tuple[Build, str]] = {
    "bit width": (lambda b: b.quant("x", STEP, 1e9), "has bit width 1e\\+09; 1 to 32"),
    "half a bit": (lambda b: b.quant("x", STEP, 2.5), "has bit width 2.5"),
    "scale": (lambda b: b.quant("x", -1, 4), "has scale -1; it must be positive"),
    "scales of an activation": (
        lambda b: b.quant("x", np.ones((3, 1, 1)) * [[[1]], [[2]], [[3]]], 4),
        "has several values of its scale",
    ),
    "zero point": (lambda b: b.quant("x", STEP, 4, 0.5), "has zero point 0.5; it must be whole"),
    "rounding": (lambda b: b.quant("x", STEP, 4, mode="NEAREST"), "has rounding_mode 'NEAREST'"),
    "scales that do not fit": (
        lambda b: b.conv("x", b.quant(b.random_weights(4, 3, 1, 1), np.ones(5), 4)),
        "has a scale or a zero point that does not fit",
    ),
    "scales of two dimensions": (
        lambda b: b.conv("x", b.quant(b.random_weights(4, 3, 1, 1), np.ones((4, 3, 1, 1)), 4)),
        "has scales along several dimensions",
    ),
    "zero point of weights": (
        lambda b: b.conv("x", b.quant(b.random_weights(4, 3, 1, 1), STEP, 4, 99)),
        "has weights with zero points that are no integers of 4 bits",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build, message = REFUSED[case]
    monkeypatch.setitem(FORMS, "refused", build)
    with pytest.raises(SpatemError, match=message):
        imported(qonnx_model(tmp_path, "refused", spelled_out=False))
