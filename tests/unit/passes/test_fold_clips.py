"""Clips of networks that were built around them cost nothing, and no code changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, random_images, text_of
from unit.passes.deployed import parsed
from xdsl.utils.exceptions import VerifyException

from spatem_ir.cli.run import main
from spatem_ir.driver.compile import compile_network
from spatem_ir.frontend.load import LoadedNetwork
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.relu import ReluOp
from spatem_ir.passes.fold_clips import FoldClipsPass


class InvertedResiduals(ModelBuilder):
    """A network like MobileNetV2, whose layers are clipped from 0 to 6.

    With `code` (scale and zero point) layers and clips are quantised, as quantisation tools do.
    """

    code: tuple[float, np.integer[Any]] | None = None

    def quantized(self, tensor: str) -> str:
        return tensor if self.code is None else self.requantize(tensor, *self.code)

    def convolution(self, tensor: str, *shape: int, **attributes: Any) -> str:
        if self.code is not None:
            kernels = self.weights(*shape)
        else:
            kernels = self.constant(self.random.normal(0, 0.5, shape), dtype=np.float32)
        return self.node("Conv", tensor, kernels, **attributes)

    def clipped(self, tensor: str) -> str:
        bounds = [self.constant(bound, dtype=np.float32) for bound in (0, 6)]
        return self.quantized(self.node("Clip", self.quantized(tensor), *bounds))

    def block(self, tensor: str, channels: int, inner: int) -> str:
        wide = self.clipped(self.convolution(tensor, inner, channels, 1, 1))
        pads = [1, 1, 1, 1]
        deep = self.convolution(wide, inner, 1, 3, 3, pads=pads, group=inner)
        narrow = self.convolution(self.clipped(deep), channels, inner, 1, 1)
        return self.quantized(self.node("Add", tensor, self.quantized(narrow)))

    def network(self) -> str:
        stem = self.convolution(self.quantized("x"), 4, 3, 3, 3, pads=[0, 0, 1, 1], strides=[2, 2])
        last = self.clipped(stem)
        for _ in range(2):
            last = self.block(last, 4, 16)
        head = self.clipped(self.convolution(last, 32, 4, 1, 1))
        return self.quantized(self.node("GlobalAveragePool", head))


CODES = {"float": None, "unsigned": (6 / 255, np.uint8(0)), "signed": (0.1, np.int8(0))}
IMAGES = random_images(8, 3, 16, 16)


def network(folder: Path, kind: str) -> LoadedNetwork:
    b = InvertedResiduals(["N", 3, 16, 16])
    b.code = CODES[kind]
    path = b.save(folder / f"{kind}.onnx", b.network(), rank=4)
    if b.code is not None:
        return imported(path)
    np.save(folder / "calibration.npy", IMAGES)
    return imported(path, calibration=str(folder / "calibration.npy"))


@pytest.mark.parametrize("kind", CODES)
def test_no_clip_stays_and_no_code_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    folded = network(tmp_path, kind)
    with monkeypatch.context() as patch:
        patch.setattr(FoldClipsPass, "apply", lambda *_: None)
        for clip in (ClipOp, ReluOp):
            patch.setattr(clip, "does_nothing", False)
        whole = network(tmp_path, kind)
    assert text_of(whole).count("cnn.clip") == 6
    assert "cnn.clip" not in text_of(folded)
    assert ("saturate" in text_of(folded)) == (kind == "signed")
    for one, other in zip(executed(folded, IMAGES), executed(whole, IMAGES), strict=True):
        np.testing.assert_array_equal(one, other)


def test_activation_units_have_less_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latency, activated = [], []
    for fold in (False, True):
        with monkeypatch.context() as patch:
            if not fold:
                patch.setattr(FoldClipsPass, "apply", lambda *_: None)
            path = str(tmp_path / "signed.onnx")
            network(tmp_path, "signed")
            simulation = compile_network(path, "isaac-ou").simulate()
        latency.append(simulation.latency_cycles)
        activated.append(simulation.energy_parts_nj["activation_units"])
    assert latency[1] < latency[0]
    assert activated[1] < 0.7 * activated[0]


@pytest.mark.parametrize(
    ("saturate", "result", "message"),
    [
        ("[3, 2]", "4xui8", r"has saturate \[3, 2\]; it must be two codes from 0 to 255"),
        ("[0, 256]", "4xui8", r"has saturate \[0, 256\]"),
        ("[0]", "4xui8", r"has saturate \[0\]"),
        ("[0, 7]", "4xsi32", "is not requantised; leave saturate out"),
    ],
)
def test_bounds_are_codes_of_the_result(saturate: str, result: str, message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        parsed(f"""
        cnn.network @net(%x: tensor<4xui8>) {{
          %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<4x4xsi2>> scale 0.5
            saturate {saturate} : tensor<4xui8> -> tensor<{result}>
          cnn.output %y : tensor<{result}>
        }}
        """)


def behind(b: ModelBuilder, kind: str, x: str, y: str) -> str:
    """The operators of some kind on the codes of two convolutions."""
    match kind:
        case "Add" | "Mul":
            return b.node(kind, x, y)
        case "Tanh" | "GlobalAveragePool":
            return b.node(kind, x)
        case "AveragePool":
            return b.node(kind, x, kernel_shape=[2, 2])
        case "Pad":
            return b.node(kind, x, b.constant([0, 0, 1, 1, 0, 0, 1, 1], dtype=np.int64))
        case _:
            scales = b.constant([1, 1, 2, 2], dtype=np.float32)
            return b.node("Resize", b.node("Concat", x, y, axis=1), "", scales, mode="linear")


@pytest.mark.parametrize(
    "kind", ["Add", "Mul", "Tanh", "AveragePool", "GlobalAveragePool", "Pad", "Resize"]
)
def test_digital_operators_saturate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Of codes with sign, ReLUs and clips are where the operator before them saturates."""
    b, code = ModelBuilder(["N", 4, 6, 6]), (0.05, np.int8(0))
    maps = b.requantize("x", *code)
    x, y = (b.requantize(b.node("Conv", maps, b.weights(4, 4, 1, 1)), *code) for _ in "xy")
    clipped = b.node("Relu", b.requantize(behind(b, kind, x, y), *code))
    bounds = [b.constant(bound, dtype=np.float32) for bound in (-1, 3)]
    result = b.requantize(b.node("Clip", b.requantize(clipped, *code), *bounds), *code)
    path = b.save(tmp_path / "net.onnx", result, rank=4)
    folded = imported(path)
    assert "cnn.relu" not in text_of(folded)
    assert "cnn.clip" not in text_of(folded)
    assert text_of(folded).count("saturate = array<i64: 0, 60>") == 1
    with monkeypatch.context() as patch:
        patch.setattr(FoldClipsPass, "apply", lambda *_: None)
        whole = imported(path)
    images = random_images(8, 4, 6, 6)
    (one,), (other,) = executed(folded, images), executed(whole, images)
    np.testing.assert_array_equal(one, other)
    assert one.max() > 0
    assert main([path, "--level", "cnn", "--check", "onnxruntime", "--images", "8"]) == 0


def test_a_model_rounds_before_it_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What saturates here is clipped later there: by one code at most they differ."""
    b, code = ModelBuilder(["N", 4, 8, 8]), (0.05, np.int8(0))
    x = b.requantize(b.node("Conv", b.requantize("x", *code), b.weights(4, 4, 1, 1)), *code)
    pooled = b.requantize(b.node("AveragePool", x, kernel_shape=[2, 2]), *code)
    result = b.requantize(b.node("Relu", pooled), *code)
    path = b.save(tmp_path / "net.onnx", result, rank=4)
    assert main([path, "--level", "cnn", "--check", "onnxruntime", "--images", "20"]) == 0
    assert "operator by operator" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("result", "saturate", "message"),
    [
        ("ui8", "array<i64: 3, 2>", r"has saturate \[3, 2\]; it must be two codes from 0 to 255"),
        ("ui8", "array<i64: 0, 256>", r"has saturate \[0, 256\]"),
        ("ui8", "3 : i64", r"has a saturate that is no array<i64: least, greatest>"),
        ("f32", "array<i64: 0, 1>", r"has a result of float32; leave saturate out"),
    ],
)
def test_bounds_of_digital_operators_are_codes(result: str, saturate: str, message: str) -> None:
    with pytest.raises(VerifyException, match=message):
        parsed(f"""
        cnn.network @net(%x: tensor<4xui8>) {{
          %y = cnn.tanh @y %x {{saturate = {saturate}}} : tensor<4xui8> -> tensor<4x{result}>
          cnn.output %y : tensor<4x{result}>
        }}
        """)
