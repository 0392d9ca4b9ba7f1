"""Cycles that `spatem-run` reports: engines, images in flight, dispatch, critical path."""

from __future__ import annotations

import json
import re

import pytest
from unit.cli.commands import TINY, VALUES_ONLY, error_of, result_of

from spatem_ir.cli.run import main
from spatem_ir.runtime.machine.engine import ENGINES

pytestmark = pytest.mark.usefixtures("networks_folder")


def test_images_in_flight(capsys: pytest.CaptureFixture[str]) -> None:
    alone = result_of(capsys, *TINY, "--strategy", "minimum")
    together = result_of(capsys, *TINY, "--strategy", "minimum", "--images-in-flight", "4")
    assert together["latency_cycles"] == alone["latency_cycles"]
    assert 0 < together["interval_cycles"] < alone["interval_cycles"]
    changed = {key for key in alone if alone[key] != together[key]}
    shared = {"joules_per_image", "gops_per_watt"}
    assert changed == {"interval_cycles", "images_per_second", *shared}
    assert together["joules_per_image"] < alone["joules_per_image"]


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


def test_both_engines_report_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--images-in-flight", "3"]
    fast, reference = (
        result_of(capsys, *TINY, *options, "--engine", engine) for engine in ("fast", "reference")
    )
    assert (fast.pop("engine"), reference.pop("engine")) == ("fast", "reference")
    assert fast == reference


@pytest.mark.parametrize("engine", ENGINES)
def test_free_dispatch_is_compared_with_the_static_order(
    engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    static = result_of(capsys, *TINY)
    assert (static["dispatch"], static["static_cycles"]) == ("static", None)
    command = [*TINY, "--engine", engine, "--dispatch", "free"]
    pipelined = [*command, "--images-in-flight", "2", "--critical-path"]
    assert main(pipelined) == 0  # compiles what is not cached, and says so
    free = result_of(capsys, *pipelined)
    assert (free["dispatch"], free["static_cycles"]) == ("free", static["latency_cycles"])
    gain = (free["latency_cycles"] - free["static_cycles"]) / free["static_cycles"]
    path = free["critical_path"]
    assert path["total_cycles"] > free["latency_cycles"]
    assert main(command) == 0
    line = f"free: {gain:+.2%} of {static['latency_cycles']:,} cycles in order"
    assert re.search(rf"^dispatch +{re.escape(line)} *$", capsys.readouterr().out, re.MULTILINE)


def test_without_numba_the_reference_engine_is_the_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spatem_ir.runtime.machine.engine.find_spec", lambda _: None)
    assert main([*TINY, "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["engine"] == "reference"
    remedy = "install the extra fast: pip install 'spatem-ir[fast]'"
    first, _, rest = captured.err.partition("\n")
    assert first.startswith(f"spatem-run: the usual strategy, search, needs numba: {remedy}; ")
    assert rest == (
        "spatem-run: the reference engine gives the same cycles as the fast one, but takes much "
        f"longer; {remedy}\n"
    )
    message = error_of(capsys, *TINY, "--strategy", "minimum", "--engine", "fast")
    assert message == f"--engine fast needs numba; {remedy}"
    assert main(VALUES_ONLY) == 0
