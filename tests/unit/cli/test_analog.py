"""Options that change an accelerator's arithmetic: values, lists, ranges and their errors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatem_ir.cli import progress
from spatem_ir.cli.analog import ADC_BITS, CELL_SIGMA, OPTIONS, analog_overrides
from spatem_ir.cli.opt import main as spatem_opt
from spatem_ir.cli.run import argument_parser, main
from spatem_ir.dialects.hw import AcceleratorAttr
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.overrides import Key
from spatem_ir.hardware.parameters import AdcMode, Encoding, Value
from spatem_ir.support.errors import SpatemError

NETWORK = """\
cnn.network @net(%x: tensor<12xui8>) {
  %fc = cnn.dense @fc %x weights #cnn.seeded<1, tensor<3x12xsi4>> scale 0.01
    : tensor<12xui8> -> tensor<3xsi8>
  cnn.output %fc : tensor<3xsi8>
}
"""

TINY = ["net.mlir", "--accelerator", "tiny", "--engine", "none"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a network as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", float("inf"))
    Path("net.mlir").write_text(NETWORK, encoding="utf-8")


def overrides_of(*arguments: str) -> dict[Key, tuple[Value, ...]]:
    return analog_overrides(argument_parser().parse_args(["net.mlir", *arguments]))


def result_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()[-1].removeprefix("spatem-run: ")


def test_no_option_changes_nothing() -> None:
    assert overrides_of() == {}


def test_values_have_the_types_of_their_parameters() -> None:
    arguments = "--adc-mode round --adc-bits 3 --encoding differential --cell-sigma 0.2"
    arguments += " --stuck-at-zero 0.001 --stuck-at-one 1e-3 --read-noise 1 --analog-seed 7"
    overrides = overrides_of(*arguments.split())
    assert list(overrides) == list(OPTIONS.values())
    expected = [AdcMode.ROUND, 3, Encoding.DIFFERENTIAL, 0.2, 0.001, 0.001, 1.0, 7]
    assert list(overrides.values()) == [(value,) for value in expected]
    assert [type(values[0]) for values in overrides.values()] == [type(v) for v in expected]


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("4", (4,)),
        ("3..6", (3, 4, 5, 6)),
        ("3..3", (3,)),
        ("8..1:3", None),
        ("1..8:3", (1, 4, 7)),
        ("6,3,3..5", (6, 3, 4, 5)),
        ("3..x", None),
        ("3..", None),
        ("..3", None),
        ("3,,4", None),
        ("1..8:0", None),
        ("1..8:-1", None),
        ("1..8:1:1", None),
        ("nan", None),
        ("1e99", None),
    ],
)
def test_adc_bits(text: str, bits: tuple[int, ...] | None) -> None:
    if bits is not None:
        assert overrides_of("--adc-bits", text) == {ADC_BITS: bits}
        return
    with pytest.raises(SpatemError) as caught:
        overrides_of("--adc-bits", text)
    assert str(caught.value).startswith(f"--adc-bits is '{text}'; give a number, a list A,B or a ")


@pytest.mark.parametrize(
    ("text", "sigmas"),
    [
        ("0..0.3", (0.0, 0.1, 0.2, 0.3)),
        ("0..0.35", (0.0, 0.1, 0.2, 0.3)),
        ("0..1:0.25", (0.0, 0.25, 0.5, 0.75, 1.0)),
        ("0.05,0.2", (0.05, 0.2)),
        ("0,0.0,0e3", (0.0,)),
    ],
)
def test_cell_sigma(text: str, sigmas: tuple[float, ...]) -> None:
    assert overrides_of("--cell-sigma", text) == {CELL_SIGMA: sigmas}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--adc-bits 0", "--adc-bits is 0; it must be a whole number from 1 to 16"),
        ("--adc-bits 3,17", "--adc-bits is 17; it must be a whole number from 1 to 16"),
        ("--adc-bits 1..4:0.5", "--adc-bits is 1.5; it must be a whole number of at least 1"),
        ("--adc-bits 0..1e9", "--adc-bits is '0..1e9'; a sweep has at most 100 values"),
        ("--cell-sigma 0..2:1e-9", "--cell-sigma is '0..2:1e-9'; a sweep has at most 100 values"),
        ("--cell-sigma -1", "--cell-sigma is -1; it must be a number from 0 to 2"),
        ("--adc-mode best", "--adc-mode is 'best'; it must be one of lossless, clip, round"),
        ("--encoding none", "--encoding is 'none'; it must be one of offset, differential"),
        ("--stuck-at-zero 2", "--stuck-at-zero is 2; it must be a number from 0 to 1"),
        ("--stuck-at-one half", "--stuck-at-one is 'half'; give a number"),
        ("--read-noise 0..1", "--read-noise is '0..1'; give a number"),
        ("--analog-seed -1", "--analog-seed is -1; it must be a whole number from 0 to 2147483647"),
        ("--analog-seed 0.5", "--analog-seed is 0.5; it must be a whole number of at least 0"),
        (
            "--stuck-at-zero 0.75 --stuck-at-one 0.5",
            "'tiny' with the options of this run: analog.stuck_at_zero and analog.stuck_at_one "
            "add up to 1.25, more than 1",
        ),
        (
            "--adc-bits 3 --check levels",
            "net.mlir: --check levels needs exact arithmetic, but layer @fc has too few ADC bits "
            "or cells that are not ideal; leave --check out and compare accuracies",
        ),
        (
            "--read-noise 0.1 --check onnxruntime",
            "net.mlir: --check onnxruntime needs exact arithmetic, but layer @fc has too few ADC "
            "bits or cells that are not ideal; leave --check out and compare accuracies",
        ),
        (
            "--encoding differential --engine reference",
            "net.mlir: differential weights take twice the bitlines, which deployments do not "
            "place; their values can be executed, their cycles not: give --engine none",
        ),
    ],
)
def test_errors(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert error_of(capsys, *TINY, *arguments.split()) == message


def test_the_accelerator_of_the_run_has_the_values(capsys: pytest.CaptureFixture[str]) -> None:
    plain = result_of(capsys, *TINY)
    own = load_accelerator("tiny")
    assert plain["analog"] == {"adc_bits": own.ou.adc_bits, **vars(own.analog)}
    assert (plain["exact"], plain["layers"][0]["lossless"]) == (True, True)
    options = ["--adc-bits", "3", "--cell-sigma", "0.5", "--analog-seed", "4"]
    result = result_of(capsys, *TINY, *options)
    assert result["analog"] == plain["analog"] | {"adc_bits": 3, "cell_sigma": 0.5, "seed": 4}
    assert (result["exact"], result["layers"][0]["lossless"]) == (False, False)
    result = result_of(capsys, *TINY, "--adc-bits", "5", "--cell-sigma", "0.5")
    assert (result["exact"], result["layers"][0]["lossless"]) == (False, True)


def test_a_compiled_network_is_changed_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert spatem_opt([*TINY[:3], "--pass-pipeline", "partition,pack", "-o", "vxb.mlir"]) == 0
    compiled = result_of(capsys, "vxb.mlir", "--engine", "none", "--adc-mode", "round")
    assert compiled["accelerator"] == "tiny"
    assert compiled["analog"]["adc_mode"] == "round"
    assert compiled["layers"] == result_of(capsys, *TINY)["layers"]


def test_a_layer_of_few_rows_needs_fewer_adc_bits(capsys: pytest.CaptureFixture[str]) -> None:
    """Sums of 2 cells of 2 bits are at most 6, those of the 4 wordlines of an OU at most 12."""
    Path("short.mlir").write_text(NETWORK.replace("12x", "2x").replace("3x12x", "3x2x"))
    options = ["short.mlir", *TINY[1:], "--adc-bits"]
    short = result_of(capsys, *options, "3", "--check", "levels")
    assert (short["layers"][0]["lossless"], short["exact"], short["outputs_match"]) == (True,) * 3
    short = result_of(capsys, *options, "2")
    assert (short["layers"][0]["lossless"], short["exact"]) == (False, False)


@pytest.mark.parametrize(
    "options",
    [
        "--adc-bits 2",
        "--adc-bits 3 --adc-mode round",
        "--cell-sigma 0.4",
        "--cell-sigma 0.4 --encoding differential",
        "--stuck-at-zero 0.2",
        "--stuck-at-one 0.2",
        "--read-noise 1",
    ],
)
@pytest.mark.parametrize("pipeline", ["", "partition,pack,assign,order"])
def test_outputs_are_those_of_the_changed_machine(
    options: str, pipeline: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """At whatever level the network is given; the exact ones with a converter that resolves all."""
    assert spatem_opt([*TINY[:3], "--pass-pipeline", pipeline, "-o", "given.mlir"]) == 0

    def outputs(*options: str) -> list[object]:
        arguments = ["given.mlir", "--engine", "none", "--images", "20", "--outputs", "out.npy"]
        result_of(capsys, *arguments, *options)
        return np.load("out.npy").tolist()

    changed = outputs(*options.split())
    assert changed == outputs(*options.split())
    assert changed != outputs()
    if not options.startswith("--adc-bits"):
        assert outputs(*options.split(), "--analog-seed", "1") != changed
    assert outputs("--adc-mode", "lossless") == outputs()


def test_cycles_do_not_depend_on_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = TINY[:3]
    plain, changed = result_of(capsys, *tiny), result_of(capsys, *tiny, "--adc-bits", "2")
    assert changed["latency_cycles"] == plain["latency_cycles"] > 0
    assert changed["energy_nj"] == plain["energy_nj"]


def test_warnings_are_about_the_machine_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    warning = (
        "spatem-run: warning: 'tiny': ou.adc_bits = 3 cannot tell all sums of an operation unit "
        "apart, 4 bits can; sums above 7 are clipped\n"
    )
    assert main([*TINY, "--adc-bits", "3"]) == 0
    assert capsys.readouterr().err == warning
    assert spatem_opt([*TINY[:3], "-o", "own.mlir"]) == 0
    machine = load_accelerator("tiny")
    coarse = replace(machine, ou=replace(machine.ou, adc_bits=3))
    own = Path("own.mlir")
    before, after = AcceleratorAttr(machine), AcceleratorAttr(coarse)
    own.write_text(own.read_text().replace(str(before), str(after)))
    assert main(["own.mlir", "--engine", "none"]) == 0
    assert capsys.readouterr().err == warning
    assert main(["own.mlir", "--engine", "none", "--adc-bits", "4"]) == 0
    assert capsys.readouterr().err == ""


def test_report_says_what_is_not_exact(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(TINY) == 0
    assert "analog" not in capsys.readouterr().out
    options = "--adc-bits 3 --adc-mode round --cell-sigma 0.2 --stuck-at-one 0.01 --read-noise 0.3"
    assert main([*TINY, *options.split(), "--images", "2"]) == 0
    report = " ".join(capsys.readouterr().out.split())
    assert "3-bit ADCs round to 8 levels, offset weights, cell sigma 0.2, " in report
    assert "0.00% / 1.00% stuck at 0 / 1, read noise 0.3, seed 0" in report
    assert "have the exact network's top class" in report
