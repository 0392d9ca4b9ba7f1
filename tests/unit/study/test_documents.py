"""The files of a study, from made-up results."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from unit.study.outcomes import outcome, plan, study

from spatem_ir.study.documents import check_folder, documents_of, make_folder, timings_of
from spatem_ir.study.points import Outcome, Point
from spatem_ir.support.errors import SpatemError

MADE = study(
    plan("a b", "spatem isaac", ("comparison", "ablation")),
    outcome(Point("a", "spatem"), latency=500, estimated=600),
    Outcome(Point("b", "isaac"), failure="the network, it does not fit"),
)


def test_json() -> None:
    document = json.loads(documents_of(MADE)["study.json"])
    assert (document["networks"], document["strategies"]) == (["a", "b"], ["spatem", "isaac"])
    assert document["command"] == "spatem-bench study"
    assert document["accelerator"]["name"] == "tiny"
    assert document["accelerator"]["noc"]["link_bytes_per_cycle"] == 2
    points = document["points"]
    assert [(point["part"], point["network"], point["strategy"]) for point in points[:4]] == [
        ("comparison", "a", "spatem"),
        ("comparison", "a", "isaac"),
        ("comparison", "b", "spatem"),
        ("comparison", "b", "isaac"),
    ]
    assert len(points) == 4 + 5 * 2
    assert points[0]["latency_cycles"] == 500
    assert points[0]["estimate_error"] == pytest.approx(0.2)
    assert points[3]["failure"] == "the network, it does not fit"
    assert "latency_cycles" not in points[3]
    average = document["summary"]["averages"][0]
    assert average["latency_reduction"] == 0.5
    assert average["missed"] == ["communication", "cells", "parallelism"]
    assert document["summary"]["estimate"]["points"] == 3


def test_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(documents_of(MADE)["study.csv"].decode())))
    assert len(rows) == 14
    assert rows[0]["latency_cycles"] == "500"
    assert rows[0]["pipeline"] == 'partition{strategy="spatem"},pack,assign,order'
    assert rows[3]["failure"] == "the network, it does not fit"
    assert rows[3]["latency_cycles"] == ""
    assert [row["part"] for row in rows] == ["comparison"] * 4 + ["ablation"] * 10


def test_changes_of_the_machine_in_csv() -> None:
    made = study(plan("a", "spatem", ("comparison", "sensitivity")))
    rows = list(csv.DictReader(io.StringIO(documents_of(made)["study.csv"].decode())))
    assert [row["changes"] for row in rows[1:4]] == [
        "noc.link_bytes_per_cycle=1",
        "",
        ("noc.link_bytes_per_cycle=4"),
    ]


def test_times_are_in_a_file_of_their_own() -> None:
    document = json.loads(timings_of(MADE, jobs=2, wall_seconds=3.0))
    assert document["points"]["a, spatem"] == {"compile": 1.0, "simulate": 0.5}
    assert "b, isaac" not in document["points"]
    assert document["cpu_seconds"] == 1.5 * len(document["points"])
    assert all(b"seconds" not in content for content in documents_of(MADE).values())


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    folder = tmp_path / "some" / "folder"
    check_folder(folder)
    assert not folder.exists()
    for _ in range(2):
        make_folder(folder)
        assert folder.is_dir()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpatemError, match=r"file/below: cannot be a folder: .*file is a file$"):
        check_folder(tmp_path / "file" / "below")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_may_be_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SpatemError, match=r"below: cannot be written$"):
        check_folder(tmp_path / "below")
