"""`spatem-opt` from the outside: arguments, exit status, one line on stderr."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from unit.cli.opt_commands import NETWORK, WRONG_SHAPE, error_of

import spatem_ir.hardware
from spatem_ir.cli.opt import main
from spatem_ir.cli.run import main as run_main

pytestmark = pytest.mark.usefixtures("folder")


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


def test_a_few_characters_ask_for_no_gigabytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "large.mlir"
    file.write_text(
        "cnn.network @net(%x: tensor<4xui8>) {\n"
        "  %y = cnn.dense @fc %x weights dense<1> : tensor<1000000000x4xsi8> scale 0.1\n"
        "    : tensor<4xui8> -> tensor<1000000000xui8>\n"
        "  cnn.output %y : tensor<1000000000xui8>\n}\n"
    )
    assert main([str(file)]) == 1
    assert capsys.readouterr().err == (
        f"spatem-opt: {file}:2:69: tensor<1000000000x4xsi8> has 4,000,000,000 elements; as dense "
        "numbers 67,108,864 are possible, as #cnn.seeded or #cnn.file more\n"
    )


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
