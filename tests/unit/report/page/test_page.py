"""Pages: what they say, that they are whole, and what they do in a browser."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("bokeh")

import itertools

from unit.report.page.browser import click, needs_browser, opened

from spatem_ir.driver.run import RunOptions, RunResult, run
from spatem_ir.frontend.load import ImportOptions
from spatem_ir.report.page.chip import shades_of
from spatem_ir.report.page.drawn import Drawn
from spatem_ir.report.page.gantt import MOST_BARS, merged_bars, shown_path
from spatem_ir.report.page.network import layout
from spatem_ir.report.page.page import page, page_of
from spatem_ir.runtime.machine.engine import default_engine
from spatem_ir.runtime.metrics.register import all_metrics

LARGEST = 5_000_000
"""Bytes of a page."""


def lenet(strategy: str = "spatem", accelerator: str | None = None) -> RunResult:
    return run(
        RunOptions(
            source="lenet-digits",
            importing=ImportOptions(),
            accelerator=accelerator,
            strategy=strategy,
            engine=default_engine(),
            critical_path=True,
        )
    )


@pytest.fixture(scope="module")
def result() -> RunResult:
    return lenet()


@pytest.fixture(scope="module")
def drawn(result: RunResult) -> Drawn:
    return Drawn.of(result)


@pytest.fixture(scope="module")
def written(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "out.html"
    path.write_text(page(drawn, None))
    return path


def test_a_page_is_whole_and_says_every_metric_with_unit_and_definition(written: Path) -> None:
    text = written.read_text()
    assert len(text.encode()) < LARGEST
    for metric in all_metrics().values():
        assert f">{metric.name}<" in text
        assert escape(metric.definition) in text
    assert "{{" not in text.partition("<main>")[2].partition("</main>")[0]
    assert "<script src" not in text
    assert 'rel="stylesheet"' not in text


def test_figures_of_pes_add_up(drawn: Drawn) -> None:
    metrics = drawn.metrics
    busy, cells, peak, energy = (shade.values for shade in shades_of(drawn.stretches[0]))
    assert cells.sum() == metrics.cells_used
    assert peak.max() == metrics.peak_buffer_bytes
    mean = metrics.computation_parallelism / metrics.crossbars_total
    assert busy.mean() == pytest.approx(100 * mean, rel=1e-3)
    elsewhere = {"links", "io"} | {key for key in metrics.energy_parts_nj if "static" in key}
    inside = (part for key, part in metrics.energy_parts_nj.items() if key not in elsewhere)
    assert energy.sum() == pytest.approx(sum(inside), rel=1e-6)


def test_the_critical_path_is_drawn_without_gaps(drawn: Drawn) -> None:
    bars = [*shown_path(drawn)]
    assert bars[0].start == 0
    assert bars[-1].stop == drawn.path.cycles
    assert all(one.stop <= other.start for one, other in itertools.pairwise(bars))


def test_work_that_is_near_is_one_bar() -> None:
    starts = np.arange(0, 40_000, 10)
    found = merged_bars(starts, starts + 4, np.zeros(len(starts), np.int64))
    assert [column.tolist() for column in found] == [[0], [39_994], [0]]
    turns = merged_bars(starts, starts + 4 + 3 * (starts % 50 == 0), np.arange(len(starts)) % 5)
    assert len(turns[0]) == MOST_BARS
    assert set(turns[2].tolist()) == {0}
    few = merged_bars(starts[:3], starts[:3] + 4, np.array([1, 1, 2], np.int64))
    assert few[0].tolist() == [0, 10, 20]


def test_nodes_of_a_rank_stand_side_by_side(drawn: Drawn) -> None:
    x, y = layout([node.sources for node in drawn.nodes])
    assert len(set(zip(x.tolist(), y.tolist(), strict=True))) == len(drawn.nodes)
    for node in drawn.nodes:
        assert all(y[source] < y[node.number] for source in node.sources)


def test_another_run_stands_beside_it(result: RunResult) -> None:
    other = json.loads(json.dumps(lenet("isaac").to_dict()))
    text = page_of(result, other)
    assert "compared with lenet-digits on isaac-ou, strategy isaac" in text
    ratio = other["latency_cycles"] / result.to_dict()["latency_cycles"]
    assert f"<td>{ratio:.3f}</td>" in text
    assert "other run" in text


@pytest.mark.parametrize("accelerator", ["pelke-bus", "ntu-ppsim"])
def test_other_machines_are_drawn(accelerator: str) -> None:
    strategy = {"pelke-bus": "minimum", "ntu-ppsim": "ntu"}[accelerator]
    text = page_of(lenet(strategy, accelerator))
    assert len(text.encode()) < LARGEST
    assert ("bus 0" if accelerator == "pelke-bus" else "router") in text


@needs_browser
def test_a_click_shows_a_pe_its_crossbars_and_tiles(drawn: Drawn, written: Path) -> None:
    with opened(written) as shown:
        busiest = int(drawn.stretches[0].busy_by_pe.argmax())
        assert shown.inner_text("#pe-detail h3") == f"PE {busiest}"
        click(shown, "chip", 3, 0)
        assert shown.inner_text("#pe-detail h3") == "PE 3"
        click(shown, "pe", 2, 1)
        crossbar = 3 * 96 + 8 + 2
        assert shown.inner_text("#crossbar-detail h3").startswith(f"Crossbar {crossbar}:")
        tiles = shown.evaluate("model('tiles').data.tile.length")
        assert shown.inner_text("#crossbar-detail table").count("conv") == tiles > 0
        click(shown, "network", 0, 1)
        assert shown.inner_text("#node-detail h3") == "conv1"
        assert "OU" in shown.inner_text("#node-detail table") or "ou operations" in (
            shown.inner_text("#node-detail table")
        )


@needs_browser
def test_tiles_have_their_whole_names_or_none(written: Path) -> None:
    with opened(written) as shown:
        shown.evaluate("showCrossbar(960)")
        data = shown.evaluate("model('tiles').data")
        assert data["name"] == ["conv2"] * 3
        assert set(data["label"]) <= {"conv2", ""}
        assert shown.evaluate("labelOf('conv2', 40, 20)") == ["conv2", 0]
        assert shown.evaluate("labelOf('conv2', 20, 40)")[0] == "conv2"
        assert shown.evaluate("labelOf('conv2', 20, 40)")[1] > 1


EDGE = """() => {
  const canvas = [...Bokeh.index].find((each) => each.model.name === "layers").canvas_view.primary;
  const {width, height} = canvas.canvas;
  const bytes = (columns, rows) => canvas.ctx.getImageData(0, 0, columns, rows).data;
  return [...bytes(width, 1), ...bytes(1, height)].filter((value) => value > 0).length;
}"""
"""How much of the first row and column of pixels of a figure is painted."""


@needs_browser
def test_figures_have_no_frame_of_the_other_theme(written: Path) -> None:
    with opened(written, scheme="dark") as shown:
        assert shown.evaluate(EDGE) == 0


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (800, "dark")])
def test_the_theme_is_the_systems_and_can_be_switched(
    written: Path, width: int, scheme: str
) -> None:
    with opened(written, width=width, scheme=scheme) as shown:
        theme = "document.documentElement.dataset.theme"
        assert shown.evaluate(theme) == scheme
        before = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        shown.click("#theme")
        assert shown.evaluate(theme) != scheme
        assert shown.evaluate("getComputedStyle(document.body).backgroundColor") != before
        shown.select_option("#shade", "peak")
        assert "buffer" in shown.inner_text("#shade-definition")
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
