"""An option that would do nothing is an error that says so: every option of every command."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder

from spatem_ir.cli import bench, opt, run
from spatem_ir.cli.opt import SpatemOptMain

IMPORTING = {
    "--weight-bits": "4",
    "--activation-bits": "6",
    "--seed": "0",
    "--calibration": "calibration.npy",
    "--activation-scale": "max-abs",
    "--weight-scale": "auto",
    "--weight-scale-per": "channel",
    "--requantize": "f32-half-even",
    "--raw": None,
    "--shape": "x=1x2x6x6",
}
"""The options of an import, each with a value, the default where there is one."""

OF_QUANTIZATION = set(IMPORTING) - {"--seed", "--raw", "--shape"}

IR = "which is IR; give it where the network is imported"
QUANTISED = "which is quantised already; leave it out"
RAW = "which --raw imports operator by operator, unquantised; leave it out"

SOURCES: dict[str, tuple[list[str], set[str], str]] = {
    "IR": (["net.mlir"], set(), IR),
    "benchmark": (
        ["lenet"],
        {"--weight-bits", "--activation-bits", "--seed"},
        "which is generated with the codes of its weights; leave it out",
    ),
    "published": (
        ["squeezenet"],
        {*OF_QUANTIZATION, "--seed", "--raw"},
        "the shape of whose input is known; leave it out",
    ),
    "published, raw": (["squeezenet", "--raw"], {"--seed", "--raw"}, RAW),
    "quantised": (["qdq.onnx"], {"--shape", "--raw"}, QUANTISED),
    "quantised, packaged": (["lenet-digits"], {"--shape", "--raw"}, QUANTISED),
    "float": (
        ["float.onnx", "--calibration", "calibration.npy"],
        {*OF_QUANTIZATION, "--shape"},
        "where nothing is random: it has weights and calibration inputs; leave it out",
    ),
    "float, random inputs": (
        ["float.onnx"],
        {*OF_QUANTIZATION, "--seed", "--shape", "--raw"},
        "",
    ),
    "raw": (["float.onnx", "--raw"], {"--shape", "--raw"}, RAW),
}
"""Networks, the options that have an effect on them, and why the others have none."""


@pytest.fixture(autouse=True)
def _in_a_folder(networks_folder: Path) -> None:
    b = ModelBuilder(["N", 2, 6, 6])
    weights = b.constant(b.random.normal(size=(3, 2, 3, 3)), dtype=np.float32)
    b.save(Path("float.onnx"), b.node("Conv", "x", weights, name="conv"))
    b = ModelBuilder(["N", 2, 6, 6])
    convolved = b.node("Conv", b.input(), b.weights(3, 2, 3, 3), name="conv")
    b.save(Path("qdq.onnx"), b.requantize(convolved, 0.5, np.uint8(128)))
    images = np.random.default_rng(1).random((3, 2, 6, 6)).astype(np.float32)
    np.save("calibration.npy", images)


def import_cases() -> Iterator[tuple[str, str]]:
    """Options of the import without an effect on a source."""
    for source, (arguments, effective, _) in SOURCES.items():
        for option in IMPORTING:
            calibrated = option == "--raw" and "--calibration" in arguments
            if option not in effective and option not in arguments and not calibrated:
                yield source, option


@pytest.mark.parametrize(("source", "option"), list(import_cases()))
def test_imports(source: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Even with its default value."""
    arguments, _, why = SOURCES[source]
    value = IMPORTING[option]
    given = [*arguments, option, *([] if value is None else [value])]
    assert opt.main([*given, "-o", "out.mlir"]) == 1
    expected = f"{option} has no effect on {arguments[0]}, {why}\n"
    assert capsys.readouterr().err == f"spatem-opt: {expected}"
    assert not Path("out.mlir").exists()
    assert run.main([*given, "--engine", "none"]) == 1
    assert capsys.readouterr().err == f"spatem-run: {expected}"


def effective_cases() -> Iterator[tuple[str, str]]:
    for source in ("benchmark", "quantised", "float", "float, random inputs", "raw"):
        for option in sorted(SOURCES[source][1]):
            if option not in SOURCES[source][0] and not (
                "raw" in source and option in OF_QUANTIZATION
            ):
                yield source, option


@pytest.mark.parametrize(("source", "option"), list(effective_cases()))
def test_imports_with_an_effect(source: str, option: str) -> None:
    value = IMPORTING[option]
    given = [*SOURCES[source][0], option, *([] if value is None else [value])]
    assert opt.main([*given, "-o", "out.mlir"]) == 0


CYCLES = " needs cycles: --level ou and an engine"
SWEEP = " is for a single run: a sweep counts no cycles"
LEVEL = " has no effect at level mvm: operation units compute from level pxb on"
ALONE = " alone: nothing is reported of the values; give --check or --outputs too"

RUNS: dict[str, list[tuple[str, str]]] = {
    "--seed": [
        (
            "net.mlir --seed 1 --check reference --inputs images.npy",
            f"--seed has no effect on net.mlir, {IR}",
        ),
        (
            "lenet-digits --seed 1 --check reference",
            f"--seed has no effect on lenet-digits, {QUANTISED}",
        ),
    ],
    "--strategy": [
        (
            "net.mlir --level cnn --strategy isaac",
            "--strategy has no effect at --level cnn: nothing is partitioned",
        ),
    ],
    "--inputs": [("net.mlir --inputs images.npy", "--inputs has no effect" + ALONE)],
    "--images": [("net.mlir --images 2", "--images has no effect" + ALONE)],
    "--engine": [
        ("net.mlir --level mvm --engine fast", "--engine" + CYCLES),
        ("net.mlir --level pxb --engine none", "--engine" + CYCLES),
        ("net.mlir --adc-bits 2,3 --engine reference", "--engine" + SWEEP),
    ],
    "--dispatch": [
        ("net.mlir --level pxb --dispatch free", "--dispatch" + CYCLES),
        ("net.mlir --engine none --dispatch static", "--dispatch" + CYCLES),
        ("net.mlir --adc-bits 2,3 --dispatch free", "--dispatch" + SWEEP),
    ],
    "--images-in-flight": [
        ("net.mlir --level pxb --images-in-flight 1", "--images-in-flight" + CYCLES),
        ("net.mlir --engine none --images-in-flight 2", "--images-in-flight" + CYCLES),
        ("net.mlir --adc-bits 2,3 --images-in-flight 2", "--images-in-flight" + SWEEP),
    ],
    "--critical-path": [
        ("net.mlir --level pxb --critical-path", "--critical-path" + CYCLES),
        ("net.mlir --engine none --critical-path", "--critical-path" + CYCLES),
        ("net.mlir --adc-bits 2,3 --critical-path", "--critical-path" + SWEEP),
    ],
    "--report": [
        ("net.mlir --level pxb --report out.html", "--report" + CYCLES),
        ("net.mlir --adc-bits 2,3 --report out.html", "--report" + SWEEP),
    ],
    "--compare": [("net.mlir --compare a.json", "--compare has no effect without --report")],
    "--trace": [
        ("net.mlir --engine none --trace out.pftrace", "--trace" + CYCLES),
        ("net.mlir --adc-bits 2,3 --trace out.pftrace", "--trace" + SWEEP),
    ],
    "--trace-layers": [
        ("net.mlir --trace-layers conv", "--trace-layers has no effect without --trace")
    ],
    "--trace-pes": [("net.mlir --trace-pes 0", "--trace-pes has no effect without --trace")],
    "--trace-cycles": [
        ("net.mlir --trace-cycles 0..9", "--trace-cycles has no effect without --trace")
    ],
    "--trace-slices": [
        ("net.mlir --trace-slices 9", "--trace-slices has no effect without --trace")
    ],
    "--level": [("net.mlir --adc-bits 2,3 --level ou", "--level" + SWEEP)],
    "--outputs": [
        (
            "net.mlir --adc-bits 2,3 --outputs out.npy",
            "--outputs is for a single run; give one value of each parameter",
        )
    ],
    "--list": [("net.mlir --list", "INPUT has no effect beside --list; give --list alone")],
    "--list-operators": [
        (
            "--list-operators --json -",
            "--json has no effect beside --list-operators; give --list-operators alone",
        )
    ],
    "--copy-examples": [
        (
            "--copy-examples folder --times",
            "--times has no effect beside --copy-examples; give --copy-examples alone",
        )
    ],
    "--print-preset": [
        (
            "--print-preset tiny --times",
            "--times has no effect beside --print-preset; give --print-preset alone",
        )
    ],
    "--adc-mode": [("net.mlir --level mvm --adc-mode clip", "--adc-mode" + LEVEL)],
    "--adc-bits": [
        ("net.mlir --level mvm --adc-bits 3", "--adc-bits" + LEVEL),
        (
            "net.mlir --adc-mode lossless --adc-bits 3",
            "--adc-bits has no effect with lossless converters; give --adc-mode too",
        ),
    ],
    "--encoding": [("net.mlir --level mvm --encoding offset", "--encoding" + LEVEL)],
    "--cell-sigma": [("net.mlir --level mvm --cell-sigma 0.1", "--cell-sigma" + LEVEL)],
    "--stuck-at-zero": [("net.mlir --level mvm --stuck-at-zero 0.1", "--stuck-at-zero" + LEVEL)],
    "--stuck-at-one": [("net.mlir --level mvm --stuck-at-one 0.1", "--stuck-at-one" + LEVEL)],
    "--read-noise": [("net.mlir --level mvm --read-noise 0.1", "--read-noise" + LEVEL)],
    "--analog-seed": [
        ("net.mlir --level mvm --analog-seed 1", "--analog-seed" + LEVEL),
        (
            "net.mlir --analog-seed 1",
            "--analog-seed has no effect: cells do not deviate and reads have no noise; give "
            "--cell-sigma, --stuck-at-zero, --stuck-at-one or --read-noise too",
        ),
    ],
    "--prefer": [
        (
            "net.mlir --level cnn --prefer energy",
            "--prefer has no effect at --level cnn: nothing is partitioned",
        ),
    ],
    "--set": [
        (
            "net.mlir --level mvm --set order{merge=pe}",
            "--set 'order{merge=pe}': order does not run here; these do: partition",
        )
    ],
    "--pass-pipeline": [
        (
            "net.mlir --strategy isaac -p partition",
            "--strategy is an option of partition: write it in the pass pipeline, as "
            "partition{strategy=isaac}, and leave --strategy out",
        )
    ],
}
"""What each option of a run has no effect beside."""

ALONE_OPTIONS = ("--copy-examples", "--list", "--print-preset")
PRINTED = {"--help", "--version", "--print-completion"}
ALWAYS = {*PRINTED, "--accelerator", "--times", "--json", "--check"}
"""Options that have an effect on every run."""


@pytest.mark.parametrize(
    ("arguments", "message"), [case for cases in RUNS.values() for case in cases]
)
def test_runs(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    alone = any(option in arguments for option in ALONE_OPTIONS)
    machine = [] if alone else ["--accelerator"]
    given = [*arguments.split(), *machine, *(["tiny"] if machine else [])]
    if "lenet" in arguments:
        given[given.index("tiny")] = "isaac-ou"
    assert run.main(given) == 1
    captured = capsys.readouterr()
    assert captured.err == f"spatem-run: {message}\n"
    assert captured.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        "net.mlir --seed 1 --check reference --engine none",
        "lenet-digits --images 2 --engine none",
        "net.mlir --accelerator tiny --adc-bits 2 --images 2 --engine none",
        "net.mlir --accelerator tiny --cell-sigma 0,0.5 --analog-seed 3 --images 2",
    ],
)
def test_runs_with_an_effect(arguments: str) -> None:
    assert run.main(arguments.split()) == 0


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """The long names of a parser's options."""
    return {
        text for action in parser._actions for text in action.option_strings if text[:2] == "--"
    }


def test_every_option_of_spatem_run_is_in_a_table() -> None:
    assert options_of(run.argument_parser()) == {*IMPORTING, *RUNS, *ALWAYS}


OF_XDSL = {
    *("--help", "--frontend", "--disable-verify", "--allow-unregistered-dialect"),
    *("--no-implicit-module", "--target", "--output-file", "--passes", "--print-between-passes"),
    *("--time-passes", "--verify-diagnostics", "--parsing-diagnostics", "--split-input-file"),
    *("--print-op-generic", "--print-no-properties", "--print-debuginfo", "--syntax-highlight"),
    *("--version", "--shrink"),
}
"""Options of every driver of xDSL."""


def test_every_option_of_spatem_opt_is_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    tool = SpatemOptMain(["net.mlir"])
    tool.register_all_arguments(parser)
    own = options_of(parser) - OF_XDSL
    assert own == {
        *IMPORTING,
        *("--accelerator", "--pass-pipeline", "--print-completion", "--weights"),
    }
    assert opt.main(["net.mlir", "--weights", "w.npz", "-o", "out.mlir"]) == 1
    assert capsys.readouterr().err == (
        "spatem-opt: --weights has no effect: no weights were computed; they are where they were\n"
    )


def test_every_option_of_spatem_bench_is_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    (commands,) = (
        action
        for action in bench.argument_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    always = {"--help", "--networks", "--strategies", "--without", "--out", "--document", "--jobs"}
    own = {"--json", "--accelerator", "--sensitivity-networks", "--store"}
    assert options_of(commands.choices["study"]) == {*always, *own, *IMPORTING}
    given = ["study", "--sensitivity-networks", "lenet", "--without", "sensitivity"]
    assert bench.main(given) == 1
    assert capsys.readouterr().err == (
        "spatem-bench: --sensitivity-networks has no effect with --without sensitivity\n"
    )


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_study_stops_where_an_option_has_no_effect(
    jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["study", "--networks", "lenet", "--without", "ablation", "sensitivity", "--raw"]
    assert bench.main([*given, "--jobs", jobs]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith(
        "spatem-bench: --raw has no effect on lenet, which is generated with the codes of its "
        "weights; leave it out\n"
    )
