"""Pages of several stages: what is drawn of stages and writes, and what can be chosen (R14)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("bokeh")

from unit.report.page.browser import click, needs_browser, opened

from spatem_ir.driver.run import RunOptions, RunResult, run
from spatem_ir.frontend.load import ImportOptions
from spatem_ir.report.page.chip import shades_of
from spatem_ir.report.page.drawn import Drawn, worked_until
from spatem_ir.report.page.network import layout, path_shares
from spatem_ir.report.page.page import page
from spatem_ir.report.stages import sources_of
from spatem_ir.runtime.machine.engine import default_engine
from spatem_ir.runtime.machine.log import KINDS
from spatem_ir.runtime.machine.steps import ResourceKind


@pytest.fixture(scope="module")
def result() -> RunResult:
    return run(
        RunOptions(
            source="lenet-digits",
            importing=ImportOptions(),
            strategy="minimum",
            settings=["partition{stages=3}", "assign{method=sequential}"],
            engine=default_engine(),
            critical_path=True,
        )
    )


@pytest.fixture(scope="module")
def drawn(result: RunResult) -> Drawn:
    return Drawn.of(result)


def test_activity_adds_up_over_stages(drawn: Drawn) -> None:
    for kind in KINDS:
        counted = drawn.activity_of_kinds[KINDS.index(kind)].sum()
        assert counted == drawn.worked(kind).sum()
    assert drawn.worked(ResourceKind.WRITE).sum() > 0


def test_work_is_counted_until_any_time() -> None:
    starts, ends = np.array([2, 3, 3]), np.array([5, 4, 9])
    times = np.arange(12)
    expected = [
        sum(min(max(time - a, 0), b - a) for a, b in zip(starts, ends, strict=True))
        for time in times
    ]
    assert worked_until(times, starts, ends).tolist() == expected
    none = np.empty(0, np.int64)
    assert worked_until(times, none, none).tolist() == [0] * 12


def test_figures_of_pes_add_up_over_stages(drawn: Drawn) -> None:
    whole, *stages = (
        {shade.key: shade.values for shade in shades_of(stretch)} for stretch in drawn.stretches
    )
    assert len(stages) == 3
    metrics = drawn.metrics
    elsewhere = {"links", "io", "external_memory"} | {
        key for key in metrics.energy_parts_nj if "static" in key
    }
    inside = sum(part for key, part in metrics.energy_parts_nj.items() if key not in elsewhere)
    assert whole["energy"].sum() == pytest.approx(inside, rel=1e-6)
    assert np.sum([each["energy"] for each in stages], axis=0) == pytest.approx(whole["energy"])
    assert np.sum([each["cells"] for each in stages], axis=0) == pytest.approx(whole["cells"])
    assert np.max([each["peak"] for each in stages], axis=0) == pytest.approx(whole["peak"])


def test_drivers_work_for_stages(drawn: Drawn) -> None:
    write = drawn.stages[1].writes[0]
    starts, ends, stages = drawn.work_of(ResourceKind.WRITE, write.crossbar)
    assert (write.start, write.end, 1) in zip(starts, ends, stages, strict=True)


def test_what_leaves_a_stage_leads_to_what_enters_a_later_one(drawn: Drawn) -> None:
    sources = sources_of(drawn.module, drawn.stages)
    read = {
        drawn.names[node]: [drawn.names[source] for source in own]
        for node, own in enumerate(sources)
    }
    assert read["input [0]"] == []
    for stage in (1, 2):
        assert read[f"input [{stage}]"] == [f"output [{stage - 1}]"]
    _, ranks = layout(sources)
    assert len(set(ranks.tolist())) == len(drawn.names)
    assert path_shares(drawn).sum() == pytest.approx(100)


@needs_browser
def test_stages_can_be_chosen(drawn: Drawn, tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    path.write_text(page(drawn, None))
    crossbar = drawn.stages[1].writes[0].crossbar
    stages = {name: stage.number for stage in drawn.stages for name in stage.dataflow.by_name}
    with opened(path) as shown:
        for chosen in ("1", "2"):
            shown.select_option("#stretch", chosen)
            shown.fill("#crossbar-number", str(crossbar))
            shown.press("#crossbar-number", "Enter")
            title = shown.inner_text("#crossbar-detail h3")
            assert title.endswith(f"in stage {int(chosen) - 1}")
            layers = shown.locator("#crossbar-detail tr td:first-child").all_inner_texts()[1:]
            assert layers
            assert {stages[layer] for layer in layers} == {int(chosen) - 1}
        click(shown, "network", 0, 0)
        assert shown.inner_text("#node-detail h3") == "input [0]"
        assert "stage" in shown.inner_text("#node-detail table")
