"""`spatem-run` with several ADC bits or cell deviations: one table, one JSON document."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatem_ir.cli import progress
from spatem_ir.cli.opt import main as spatem_opt
from spatem_ir.cli.run import main
from spatem_ir.driver import sweep
from spatem_ir.driver.deployment import Deployment

NETWORK = """\
cnn.network @net(%x: tensor<12xui8>) {
  %fc = cnn.dense @fc %x weights #cnn.seeded<1, tensor<5x12xsi4>> scale 0.01
    : tensor<12xui8> -> tensor<5xsi8>
  cnn.output %fc : tensor<5xsi8>
}
"""

SWEEP = ["net.mlir", "--accelerator", "tiny", "--images", "40"]
SWEEP += ["--adc-bits", "2..4", "--cell-sigma", "0,0.5"]
DIGITS = ["lenet-digits", "--strategy", "minimum", "--images", "30"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a network as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", float("inf"))
    Path("net.mlir").write_text(NETWORK, encoding="utf-8")


def result_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return json.loads(captured.out)


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.removeprefix("spatem-run: ").removesuffix("\n")


def test_all_combinations_are_executed(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *SWEEP)
    points = result.pop("points")
    assert [(point["adc_bits"], point["cell_sigma"]) for point in points] == [
        (2, 0.0),
        (2, 0.5),
        (3, 0.0),
        (3, 0.5),
        (4, 0.0),
        (4, 0.5),
    ]
    assert [point["lossless"] for point in points] == [False] * 4 + [True] * 2
    assert points[4]["share"] == 1.0
    assert all(0 < points[number]["share"] < 1 for number in (0, 1, 3, 5))
    assert result == {
        "network": "net",
        "accelerator": "tiny",
        "analog": {
            "adc_mode": "clip",
            "encoding": "offset",
            "stuck_at_zero": 0.0,
            "stuck_at_one": 0.0,
            "read_noise": 0.0,
            "seed": 0,
        },
        "images": 40,
        "measure": "agreement",
        "exact": 1.0,
    }


def test_the_network_is_compiled_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lowerings = []
    deploy = sweep.deploy

    def counted(*arguments: Any, **options: Any) -> Deployment:
        lowerings.append(arguments)
        return deploy(*arguments, **options)

    monkeypatch.setattr(sweep, "deploy", counted)
    result_of(capsys, *SWEEP)
    assert len(lowerings) == 1


def test_one_parameter_is_enough_for_a_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *SWEEP[:5], "--cell-sigma", "0,0.2")
    assert [point["adc_bits"] for point in result["points"]] == [4, 4]
    result = result_of(capsys, *SWEEP[:5], "--adc-bits", "3,4", "--cell-sigma", "0.2")
    assert [point["cell_sigma"] for point in result["points"]] == [0.2, 0.2]


def test_compiled_networks_and_given_images(capsys: pytest.CaptureFixture[str]) -> None:
    assert spatem_opt([*SWEEP[:3], "-p", "partition,pack,assign,order", "-o", "ou.mlir"]) == 0
    capsys.readouterr()
    np.save("images.npy", np.random.default_rng(3).integers(0, 256, (7, 12), np.uint8))
    given = ["--inputs", "images.npy", *SWEEP[5:]]
    compiled = result_of(capsys, "ou.mlir", *given)
    assert (compiled["accelerator"], compiled["images"]) == ("tiny", 7)
    assert compiled == result_of(capsys, *SWEEP[:3], *given)
    message = error_of(capsys, "ou.mlir", *SWEEP[3:], "--strategy", "minimum")
    assert message == "ou.mlir: is partitioned already; leave --strategy out"


def test_digits_are_compared_with_their_labels(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *DIGITS, "--adc-bits", "5,6")
    assert (result["measure"], result["images"]) == ("accuracy", 30)
    assert [point["share"] for point in result["points"]] == [result["exact"]] * 2
    assert result["exact"] > 0.9


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SWEEP, "--json", "sweep.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    shares = [
        f"{point['share']:.2%}" for point in json.loads(Path("sweep.json").read_text())["points"]
    ]
    assert lines[0] == "net on tiny, 40 images"
    assert (
        lines[1]
        == "agreement: images with the top class of the exact network; exact network 100.00%"
    )
    assert lines[2] == "analog: ADCs clip, offset weights, seed 0"
    rows = [line.split() for line in lines[3:] if line.strip() and "─" not in line]
    assert rows == [
        ["ADC", "bits", "cell", "sigma", "0", "cell", "sigma", "0.5"],
        ["2", *shares[0:2]],
        ["3", *shares[2:4]],
        ["4", "(lossless)", *shares[4:6]],
    ]


def test_steps_are_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main([*SWEEP, "--json", "-"]) == 0
    captured = capsys.readouterr()
    json.loads(captured.out)
    lines = captured.err.splitlines()
    assert lines[1] == "spatem-run: executing 40 images exactly …"
    assert lines[-1] == (
        "spatem-run: executing 40 images with 4 ADC bits, cell sigma 0.5 (6 of 6) …"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--check", "reference"], "--check is for a single run; give one value of each parameter"),
        (["--check", "levels"], "--check is for a single run; give one value of each parameter"),
        (["--outputs", "x.npy"], "--outputs is for a single run; give one value of each parameter"),
        (
            ["--images-in-flight", "2"],
            "--images-in-flight is for a single run: a sweep counts no cycles",
        ),
        (
            ["--critical-path"],
            "--critical-path is for a single run: a sweep counts no cycles",
        ),
        (
            ["--cell-sigma", "0,2"],
            "'tiny': bitline sums of 12 levels, of cells that deviate by analog.cell_sigma = 2.0, "
            "can reach 9,673,557 levels; at most 262,144 can be computed with: use a "
            "smaller ou.wordlines, ou.dac_bits or analog.cell_sigma",
        ),
    ],
)
def test_errors(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert error_of(capsys, *SWEEP, *arguments) == message
    assert not list(Path().glob("*.npy"))
