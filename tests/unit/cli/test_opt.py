"""`spatem-opt` from the outside: exit status, one line on stderr, files written all or nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import spatem_ir.hardware
from spatem_ir.cli.opt import main
from spatem_ir.cli.run import main as run_main

NETWORK = """\
cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5
    : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
"""

WRONG_SHAPE = NETWORK.replace("tensor<2x4xsi2>", "tensor<3x4xsi2>")
NOT_CLOSED = NETWORK.replace(" -> tensor<2xui8>", "")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with `net.mlir` in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.mlir").write_text(NETWORK, encoding="utf-8")
    return tmp_path


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr of a run that fails and prints nothing else."""
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("spatem-opt: ")
    assert captured.err.endswith("\n")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("spatem-opt: ").removesuffix("\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.mlir"], "missing.mlir: No such file or directory"),
        (["missing.onnx"], "missing.onnx: No such file or directory"),
        (["net.txt"], "net.txt: a file must end in .mlir or .onnx"),
        (["net.mlir", "more.mlir"], "unrecognized arguments: more.mlir (see --help)"),
        (["net.mlir", "--optimize"], "unrecognized arguments: --optimize (see --help)"),
        (["net.mlir", "-o"], "argument -o/--output-file: expected one argument (see --help)"),
        (
            ["lenet", "--seed", "one"],
            "argument --seed: invalid int value: 'one' (see --help)",
        ),
        (["lenet", "--weight-bits", "1"], "--weight-bits is 1; 2 to 16 are possible"),
        (
            ["net.mlir", "--pass-pipeline=partition,fold"],
            "unknown pass 'fold'; to lower a network: partition, pack, assign, order, expand-ou "
            "(see --help)",
        ),
        (
            ["net.mlir", "--accelerator=isaac"],
            "unknown accelerator 'isaac': neither a TOML file nor one of the presets "
            "gao-16mb, gao-32mb, isaac-ou, li-isaac, ntu-ppsim, pelke-bus, tiny",
        ),
    ],
)
def test_wrong_arguments(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert error_of(capsys, *arguments) == message


def test_wrong_extension_of_an_existing_file(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "net").write_text(NETWORK, encoding="utf-8")
    assert error_of(capsys, "net") == "net: a file must end in .mlir or .onnx"


def test_unknown_network_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    message = error_of(capsys, "lenet-6")
    assert message.startswith("unknown network 'lenet-6': neither an .onnx file nor one of lenet, ")
    assert "overfeat" in message


def test_unknown_target(capsys: pytest.CaptureFixture[str]) -> None:
    message = error_of(capsys, "net.mlir", "--target=verilog")
    assert message.startswith("argument -t/--target: invalid choice: 'verilog' (choose from ")


def test_error_in_an_accelerator_file(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "mine.toml").write_text('name = "mine"', encoding="utf-8")
    message = error_of(capsys, "net.mlir", "--accelerator=mine.toml")
    assert message == "mine.toml: table [chip] is missing"


def test_unknown_option_of_a_pass(capsys: pytest.CaptureFixture[str]) -> None:
    message = error_of(capsys, "net.mlir", "--pass-pipeline=partition{strategies=exact}")
    assert message == (
        "partition: strategy search has no option 'strategies'; "
        "it has effort, seed, prefer, images, processes"
    )


@pytest.mark.parametrize(
    ("correct", "wrong", "message"),
    [
        (" -> tensor<2xui8>", "", "4:3: Expected '->'"),
        ("%x weights", "%z weights", "6:1: values used but not defined: [%z]"),
        ("cnn.dense", "cnn.linear", "2:19: Operation cnn.linear is not registered"),
        ("scale 0.5", "scale 1.0e99", "2:71: 1e+99 exceeds the range of float32"),
        (
            "%x: tensor<4xui8>",
            "%x: tensor<4x!cnn.quant<i8, 0.5>>",
            "1:41: storage type i8 must be signed or unsigned",
        ),
    ],
)
def test_malformed_text(
    capsys: pytest.CaptureFixture[str], folder: Path, correct: str, wrong: str, message: str
) -> None:
    text = NETWORK.replace(correct, wrong)
    (folder / "bad.mlir").write_text(text, encoding="utf-8")
    assert error_of(capsys, "bad.mlir") == f"bad.mlir:{message}"


def test_wrong_parameters_in_custom_syntax(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    text = NETWORK.replace("#cnn.seeded<0, tensor<2x4xsi2>>", "dense<1> : vector<2x4xsi2>")
    (folder / "bad.mlir").write_text(text, encoding="utf-8")
    message = error_of(capsys, "bad.mlir")
    assert message.startswith("bad.mlir:")
    assert message.endswith(
        "weights and biases must be #cnn.seeded<…>, #cnn.file<…> or dense<…> : tensor<…>"
    )


def test_text_in_another_encoding(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "bad.mlir").write_bytes(b"\xff\xfe" + NETWORK.encode("utf-16"))
    assert error_of(capsys, "bad.mlir").startswith("bad.mlir: ")


def test_ir_that_does_not_verify(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "bad.mlir").write_text(WRONG_SHAPE, encoding="utf-8")
    message = error_of(capsys, "bad.mlir")
    assert message == "cnn.dense @fc: has weights of shape 3x4, its types give 2x4"


def test_pass_that_does_not_apply(capsys: pytest.CaptureFixture[str]) -> None:
    message = error_of(capsys, "net.mlir", "--pass-pipeline=pack", "--accelerator=tiny")
    assert message == "pack: the module holds no mvm.layer; run partition first"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.mlir"],
        ["lenet-6"],
        ["not-closed.mlir"],
        ["wrong-shape.mlir"],
        ["net.mlir", "--pass-pipeline=pack"],
        ["net.mlir", "--pass-pipeline=fold"],
        ["net.mlir", "--accelerator=isaac"],
        ["second-chunk.mlir", "--split-input-file"],
    ],
    ids=lambda arguments: arguments[-1],
)
@pytest.mark.parametrize("old", [None, "old contents"])
def test_nothing_is_written_on_failure(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], old: str | None
) -> None:
    (folder / "not-closed.mlir").write_text(NOT_CLOSED, encoding="utf-8")
    (folder / "wrong-shape.mlir").write_text(WRONG_SHAPE, encoding="utf-8")
    (folder / "second-chunk.mlir").write_text(f"{NETWORK}// -----\n{WRONG_SHAPE}", encoding="utf-8")
    if old is not None:
        (folder / "out.mlir").write_text(old, encoding="utf-8")
    before = contents(folder)
    error_of(capsys, *arguments, "-o", "out.mlir")
    assert contents(folder) == before


@pytest.mark.parametrize("old", [None, "old contents"])
def test_output_file_holds_what_is_printed(
    capsys: pytest.CaptureFixture[str], folder: Path, old: str | None
) -> None:
    if old is not None:
        (folder / "out.mlir").write_text(old, encoding="utf-8")
    arguments = ["net.mlir", "--accelerator=tiny", "--pass-pipeline=partition"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "mvm.layer @fc" in printed
    assert main([*arguments, "-o", "out.mlir"]) == 0
    assert capsys.readouterr().out == ""
    assert (folder / "out.mlir").read_text(encoding="utf-8") == printed
    assert sorted(contents(folder)) == ["net.mlir", "out.mlir"]


def test_output_file_is_replaced_at_once(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new contents are complete in a file of their own before they take the old one's place."""
    (folder / "out.mlir").write_text("old contents", encoding="utf-8")
    assert main(["net.mlir"]) == 0
    printed = capsys.readouterr().out

    def full_disk(partial: Path, path: Path) -> None:
        assert partial.read_text(encoding="utf-8") == printed
        assert path.read_text(encoding="utf-8") == "old contents"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    before = contents(folder)
    message = error_of(capsys, "net.mlir", "-o", "out.mlir")
    assert message == "out.mlir: cannot be written: No space left on device"
    assert contents(folder) == before


def test_output_into_a_folder_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    message = error_of(capsys, "net.mlir", "-o", "nowhere/out.mlir")
    assert message == "nowhere/out.mlir: cannot be written: there is no folder nowhere"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--weight-bits", ["4"]),
        ("--activation-bits", ["4"]),
        ("--calibration", ["absent.npy"]),
        ("--weight-scale-per", ["tensor"]),
        ("--requantize", ["fixed-point"]),
        ("--raw", []),
    ],
)
def test_options_of_the_import_do_nothing_to_ir(
    capsys: pytest.CaptureFixture[str], option: str, value: list[str]
) -> None:
    assert error_of(capsys, "net.mlir", option, *value) == (
        f"{option} has no effect on net.mlir, which is IR; give it where the network is imported"
    )
    assert run_main(["net.mlir", "--engine", "none", option, *value]) == 1
    assert f"spatem-run: {option} has no effect on net.mlir" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["net.mlir", "link.mlir", "hard.mlir"])
def test_the_input_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], folder: Path, output: str
) -> None:
    (folder / "link.mlir").symlink_to("net.mlir")
    os.link("net.mlir", "hard.mlir")
    before = contents(folder)
    message = error_of(capsys, "net.mlir", "-o", output)
    assert message == (
        f"{output}: is an input (net.mlir), which is not overwritten; name another file"
    )
    assert contents(folder) == before


def test_weights_that_are_read_are_not_overwritten(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert main(["lenet-digits-float", "-o", "quantised.mlir"]) == 0
    archive = (folder / "quantised.npz").read_bytes()
    message = error_of(capsys, "quantised.mlir", "-o", "./quantised.npz")
    assert message.startswith("./quantised.npz: is an input (quantised.npz), which is not over")
    assert (folder / "quantised.npz").read_bytes() == archive


def test_ir_may_go_to_a_pipe_but_weights_need_a_file(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    os.mkfifo("pipe")
    message = error_of(capsys, "lenet-digits-float", "-o", "pipe")
    assert message.endswith("the computed weights need a file; give -o or --weights")
    with ThreadPoolExecutor() as pool:
        read = pool.submit((folder / "pipe").read_text, encoding="utf-8")
        assert main(["lenet-digits-float", "-o", "pipe", "--weights", "weights.npz"]) == 0
        assert "cnn.network" in read.result()
    assert sorted(os.listdir()) == ["net.mlir", "pipe", "weights.npz"]
    assert (folder / "pipe").is_fifo()


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NETWORK.encode())))
    assert main(arguments) == 0
    from_stdin = capsys.readouterr().out
    assert main(["net.mlir"]) == 0
    assert capsys.readouterr().out == from_stdin


def test_network_by_name_gets_the_default_accelerator(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lenet", "--weight-bits=4"]) == 0
    printed = capsys.readouterr().out
    assert '#hw.accelerator<"isaac-ou"' in printed
    assert "tensor<6x1x5x5xsi4>" in printed


def test_ir_keeps_its_accelerator_unless_told_otherwise(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert main(["net.mlir", "--accelerator=tiny", "-o", "tiny.mlir"]) == 0
    for arguments, name in (([], "tiny"), (["--accelerator=isaac-ou"], "isaac-ou")):
        assert main(["tiny.mlir", *arguments]) == 0
        assert f'#hw.accelerator<"{name}"' in capsys.readouterr().out
    assert main(["net.mlir"]) == 0
    assert "hw.accelerator" not in capsys.readouterr().out


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    for option in ("--pass-pipeline", "--accelerator", "--weight-bits", "--seed", "-o"):
        assert option in captured.out


def test_traceback_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPATEM_TRACEBACK", "1")
    assert main(["missing.mlir"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Traceback")
    assert error.endswith("\nspatem-opt: missing.mlir: No such file or directory\n")


HEAVY = {"networkx", "numba", "numpy", "onnx", "onnxruntime", "rich", "scipy"}


@pytest.mark.parametrize(
    "code",
    [
        "from spatem_ir.cli.opt import main; main(['--help'])",
        "from spatem_ir.cli.opt import main; main(['net.mlir', '--accelerator=tiny'])",
        "from spatem_ir.universe import SPATEM_UNIVERSE as universe; "
        "[load() for load in [*universe.all_dialects.values(), *universe.all_passes.values()]]",
    ],
    ids=["help", "parse and print", "dialects and passes"],
)
def test_a_fresh_process_imports_no_heavy_package(folder: Path, code: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules, file=sys.stderr)"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    packages = {module.partition(".")[0] for module in process.stderr.split()}
    assert "spatem_ir" in packages
    assert not packages & HEAVY


@pytest.mark.parametrize(("name", "status"), [("net.mlir", 0), ("missing.mlir", 1)])
def test_exit_status_of_the_installed_command(folder: Path, name: str, status: int) -> None:
    command = Path(sys.executable).with_name("spatem-opt")
    process = subprocess.run([command, name], cwd=folder, capture_output=True, check=False)
    assert process.returncode == status


@pytest.mark.parametrize("pipeline", ["partition{", "partition{strategy=", "}", "pack,,assign"])
def test_malformed_pipelines_give_one_line(
    pipeline: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lenet", "-p", pipeline]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith(f"spatem-opt: --pass-pipeline '{pipeline}': ")


def test_a_string_without_end_is_found_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "open.mlir"
    file.write_text('// a "comment\ncnn.network @"a\\"b"() {\n  "' + "x" * 5000 + "\n}\n")
    assert main([str(file)]) == 1
    assert capsys.readouterr().err == f"spatem-opt: {file}:3:3: this string does not end\n"


def test_an_adc_of_too_few_bits_is_warned_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    preset = Path(spatem_ir.hardware.__file__).parent / "presets" / "isaac-ou.toml"
    file = tmp_path / "coarse.toml"
    file.write_text(preset.read_text().replace("adc_bits = 5", "adc_bits = 4"))
    assert main(["lenet", "--accelerator", str(file)]) == 0
    assert capsys.readouterr().err == (
        "spatem-opt: warning: 'isaac-ou': ou.adc_bits = 4 cannot tell all sums of an operation "
        "unit apart, 5 bits can; sums above 15 are clipped\n"
    )
