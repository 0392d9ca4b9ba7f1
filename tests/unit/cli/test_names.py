"""Names of any characters: IR that has them is read back, with the values that they refer to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from unit.cli.commands import NETWORK

import spatem_ir.hardware
from spatem_ir.cli.opt import main as spatem_opt
from spatem_ir.cli.run import main as spatem_run

SCALES = {"xs": 0.5, "ws": 0.25, "ys": 4.0}


def dense_model(weights: str, transposes: int) -> onnx.ModelProto:
    """A quantised dense layer whose weights, [inputs, outputs], have a name of the test's own."""
    values = np.random.default_rng(3).integers(-50, 50, (4, 4), np.int8)
    constants = [
        numpy_helper.from_array(np.array(value, np.float32), name) for name, value in SCALES.items()
    ]
    constants += [numpy_helper.from_array(np.array(0, np.uint8), "zero")]
    constants += [numpy_helper.from_array(np.array(0, np.int8), "wzero")]
    constants += [numpy_helper.from_array(values, weights)]
    nodes, name = [], weights
    for number in range(transposes):
        nodes.append(helper.make_node("Transpose", [name], [f"t{number}"], perm=[1, 0]))
        name = f"t{number}"
    nodes.append(
        helper.make_node(
            "QLinearMatMul", ["x", "xs", "zero", name, "ws", "wzero", "ys", "zero"], ["y"]
        )
    )
    ports = [helper.make_tensor_value_info(n, TensorProto.UINT8, [1, 4]) for n in ("x", "y")]
    graph = helper.make_graph(nodes, "net", ports[:1], ports[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    "name", ["卷积.weight", 'größe "w"', "W^T", "W^T^T", "tab\there", "\x1b[31m"]
)
@pytest.mark.parametrize("transposes", [0, 1, 2])
def test_initialisers_are_found_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    transposes: int,
) -> None:
    folder = tmp_path / "größe ×"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    onnx.save(dense_model(name, transposes), folder / "net.onnx")
    outputs = []
    for given in ("größe ×/net.onnx", "net.mlir"):
        if given == "net.mlir":
            assert spatem_opt(["größe ×/net.onnx", "-o", given]) == 0
        run = [given, "--engine", "none", "--images", "3", "--check", "reference"]
        assert spatem_run([*run, "--outputs", "outputs.npy"]) == 0
        outputs.append(np.load("outputs.npy"))
        assert "\x1b" not in capsys.readouterr().out
    assert outputs[0].tolist() == outputs[1].tolist()


def test_accelerators_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    preset = Path(spatem_ir.hardware.__file__).parent / "presets" / "tiny.toml"
    text = preset.read_text(encoding="utf-8").replace('"tiny"', '"Prüfstück 芯片"')
    Path("chip.toml").write_text(text, encoding="utf-8")
    Path("net.mlir").write_text(NETWORK, encoding="utf-8")
    assert spatem_opt(["net.mlir", "--accelerator", "chip.toml", "-o", "a.mlir"]) == 0
    assert spatem_opt(["a.mlir", "-o", "b.mlir"]) == 0
    assert Path("a.mlir").read_bytes() == Path("b.mlir").read_bytes()
    assert spatem_run(["b.mlir", "--engine", "none"]) == 0
    assert "net on Prüfstück 芯片" in capsys.readouterr().out


def test_a_string_of_other_bytes_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.mlir").write_text('#a = #hw.accelerator<"\\FF\\FE">\n', encoding="utf-8")
    assert spatem_opt(["net.mlir"]) == 1
    assert capsys.readouterr().err == "spatem-opt: net.mlir:1:22: the string is not UTF-8 text\n"
