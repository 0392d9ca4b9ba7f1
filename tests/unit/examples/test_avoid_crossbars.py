"""examples/avoid-crossbars: a pass of one file, run by `spatem-run` with its options."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from unit.examples.installation import Installation

EXAMPLE = Path(__file__).parents[3] / "examples" / "avoid-crossbars"
PASSES = "partition{strategy=minimum},pack,assign,avoid-crossbars{crossbars=0,1,17},order"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("avoid-crossbars")
    installation = Installation(folder / "source", folder / "target")
    shutil.copytree(EXAMPLE, installation.source)
    installation.install()
    return installation


def test_spatem_run_takes_the_pass_with_its_options(installed: Installation) -> None:
    run = installed.run("spatem-run", "lenet", "-p", PASSES, "--check", "levels", "--json", "-")
    assert run.returncode == 0, run.stderr
    results = json.loads(run.stdout)
    assert results["pipeline"] == PASSES
    assert results["outputs_match"] is True
    assert results["latency_cycles"] > 0


def test_defective_crossbars_are_empty_and_neighbours_take_their_tiles(
    installed: Installation, tmp_path: Path
) -> None:
    assigned = PASSES.removesuffix(",order")
    run = installed.run("spatem-opt", "lenet", "-p", assigned, "-o", tmp_path / "lenet.mlir")
    assert run.returncode == 0, run.stderr
    used = crossbars_of(tmp_path / "lenet.mlir")
    plain = assigned.replace("avoid-crossbars{crossbars=0,1,17}", "avoid-crossbars")
    installed.run("spatem-opt", "lenet", "-p", plain, "-o", tmp_path / "plain.mlir")
    before = crossbars_of(tmp_path / "plain.mlir")
    assert {0, 1} <= before
    assert not used & {0, 1, 17}
    assert len(used) == len(before)
    assert {number // 96 for number in used} == {number // 96 for number in before}


def crossbars_of(file: Path) -> set[int]:
    """The crossbars that hold tiles in a file at level `pxb`."""
    from spatem_ir.dialects.pxb import PxbStageOp
    from spatem_ir.driver.sources import read_source

    (stage,) = (op for op in read_source(file).module.ops if isinstance(op, PxbStageOp))
    return set(np.concatenate([p.crossbars for p in stage.placements().values()]).tolist())


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        (PASSES.replace("17", "99999"), "avoid-crossbars: crossbar 99999 does not exist; 'isaac-"),
        ("partition,avoid-crossbars", "avoid-crossbars: this is level mvm; run it after assign"),
    ],
)
def test_errors_are_one_line(installed: Installation, pipeline: str, message: str) -> None:
    run = installed.run("spatem-run", "lenet", "-p", pipeline)
    assert run.returncode == 1
    *progress, error = run.stderr.splitlines()
    assert error.startswith(f"spatem-run: {message}")
    assert all(line.endswith(" …") for line in progress)
