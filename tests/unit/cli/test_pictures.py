"""Pictures that `spatem-run` draws: the HTML report and the trace, and what is wrong with them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from unit.cli.commands import TINY, error_of

from spatem_ir.cli.pictures import selection_of
from spatem_ir.cli.run import argument_parser, main
from spatem_ir.report.trace.selection import MOST_SLICES

pytest.importorskip("bokeh")
pytest.importorskip("perfetto")

REFERENCE = [*TINY, "--engine", "reference"]


@pytest.fixture(autouse=True)
def _in_a_folder(networks_folder: Path) -> None:
    """Networks are in the current folder."""


def test_a_report_and_a_trace_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*REFERENCE, "--report", "out.html", "--trace", "out.pftrace"]
    assert main([*arguments, "--json", "first.json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "critical path" in captured.out
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

    assert Trace.FromString(Path("out.pftrace").read_bytes()).packet
    first = Path("out.html").read_text()
    assert "net on tiny" in first
    assert main([*arguments, "--compare", "first.json"]) == 0
    assert "compared with net on tiny" in Path("out.html").read_text()


def test_what_a_trace_leaves_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*REFERENCE, "--trace", "out.pftrace", "--trace-slices", "10"]
    assert main(arguments) == 0
    assert "the trace ends in cycle" in capsys.readouterr().err


def test_what_a_trace_shows() -> None:
    given = "net --trace a --trace-layers conv,fc --trace-pes 0..2,7 --trace-cycles 5..90"
    selection = selection_of(argument_parser().parse_args(given.split()))
    assert selection.layers == ["conv", "fc"]
    assert selection.pes == [0, 1, 2, 7]
    assert (selection.start, selection.stop, selection.most) == (5, 90, MOST_SLICES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trace-pes", "0-3"], "--trace-pes: '0-3' is no number and no range as 3..7"),
        (["--trace-cycles", "9..3"], "--trace-cycles: '9..3' is no number and no range as 3..7"),
        (["--trace-slices", "0"], "--trace-slices is 0; it must be at least 1"),
        (["--trace-pes", "99"], "--trace-pes: there is no PE 99; the chip has 4, counted from 0"),
        (["--trace-layers", "cnv"], "there is no layer or operator cnv; did you mean conv?"),
    ],
)
def test_what_is_not_there_is_not_traced(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [*REFERENCE, "--trace", "out.pftrace", *arguments]
    assert message in error_of(capsys, *given)


def test_what_is_compared_must_be_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    given = [*REFERENCE, "--report", "out.html", "--compare"]
    assert (
        error_of(capsys, *given, "no.json") == "no.json: cannot be read: No such file or directory"
    )
    Path("some.json").write_text("{}")
    assert "some.json: is not what a run wrote" in error_of(capsys, *given, "some.json")
    Path("text.json").write_text("<html>")
    assert "text.json: is no JSON; write it with" in error_of(capsys, *given, "text.json")


def test_missing_extras_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spatem_ir.cli.pictures.find_spec", lambda name: None)
    assert importlib.util.find_spec("bokeh") is not None
    assert error_of(capsys, *REFERENCE, "--report", "out.html") == (
        "--report needs bokeh; install the extra report: pip install 'spatem-ir[report]'"
    )
    assert error_of(capsys, *REFERENCE, "--trace", "out.pftrace") == (
        "--trace needs perfetto; install the extra trace: pip install 'spatem-ir[trace]'"
    )
