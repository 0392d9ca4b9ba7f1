"""`spatem-run` from the outside: what it computes, prints and writes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from unit.cli.commands import (
    IMAGES,
    PIPELINE,
    TINY,
    VALUES_ONLY,
    error_of,
    result_of,
)

from spatem_ir.cli import progress
from spatem_ir.cli.opt import main as spatem_opt
from spatem_ir.cli.run import main
from spatem_ir.hardware.loader import preset_names

pytestmark = pytest.mark.usefixtures("networks_folder")

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
    "call_bytes",
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
    "dynamic_energy_nj",
    "static_energy_nj",
    "energy_parts_nj",
    "actions",
    "joules_per_image",
    "gops_per_watt",
    "area_mm2",
    "area_parts_mm2",
    "dispatch",
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
    "call_bytes",
    "byte_hops",
    "optimality_gap",
    "energy_nj",
    "dynamic_energy_nj",
    "static_energy_nj",
    "energy_parts_nj",
    "actions",
    "joules_per_image",
    "gops_per_watt",
    "dispatch",
}
"""What only an engine can tell."""


def test_json_holds_all_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *TINY)
    assert result.keys() >= KEYS
    assert (result["network"], result["accelerator"]) == ("net", "tiny")
    assert (result["strategy"], result["engine"]) == ("search", "fast")
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
    assert report.startswith("net on tiny, strategy search")
    assert f"{expected['latency_cycles']:,} cycles" in report


@pytest.mark.parametrize(
    ("outputs", "results", "reason"),
    [
        ("same", "./same", "two outputs are this file"),
        ("images.npy", "result.json", "is an input"),
        ("outputs.npy", "net.mlir", "is an input"),
        ("outputs.npy", "nowhere/result.json", "there is no folder nowhere"),
    ],
)
def test_files_are_written_together_and_over_no_input(
    capsys: pytest.CaptureFixture[str], outputs: str, results: str, reason: str
) -> None:
    np.save("images.npy", IMAGES)
    arguments = [*VALUES_ONLY, "--inputs", "images.npy"]
    assert reason in error_of(capsys, *arguments, "--outputs", outputs, "--json", results)
    np.testing.assert_array_equal(np.load("images.npy"), IMAGES)


def test_strategy(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, *TINY, "--strategy", "minimum")
    assert result["strategy"] == "minimum"
    assert [layer["grid"] for layer in result["layers"]] == ["1x1x1x1", "1x1x1x1"]
    assert result["latency_cycles"] > result_of(capsys, *TINY)["latency_cycles"]


def test_other_options_of_partition_may_follow_the_strategy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = result_of(capsys, *TINY, "--strategy", "minimum{deal=blocks}")
    assert result["strategy"] == "minimum{deal=blocks}"
    message = error_of(capsys, *TINY, "--strategy", "minimum{deals=blocks}")
    assert message == "partition: strategy minimum has no option 'deals'; it has deal"


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
        assert result.pop("pipeline") == ",".join(PIPELINE[depth:])
        passes = ("strategy", "pipeline")
        assert result == {key: value for key, value in expected.items() if key not in passes}


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
    networks, accelerators, *strategies = capsys.readouterr().out.splitlines()
    assert {"lenet", "deepid", "deepface", "caffenet", "overfeat"} <= set(networks.split())
    assert {"isaac-ou", "tiny"} <= set(accelerators.split())
    assert "  minimum                  The fewest tiles: matrices cut by" in "\n".join(strategies)


def test_a_preset_as_a_start_for_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--print-preset", "tiny"]) == 0
    text = capsys.readouterr().out
    Path("mine.toml").write_text(text.replace('"tiny"', '"mine"'), encoding="utf-8")
    given, own = (result_of(capsys, "net.mlir", "--accelerator", a) for a in ("tiny", "mine.toml"))
    assert own == {**given, "accelerator": "mine"}
    assert error_of(capsys, "--print-preset", "huge") == (
        "accelerator 'huge' has no parameters and is none of the presets "
        + ", ".join(preset_names())
    )


def test_random_images_of_several_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--accelerator", "tiny", "--check", "reference", "--images", "3"]
    assert result_of(capsys, "two.mlir", *options)["outputs_match"] is True


def test_steps_are_reported_when_a_run_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main([*TINY, "--check", "reference", "--json", "-"]) == 0
    captured = capsys.readouterr()
    json.loads(captured.out)
    lines = captured.err.splitlines()
    assert lines[0] == "spatem-run: reading net.mlir …"
    assert lines[1] == "spatem-run: pass partition …"
    assert re.fullmatch(r"spatem-run: search: \d+ cycles, [\d.]+ x the bound, .* …", lines[2])
    assert [f"spatem-run: pass {name} …" for name in PIPELINE[1:]] == lines[3:6]
    assert lines[6:9] == [
        "spatem-run: verifying the deployment …",
        "spatem-run: executing 1 image at level ou …",
        "spatem-run: comparing with reference …",
    ]
    assert lines[9].startswith("spatem-run: simulating ")


def test_help_imports_no_dialect() -> None:
    """They are most of what a start takes."""
    code = "from spatem_ir.cli.run import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    process = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules, file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
    )
    modules = process.stderr.split()
    assert "spatem_ir.cli.run" in modules
    assert not [name for name in modules if name.startswith("xdsl.dialects")]
