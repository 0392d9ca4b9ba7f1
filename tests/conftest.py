"""Make every .mlir file under tests/filecheck a pytest item.

lit runs once for all selected files, in parallel, when the first item is due; every item then
reports the result of its own file. So one ``pytest`` runs all tests, and selecting by path,
``-k`` and ``-v`` work on .mlir tests as they do on others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILECHECK = ROOT / "tests" / "filecheck"


@pytest.fixture(scope="session", autouse=True)
def first_proposals() -> Iterator[None]:
    """Whatever its effort is, a search ends with the first proposal that can be deployed.

    Most tests that name no strategy ask for a deployment, not for the best one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spatem_ir.search.explore.EVENTS_PER_EFFORT", 0)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--lit-shell",
        action="store_true",
        help="run every command of the .mlir tests as a process (same as SPATEM_LIT=shell)",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    is_test = (
        file_path.suffix == ".mlir"
        and FILECHECK in file_path.parents
        and "Inputs" not in file_path.parts
    )
    return LitFile.from_parent(parent, path=file_path) if is_test else None


@dataclass(frozen=True)
class LitResults:
    """What one run of lit reported.

    ``outcomes`` maps the path of a test to its result code and its output; ``console`` is what
    lit itself printed.
    """

    outcomes: dict[Path, tuple[str, str]]
    console: str


RESULTS = pytest.StashKey[LitResults]()


def run_lit(config: pytest.Config, paths: list[Path]) -> LitResults:
    """Run lit on the given .mlir files."""
    environment = dict(os.environ)
    if config.getoption("--lit-shell"):
        environment["SPATEM_LIT"] = "shell"
    lit = Path(sys.executable).with_name("lit")
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "results.json")
        process = subprocess.run(
            [lit, "--quiet", "--ignore-fail", "--output", report, *paths],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        tests = json.loads(report.read_text())["tests"] if report.exists() else []
    outcomes = {
        ROOT / test["name"].partition(" :: ")[2]: (test["code"], test["output"]) for test in tests
    }
    return LitResults(outcomes, process.stdout)


class LitFile(pytest.File):
    """A .mlir file, which holds one test."""

    def collect(self) -> Iterator[pytest.Item]:
        yield LitItem.from_parent(self, name=self.path.stem)


class LitItem(pytest.Item):
    """The test of a .mlir file; of several processes of pytest-xdist one runs all of them."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.add_marker(pytest.mark.xdist_group("lit"))

    def runtest(self) -> None:
        stash = self.session.stash
        if RESULTS not in stash:
            selected = [item.path for item in self.session.items if isinstance(item, LitItem)]
            stash[RESULTS] = run_lit(self.config, selected)
        results = stash[RESULTS]
        code, output = results.outcomes.get(self.path, ("NOT RUN", results.console))
        match code:
            case "PASS" | "FLAKYPASS":
                return
            case "XFAIL":
                pytest.xfail("expected by XFAIL")
            case "UNSUPPORTED" | "SKIPPED" | "EXCLUDED":
                pytest.skip(output)
            case _:
                pytest.fail(f"lit: {code}\n{output}", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.path.relative_to(FILECHECK).as_posix()
