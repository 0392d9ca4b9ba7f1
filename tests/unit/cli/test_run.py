"""`spatem-run` from the outside: results, files, exit status and one line on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatem_ir.cli import run
from spatem_ir.cli.opt import main as spatem_opt
from spatem_ir.cli.run import main
from spatem_ir.runtime import onnxruntime_check

NETWORK = """\
cnn.network @net(%x: tensor<1x6x6xui8>) {
  %conv = cnn.conv @conv %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.05
    : tensor<1x6x6xui8> -> tensor<4x4x4xui8>
  %pool = cnn.max_pool @pool %conv <2x2, strides 2x2> : tensor<4x4x4xui8> -> tensor<4x2x2xui8>
  %flat = cnn.flatten %pool : tensor<4x2x2xui8> -> tensor<16xui8>
  %fc = cnn.dense @fc %flat weights #cnn.seeded<1, tensor<3x16xsi2>> scale 0.01
    : tensor<16xui8> -> tensor<3xsi8>
  cnn.output %fc : tensor<3xsi8>
}
"""

TWO_INPUTS = """\
cnn.network @net(%x: tensor<4xui8>, %y: tensor<4xui8>) {
  %both = cnn.concat %x, %y : tensor<4xui8>, tensor<4xui8> -> tensor<8xui8>
  %fc = cnn.dense @fc %both weights #cnn.seeded<0, tensor<2x8xsi2>> scale 0.5
    : tensor<8xui8> -> tensor<2xui8>
  cnn.output %fc : tensor<2xui8>
}
"""

TINY = ["net.mlir", "--accelerator", "tiny"]
VALUES_ONLY = [*TINY, "--engine", "none"]
PIPELINE = ["partition", "pack", "assign", "order"]
IMAGES = np.random.default_rng(5).integers(0, 256, (3, 1, 6, 6), np.uint8)

KEYS = {
    "network",
    "accelerator",
    "strategy",
    "engine",
    "latency_cycles",
    "latency_ns",
    "interval_cycles",
    "computation_parallelism",
    "communication_bytes",
    "io_bytes",
    "partial_sum_bytes",
    "byte_hops",
    "cells_used",
    "cells_total",
    "crossbars_used",
    "crossbars_total",
    "lower_bound_cycles",
    "optimality_gap",
    "outputs_match",
    "analog",
    "exact",
    "energy_nj",
    "energy_parts_nj",
    "area_mm2",
    "area_parts_mm2",
    "layers",
}
"""What every result holds."""

NEED_CYCLES = {
    "latency_cycles",
    "latency_ns",
    "interval_cycles",
    "computation_parallelism",
    "communication_bytes",
    "io_bytes",
    "partial_sum_bytes",
    "byte_hops",
    "optimality_gap",
    "energy_nj",
    "energy_parts_nj",
}
"""What only an engine can tell."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with networks and input images in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "PATIENCE_SECONDS", float("inf"))
    Path("net.mlir").write_text(NETWORK, encoding="utf-8")
    Path("two.mlir").write_text(TWO_INPUTS, encoding="utf-8")
    np.save("images.npy", IMAGES)
    return tmp_path


def result_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The JSON of a run that succeeds, from stdout."""
    capsys.readouterr()
    assert main([*arguments, "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return json.loads(captured.out)


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr of a run that fails, prints nothing else and writes no file."""
    before = set(os.listdir())
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert set(os.listdir()) == before
    assert captured.err.startswith("spatem-run: ")
    assert captured.err.endswith("\n")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("spatem-run: ").removesuffix("\n")


def test_json_holds_all_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *TINY)
    assert result.keys() >= KEYS
    assert (result["network"], result["accelerator"]) == ("net", "tiny")
    assert (result["strategy"], result["engine"]) == ("spatem", "fast")
    assert result["outputs_match"] is None
    assert all(result[key] is not None for key in NEED_CYCLES)
    assert result["latency_cycles"] >= result["lower_bound_cycles"] > 0
    assert result["interval_cycles"] == result["latency_cycles"]
    assert (result["cells_total"], result["crossbars_total"]) == (16 * 256, 16)
    assert result["io_bytes"] == 36 + 3
    assert [layer["name"] for layer in result["layers"]] == ["conv", "fc"]


def test_without_an_engine_nothing_that_needs_cycles_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = result_of(capsys, *VALUES_ONLY)
    assert result.keys() >= KEYS
    assert {key for key in KEYS - {"outputs_match"} if result[key] is None} == NEED_CYCLES
    cycles = result_of(capsys, *TINY)
    for key in KEYS - NEED_CYCLES - {"engine", "layers"}:
        assert result[key] == cycles[key]


def test_json_file_and_report(capsys: pytest.CaptureFixture[str]) -> None:
    expected = result_of(capsys, *TINY)
    assert main([*TINY, "--json", "result.json"]) == 0
    report = capsys.readouterr().out
    text = Path("result.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert json.loads(text) == expected
    assert report.startswith("net on tiny, strategy spatem")
    assert f"{expected['latency_cycles']:,} cycles" in report
    assert not list(Path().glob("*.partial"))


def test_strategy(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *TINY, "--strategy", "minimum")
    assert result["strategy"] == "minimum"
    assert [layer["grid"] for layer in result["layers"]] == ["1x1x1x1", "1x1x1x1"]
    assert result["latency_cycles"] > result_of(capsys, *TINY)["latency_cycles"]


@pytest.mark.parametrize("check", ["reference", "levels", "onnxruntime"])
def test_check(check: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *VALUES_ONLY, "--check", check, "--images", "5")
    assert (result["check"], result["images"], result["outputs_match"]) == (check, 5, True)


@pytest.mark.parametrize("level", ["cnn", "mvm", "vxb", "pxb"])
def test_levels_above_ou_have_values_but_no_cycles(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = result_of(capsys, *TINY, "--level", level, "--check", "reference")
    assert result["outputs_match"] is True
    assert result.get("latency_cycles") is None
    assert bool(result["layers"]) is (level == "pxb")
    assert main([*TINY, "--level", level, "--check", "onnxruntime"]) == 0
    report = capsys.readouterr().out
    assert "tensors" in report and "latency" not in report
    assert ("strategy" in report.splitlines()[0]) is (level != "cnn")


def test_levels_above_that_of_the_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert spatem_opt([*TINY, "-p", "partition", "-o", "cut.mlir"]) == 0
    message = error_of(capsys, "cut.mlir", "--level", "cnn")
    assert message == "cut.mlir: is at level mvm; --level cnn is above that"
    message = error_of(capsys, *TINY, "--level", "pxb", "--images-in-flight", "2")
    assert message == "--images-in-flight needs cycles, which only level ou has"


def test_check_of_a_wrong_deployment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A difference is an error, but the results are written."""
    monkeypatch.setattr(onnxruntime_check, "differences", lambda *_: 1)
    assert main([*VALUES_ONLY, "--check", "reference", "--json", "result.json"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "spatem-run: net.mlir: outputs differ from reference\n"
    assert "DIFFERENT from reference" in captured.out
    assert json.loads(Path("result.json").read_text())["outputs_match"] is False


def test_check_of_every_tensor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tensor that differs is named in the report, in the JSON file and in the error."""
    check = [*VALUES_ONLY, "--check", "onnxruntime"]
    tensors = result_of(capsys, *check)["tensors"]
    assert tensors["tensors"] > 2
    assert tensors["elements"] > 36
    assert tensors["first_difference"] is None
    compute = onnxruntime_check._run
    monkeypatch.setattr(
        onnxruntime_check, "_run", lambda *arguments: [x + 1 for x in compute(*arguments)]
    )
    assert main([*check, "--json", "result.json"]) == 1
    captured = capsys.readouterr()
    assert "net.mlir: tensors differ from onnxruntime, first %conv of mvm.layer" in captured.err
    assert "first difference" in captured.out
    found = json.loads(Path("result.json").read_text())
    assert found["outputs_match"] is False
    assert found["tensors"]["first_difference"]["tensor"] == "%conv"


def test_digits_are_classified_as_onnxruntime_does(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--strategy", "minimum", "--engine", "none", "--images", "20"]
    result = result_of(capsys, "lenet-digits", *options, "--check", "onnxruntime")
    assert (result["accelerator"], result["images"]) == ("isaac-ou", 20)
    assert result["outputs_match"] is True
    assert result["accuracy"] >= 0.9


def test_images_in_flight(capsys: pytest.CaptureFixture[str]) -> None:
    alone = result_of(capsys, *TINY)
    together = result_of(capsys, *TINY, "--images-in-flight", "4")
    assert together["latency_cycles"] == alone["latency_cycles"]
    assert 0 < together["interval_cycles"] < alone["interval_cycles"]
    changed = {key for key in alone if alone[key] != together[key]}
    assert changed == {"interval_cycles", "images_per_second"}


@pytest.mark.parametrize("images", ["1", "3"])
def test_critical_path(images: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Both engines find the same; with several images it is the path to the end of the last one."""
    options = [*TINY, "--images-in-flight", images, "--critical-path"]
    result = result_of(capsys, *options)
    path = result["critical_path"]
    interval = round(result["interval_cycles"] * (int(images) - 1))
    assert path["total_cycles"] == result["latency_cycles"] + interval
    assert sum(path["cycles"].values()) == path["total_cycles"]
    assert sum(layer["total_cycles"] for layer in path["layers"]) == path["total_cycles"]
    assert path["layers"][0]["name"] == "input"
    assert path["layers"][-1]["name"] == "output"
    assert result_of(capsys, *options, "--engine", "reference")["critical_path"] == path
    assert result_of(capsys, *TINY)["critical_path"] is None


def test_critical_path_as_tables(capsys: pytest.CaptureFixture[str]) -> None:
    path = result_of(capsys, *TINY, "--critical-path")["critical_path"]
    assert main([*TINY, "--critical-path"]) == 0
    report = capsys.readouterr().out
    lines = report[report.index("critical path: ") :].splitlines()
    assert lines[0].rstrip() == f"critical path: {path['total_cycles']:,} cycles"
    rows = {line.split()[0]: line.split() for line in lines[1:] if line.strip()}
    assert [*rows][:2] == ["layer", "─" * len(lines[3].strip())]
    assert rows["conv"][-1] == f"{path['layers'][1]['total_cycles'] / path['total_cycles']:.1%}"
    assert rows["total"][-2:] == [f"{path['total_cycles']:,}", "100.0%"]
    assert rows["of"][-2] == f"{sum(path['queueing_cycles'].values()):,}"
    ports = path["busy"]["ports"]
    shares = [f"{ports[name]:.1%}" for name in ("mean", "max")]
    assert rows["ports"] == ["ports", str(ports["used"]), *shares]


@pytest.mark.parametrize("option", [("--engine", "none"), ("--level", "pxb")])
def test_critical_path_needs_cycles(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = error_of(capsys, *TINY, "--critical-path", *option)
    assert message == "--critical-path needs cycles: --level ou and an engine"


def test_inputs_and_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--inputs", "images.npy", "--outputs", "out.npy"]
    result = result_of(capsys, *VALUES_ONLY, *options)
    assert (result["images"], result["outputs_match"]) == (3, None)
    outputs = np.load("out.npy")
    assert outputs.shape == (3, 3)
    assert len({row.tobytes() for row in outputs}) == 3
    result = result_of(capsys, *VALUES_ONLY, *options, "--images", "2")
    assert result["images"] == 2
    np.testing.assert_array_equal(np.load("out.npy"), outputs[:2])


def test_random_images_depend_on_the_seed(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = []
    for seed in ("0", "0", "1"):
        result_of(capsys, *VALUES_ONLY, "--images", "4", "--outputs", "out.npy", "--seed", seed)
        outputs.append(np.load("out.npy").tolist())
    assert outputs[0] == outputs[1] != outputs[2]


def test_every_level_gives_the_same_outputs_and_cycles(capsys: pytest.CaptureFixture[str]) -> None:
    expected = result_of(capsys, *TINY, "--inputs", "images.npy", "--outputs", "cnn.npy")
    for depth in range(1, len(PIPELINE) + 1):
        pipeline = ",".join(PIPELINE[:depth])
        arguments = [*TINY, "--pass-pipeline", pipeline, "-o", "lowered.mlir"]
        assert spatem_opt(arguments) == 0
        result = result_of(
            capsys, "lowered.mlir", "--inputs", "images.npy", "--outputs", "lowered.npy"
        )
        np.testing.assert_array_equal(np.load("lowered.npy"), np.load("cnn.npy"))
        assert result.pop("strategy") is None
        assert result == {key: value for key, value in expected.items() if key != "strategy"}


def test_accelerator_of_the_module_or_of_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert spatem_opt([*TINY, "-o", "tiny.mlir"]) == 0
    options = ["--engine", "none", "--strategy", "minimum"]
    assert result_of(capsys, "tiny.mlir", *options)["accelerator"] == "tiny"
    assert result_of(capsys, "net.mlir", *options)["accelerator"] == "isaac-ou"
    other = result_of(capsys, "tiny.mlir", "--accelerator", "isaac-ou", *options)
    assert other["accelerator"] == "isaac-ou"


def test_two_runs_in_two_processes_print_the_same() -> None:
    """Nothing depends on the order of sets or the addresses of objects."""
    command = [sys.executable, "-m", "spatem_ir.cli.run", *TINY, "--json", "-"]
    command += ["--check", "reference", "--images-in-flight", "2"]
    first, second = (
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    )
    assert first == second
    assert json.loads(first)["outputs_match"] is True


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    networks, accelerators = capsys.readouterr().out.splitlines()
    assert {"lenet", "deepid", "deepface", "caffenet", "overfeat"} <= set(networks.split())
    assert {"isaac-ou", "tiny"} <= set(accelerators.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a network, an .onnx or an .mlir file (see --help)"),
        (["missing.mlir"], "missing.mlir: No such file or directory"),
        (["missing.onnx"], "missing.onnx: No such file or directory"),
        (["net.mlir", "--accelerator", "huge"], "unknown accelerator 'huge': neither a TOML file"),
        (["lenet", "--accelerator", "tiny"], "need at least 297 crossbars, 'tiny' has 16"),
        (["lenet", "--weight-bits", "1"], "--weight-bits is 1; 2 to 16 are possible"),
        ([*TINY, "--strategy", "best"], "partition: unknown strategy 'best'; one of spatem, "),
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
        (np.array(7), "one .npy array for one network input is needed"),
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
    np.savez("archive.npz", images=IMAGES)
    np.save("pickle.npy", np.array([{}], object), allow_pickle=True)
    for file, message in (
        ("missing.npy", "missing.npy: there is no such file"),
        ("text.npy", "text.npy: not a readable .npy file"),
        ("pickle.npy", "pickle.npy: not a readable .npy file"),
        (".", ".: not a readable .npy file"),
        ("archive.npz", "archive.npz: one .npy array for one network input is needed"),
    ):
        assert error_of(capsys, *VALUES_ONLY, "--inputs", file) == message


def test_too_few_or_too_many_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--inputs", "images.npy"]
    message = error_of(capsys, *VALUES_ONLY, *options, "--images", "4")
    assert message == "images.npy: holds 3 of 4 images"
    message = error_of(capsys, "two.mlir", "--accelerator", "tiny", *options)
    assert message == "images.npy: one .npy array for one network input is needed"


def test_random_images_of_several_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--accelerator", "tiny", "--check", "reference", "--images", "3"]
    assert result_of(capsys, "two.mlir", *options)["outputs_match"] is True


@pytest.mark.parametrize("option", ["--json", "--outputs"])
def test_a_file_that_cannot_be_written(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = "missing/result"
    message = error_of(capsys, *VALUES_ONLY, option, file)
    assert message == "missing/result: cannot be written: there is no folder missing"


def test_a_program_of_too_many_visits_is_not_simulated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spatem_ir.cli.engines.MOST_VISITS", 10)
    message = error_of(capsys, *TINY, "--engine", "reference")
    assert message.startswith("net.mlir: the program has ")
    assert "visits, the reference engine executes at most 10" in message


def test_both_engines_report_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--images-in-flight", "3"]
    fast, reference = (
        result_of(capsys, *TINY, *options, "--engine", engine) for engine in ("fast", "reference")
    )
    assert (fast.pop("engine"), reference.pop("engine")) == ("fast", "reference")
    assert fast == reference


def test_without_numba_the_reference_engine_is_the_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spatem_ir.cli.engines.find_spec", lambda _: None)
    assert result_of(capsys, *TINY)["engine"] == "reference"
    message = error_of(capsys, *TINY, "--engine", "fast")
    assert message == "--engine fast needs numba; install the extra fast: spatem-ir[fast]"
    assert main(VALUES_ONLY) == 0


def test_steps_are_reported_when_a_run_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PATIENCE_SECONDS", -1.0)
    assert main([*TINY, "--check", "reference", "--json", "-"]) == 0
    captured = capsys.readouterr()
    json.loads(captured.out)
    lines = captured.err.splitlines()
    assert lines[0] == "spatem-run: reading net.mlir …"
    assert [f"spatem-run: pass {name} …" for name in PIPELINE] == lines[1:5]
    assert lines[5:8] == [
        "spatem-run: verifying the deployment …",
        "spatem-run: executing 1 image at level ou …",
        "spatem-run: comparing with reference …",
    ]
    assert lines[8].startswith("spatem-run: simulating ")
