"""The published evaluation of Li, Han and Chen again."""

from __future__ import annotations

import pytest

from spatem_ir.cli.bench import main
from spatem_ir.study.destination import Destination
from spatem_ir.study.li import better, command
from spatem_ir.study.li.better import RunTime, improvement
from spatem_ir.study.li.machine import machine_run
from spatem_ir.study.li.pages import as_dict, page
from spatem_ir.study.li.published import published
from spatem_ir.study.li.reproduction import (
    Reproduced,
    figure_6a,
    figure_7,
    figure_9,
    operations,
    published_copies,
    table_6,
)
from spatem_ir.support.messages import SILENT, Messages


def test_what_is_exact_is_exact() -> None:
    for each in (*table_6(), *figure_9()):
        assert each.theirs == each.ours, each


@pytest.mark.parametrize("figure", [figure_6a, figure_7])
def test_figures_are_reproduced_but_for_what_has_a_reason(figure, monkeypatch) -> None:
    small = {"AlexNet", "VGG-A"}
    from spatem_ir.study.li import reproduction

    name = figure.__name__.replace("_", "")
    rows = [row for row in reproduction.published()[name] if row["network"] in small]
    monkeypatch.setattr(reproduction, "published", lambda: {name: rows})
    found = list(figure())
    assert len(found) >= len(rows)
    deviating = [each for each in found if each.deviates]
    assert all(each.reason for each in deviating)
    assert len(deviating) <= 7


def test_the_published_answer_of_table_5_is_not_in_the_model() -> None:
    found = improvement("VGG-A", 4096, 128)
    assert operations("VGG-A", 128, published_copies("VGG-A", 128, 4096)) == found.theirs == 166
    assert found.best.time == found.best.bound == 164
    assert found.steps < found.their_steps


@pytest.mark.parametrize(
    ("network", "crossbars", "with_buses"), [("AlexNet", 2048, False), ("VGG-A", 2304, True)]
)
def test_what_is_faster_in_the_model_is_no_slower_step_by_step(
    network: str, crossbars: int, with_buses: bool
) -> None:
    found = improvement(network, crossbars, 128, with_buses=with_buses)
    assert found.best.time < found.theirs
    assert found.steps <= found.their_steps


def test_model_and_machine_agree_where_crossbars_decide() -> None:
    run = machine_run("li-alexnet", "li")
    assert run.accuracy > 0.95 and run.machine_accuracy > 0.95
    assert "crossbars" in run.cause


def test_pages_say_what_deviates_and_why() -> None:
    near = Reproduced("Figure 7", "a", "proposed", 100.0, 101)
    far = Reproduced("Figure 7", "VGG-A, 4,096 of 128²", "proposed", 161.0, 166)
    copies = Reproduced("Table 6", "b", "copies", (1, 2), (1, 3))
    band = Reproduced("Table 4", "c", "error", 1.0, 9.0, is_band=True)
    text = page([near, far, copies, band], [improvement("AlexNet", 512, 128)], [], [])
    assert "1 of 3 numbers agree" in text
    assert "164 operations are its proven optimum" in text
    assert "| Table 6 | b | copies | 1 2 | 1 3 | – | not known |" in text
    assert "none: proven" in text and "## Model, steps and machine" not in text
    data = as_dict([near], [], [], [])
    assert data["reproduced"][0]["deviation"] == pytest.approx(0.01)


def test_files_are_written_together(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(command, "reproduction", lambda _: list(table_6()))
    monkeypatch.setattr(command, "improvements", lambda _: [improvement("AlexNet", 512, 256)])
    monkeypatch.setattr(command, "run_times", lambda _: [RunTime("AlexNet", 11.0, 0.25, 0.5)])
    document = tmp_path / "doc.md"
    document.write_text("before\n<!-- study -->\nold\n<!-- end of study -->\nafter\n")
    text = command.run_li(
        destination=Destination(tmp_path / "out", document),
        as_json=False,
        with_machine=False,
        say=SILENT,
    )
    assert (tmp_path / "out" / "li.md").read_text() == text
    assert (tmp_path / "out" / "li.json").is_file()
    assert "| AlexNet | 11 | 0.2 | 0.5 |" in text
    assert "old" not in document.read_text() and "## Table 6" in document.read_text()


def test_those_who_wait_are_told_how_far_it_is(monkeypatch) -> None:
    row = {"network": "AlexNet", "crossbars": 512, "side": 256}
    monkeypatch.setattr(better, "WITH_BUSES", [])
    monkeypatch.setattr(better, "published", lambda: {**published(), "figure7": [row, row]})
    steps: list[str] = []
    shares: list[float] = []
    better.improvements(Messages(step=steps.append, progress=shares.append))
    assert steps == ["searching better allocations"]
    assert shares == [0.5, 1.0]


def test_command_line(tmp_path, monkeypatch, capsys) -> None:
    given = {}

    def run_li(**arguments: object) -> str:
        given.update(arguments)
        return "page\n"

    monkeypatch.setattr(command, "run_li", run_li)
    assert main(["li", "--out", str(tmp_path), "--without-machine"]) == 0
    assert capsys.readouterr().out == "page\n"
    assert isinstance(given.pop("say"), Messages)
    assert given == {
        "destination": Destination(tmp_path),
        "as_json": False,
        "with_machine": False,
    }
