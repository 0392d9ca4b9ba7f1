"""The experiments of Pelke et al.: cases, shares of the limit, tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spatem_ir.cli.bench import argument_parser
from spatem_ir.study.destination import Destination
from spatem_ir.study.pelke import command
from spatem_ir.study.pelke.layers import LAYERS
from spatem_ir.study.pelke.runs import PelkeCase, PelkeTimes, SchemeTimes, found_of
from spatem_ir.study.pelke.tables import all_cases, body_of, memory_table

LAST = next(layer for layer in LAYERS if (layer.channels, layer.kernel, layer.side) == (256, 1, 7))
"""256 → 512, 1 × 1, 49 vectors: the fewest visits."""


def test_layers() -> None:
    assert len(LAYERS) == 20
    assert {layer.rows for layer in LAYERS if layer.channels == 3} == {147}
    assert PelkeCase(LAST, 32, 64).cores == 8 * 16
    assert not PelkeCase(LAYERS[0], 32, 64).is_studied
    assert not PelkeCase(LAYERS[-1], 32, 64).is_studied


@pytest.mark.parametrize(("side", "most"), [(32, 0.04), (64, 0.02)])
def test_a_convolution_in_turns(side: int, most: float) -> None:
    """Over 99 % of the limit, which the bus does not bound; few more bytes for CALLs."""
    pytest.importorskip("numba")
    found = found_of(PelkeCase(LAST, side, 64))
    assert found.bus_bound == 1
    assert all(found.share(scheme) > 0.99 for scheme in found.schemes)
    assert 0 < found.call_share < most


def test_sixteen_cores_on_four_bytes() -> None:
    """More than 90 % of the limit."""
    pytest.importorskip("numba")
    layer = LAST._replace(channels=128, features=128)
    found = found_of(PelkeCase(layer, 32, 4))
    assert found.case.cores == 16
    assert all(share > 0.9 for share in map(found.share, found.schemes))


def made_up() -> dict[PelkeCase, SchemeTimes]:
    """All cases, with the same times for each."""
    times = PelkeTimes(cycles=100, bus=10, calls=1, others=50)
    schemes = {"linear": times, "cyclic": times}
    return {
        case: SchemeTimes(case, times._replace(cycles=100 * case.parts), schemes)
        for case in all_cases()
    }


def test_tables_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "all_found", lambda *_: made_up())
    document = tmp_path / "page.md"
    document.write_text("# Page\n\n<!-- study -->\n<!-- end of study -->\n")
    text = command.run_pelke(jobs=1, destination=Destination(document=document))
    assert "| 512 → 512, 1x1 | 196 | 32 × 32 | 256 | 16 | 100.00 % | 100.00 %" in text
    assert "needs" not in text
    assert text.strip() in document.read_text()
    points = json.loads(command.run_pelke(jobs=1, destination=Destination(), as_json=True))
    assert len(points) == len(set(all_cases()))
    assert body_of(made_up()).count("### ") == 6


def test_sequence_registers_take_an_eighth_of_pumas_attributes() -> None:
    assert "| 1,024 | 4,096 bytes | 32,768 bytes | 87.5 % |" in memory_table()


def test_the_command_line() -> None:
    arguments = argument_parser().parse_args(["pelke", "--jobs", "3", "--json"])
    assert (arguments.command, arguments.jobs, arguments.json) == ("pelke", 3, True)
