"""The Markdown document, from made-up results."""

from __future__ import annotations

from unit.study.outcomes import outcome, plan, study

from spatem_ir.study.points import Outcome, Point
from spatem_ir.study.study import Study
from spatem_ir.study.tables import body_of, markdown_of


def section(made: Study, title: str) -> str:
    """The text of one section."""
    _, _, rest = body_of(made).partition(f"## {title}\n\n")
    return rest.partition("\n\n## ")[0].rstrip("\n")


def cells(table: str) -> list[list[str]]:
    """The rows of a table without its header."""
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


def test_title_command_and_sections() -> None:
    text = markdown_of(study(plan("a b", "spatem isaac")))
    assert text.startswith("# spatem and others on tiny\n\n```sh\nspatem-bench study\n```\n\n")
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "## Averages",
        "## Against each baseline",
        "## Latency and communication",
        "## Where a figure of the paper is missed",
        "## All strategies side by side",
        "## The fastest",
        "## Every network and strategy",
        "## Critical path",
        "## Traffic",
        "## Estimated and simulated latency",
        "## Ablation",
        "## Sensitivity",
    ]


def test_parts_can_be_left_out() -> None:
    text = markdown_of(study(plan("a", "spatem", ("comparison",))))
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "## All strategies side by side",
        "## The fastest",
        "## Every network and strategy",
        "## Critical path",
        "## Traffic",
        "## Estimated and simulated latency",
    ]


def test_averages_beside_the_paper() -> None:
    made = study(
        plan("a b", "spatem isaac minimum"),
        outcome(Point("a", "spatem"), latency=500, communication=500, cells=1600),
        outcome(Point("b", "spatem"), latency=1000, communication=900, cells=1600),
    )
    paper, isaac, minimum = cells(section(made, "Averages"))
    assert paper[:4] == ["paper, ISAAC and HitM", "29.24 %", "31.28 %", "3.19 ×"]
    assert isaac == [
        "isaac",
        "25.00 %",
        "30.00 %",
        "4.00 ×",
        "12.50 %",
        "5.00 ×",
        "1 of 2",
        "latency, communication, parallelism",
    ]
    assert minimum == ["minimum", *isaac[1:-1], "–"]  # the paper says nothing of it


def test_figures_that_are_reached() -> None:
    better = {"latency": 700, "communication": 600, "cells": 1300}
    made = study(
        plan("a b", "spatem hitm"),
        outcome(Point("a", "spatem"), **better),
        outcome(Point("b", "spatem"), **better),
    )
    assert cells(section(made, "Averages"))[1][-1] == "none"
    assert "missed\n" not in body_of(made)


def test_failures_are_rows_and_have_reasons() -> None:
    failed = Outcome(Point("b", "isaac"), failure="the network does not fit")
    made = study(plan("a b", "spatem isaac"), failed)
    mean = cells(section(made, "Averages"))[1]
    assert mean[0] == "isaac (a only)"
    assert "parallelism" in mean[-1]  # not higher on every network: unknown on one
    assert [row[:2] for row in cells(section(made, "Against each baseline"))] == [["a", "isaac"]]
    rows = cells(section(made, "Every network and strategy"))
    assert rows[-1] == ["b", "isaac", *["–"] * 9]
    assert section(made, "Points without results") == "- b, isaac: the network does not fit"


def test_metrics_and_traffic() -> None:
    made = study(
        plan("a", "spatem"), outcome(Point("a", "spatem"), latency=12_345, communication=4000)
    )
    assert cells(section(made, "Every network and strategy")) == [
        [
            "a",
            "spatem",
            "12,345",
            "100 (work)",
            "123.45 ×",
            "8.1",
            "4,000",
            "12,000",
            "4.00 %",
            "5",
            "7",
        ]
    ]
    assert cells(section(made, "Traffic")) == [
        ["a", "spatem", "0.0 %", "25.0 %", "75.0 %", "0.0 %", "conv 80 %"]
    ]


def test_critical_path() -> None:
    made = study(
        plan("a b", "spatem", ("comparison",)),
        outcome(Point("a", "spatem"), latency=400),
        Outcome(Point("b", "spatem"), failure="the network does not fit"),
    )
    parts = ["75.0 %", "0.0 %", "0.0 %", "0.0 %", "25.0 %", "0.0 %", "0.0 %", "0.0 %"]
    assert cells(section(made, "Critical path")) == [
        ["a", "spatem", *parts, "12.5 %", "conv 75 %"],
        ["b", "spatem", *["–"] * 10],
    ]


def test_causes_of_what_is_missed() -> None:
    made = study(
        plan("a b c", "spatem isaac minimum"),
        outcome(Point("a", "spatem"), latency=500, communication=500, cells=1600),
        outcome(Point("b", "spatem"), latency=800, communication=900, cells=1600),
        outcome(Point("c", "spatem"), latency=1000, communication=500, cells=1600),
    )
    why = ["crossbars 75 %", "conv 75 %", "partial sums 75 %", "conv 80 %"]
    assert cells(section(made, "Where a figure of the paper is missed")) == [
        ["latency", "isaac", "b", "20.00 % lower", "90.00 % lower", *why],
        ["latency", "isaac", "c", "0.00 % lower", "90.00 % lower", *why],
        ["parallelism", "isaac", "c", "1.00 ×", "10.00 ×", *why],
    ]


def test_estimates() -> None:
    made = study(
        plan("a b", "spatem", ("comparison",)),
        outcome(Point("a", "spatem"), latency=1000, estimated=900),
        outcome(Point("b", "spatem"), latency=2000, estimated=2500),
    )
    text = section(made, "Estimated and simulated latency")
    assert text.startswith(
        "Over 2 points: mean absolute error 17.5 %, largest 25.0 %, rank correlation (Spearman) "
        "1.000."
    )
    assert cells(text) == [
        ["a", "spatem", "900", "1,000", "-10.0 %"],
        ["b", "spatem", "2,500", "2,000", "25.0 %"],
    ]


def test_ablation() -> None:
    made = study(
        plan("a b", "spatem"),
        outcome(Point("a", "spatem", ("assign",)), latency=1500, communication=3000),
        Outcome(Point("b", "spatem", ("pack",)), failure="the network does not fit"),
    )
    latency, _, communication = section(made, "Ablation").partition("Communication")
    assert cells(latency) == [
        ["all passes as in the paper", "1.00 ×", "1.00 ×"],
        ["pack{method=exclusive}", "1.00 ×", "–"],
        ["assign{method=sequential}", "1.50 ×", "1.00 ×"],
        ["order{method=layer}", "1.00 ×", "1.00 ×"],
        ["all three plain", "1.00 ×", "1.00 ×"],
    ]
    assert cells(communication)[2] == ["assign{method=sequential}", "3.00 ×", "1.00 ×"]


def test_sensitivity() -> None:
    wide = ((("noc", "link_bytes_per_cycle"), 8),)
    made = study(
        plan("a b", "spatem isaac hitm"),
        outcome(Point("a", "spatem", (), wide), latency=500),
        Outcome(Point("a", "isaac", (), wide), failure="the network does not fit"),
    )
    text = section(made, "Sensitivity")
    assert text.startswith("| parameter | value | a, spatem | a, isaac |\n")
    rows = cells(text)
    assert rows[:4] == [
        ["link width", "1 B", "1,000 (1.00 ×)", "1,000 (1.00 ×)"],
        ["link width", "2 B", "1,000", "1,000"],
        ["link width", "4 B", "1,000 (1.00 ×)", "1,000 (1.00 ×)"],
        ["link width", "8 B", "500 (0.50 ×)", "–"],
    ]
    assert len(rows) == 20


def test_the_front_of_latency_and_communication() -> None:
    """By ascending latency: who sends less than all who are faster is on the front."""
    made = study(
        plan("a b", "spatem isaac minimum"),
        outcome(Point("a", "spatem"), latency=500, communication=900),
        outcome(Point("a", "isaac"), latency=1000, communication=1000),
        outcome(Point("a", "minimum"), latency=1000, communication=250),
        outcome(Point("b", "spatem"), latency=500, communication=800),
        outcome(Point("b", "isaac"), latency=400, communication=1000),
        Outcome(Point("b", "minimum"), failure="too large"),
    )
    text = section(made, "Latency and communication")
    assert cells(text) == [
        ["a", "spatem", "500", "900", "10.00 %", "yes"],
        ["a", "minimum", "1,000", "250", "75.00 %", "yes"],
        ["a", "isaac", "1,000", "1,000", "0.00 %", "–"],
        ["b", "isaac", "400", "1,000", "0.00 %", "yes"],
        ["b", "spatem", "500", "800", "20.00 %", "yes"],
    ]
    assert text.endswith(
        "of those no slower than isaac, communicates 37.50 % less than it, on average over 2 "
        "networks."
    )
