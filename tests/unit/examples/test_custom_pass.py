"""Packages of users: examples/edge-chip, and the one that docs/custom-passes.md spells out."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from itertools import combinations
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from unit.examples.installation import Installation
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from spatem_ir.dialects.hw import IndicesAttr, accelerator_of, module_of
from spatem_ir.dialects.pxb import PxbPlaceOp, PxbStageOp
from spatem_ir.universe import register_dialects

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
PAGE = ROOT / "docs" / "custom-passes.md"
ASSIGNED = "partition{strategy=isaac},pack{method=exclusive},assign{method=sequential}"
"""The chip's simplest deployment, which leaves PEs in an order that swaps improve."""
UNICAST = "unicast.toml"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("edge-chip")
    installation = Installation(folder / "source", folder / "target")
    shutil.copytree(EXAMPLES / "edge-chip", installation.source)
    chip = (installation.source / "edge-chip.toml").read_text()
    assert "multicast = true" in chip
    unicast = chip.replace("multicast = true", "multicast = false")
    (installation.source / UNICAST).write_text(unicast)
    installation.install()
    return installation


@pytest.fixture(scope="module")
def lowered(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The network before and after the pass at level pxb, and both at level ou."""
    folder = tmp_path_factory.mktemp("lenet")
    pipelines = {
        "assigned": ASSIGNED,
        "swapped": f"{ASSIGNED},swap-pes",
        "assigned-ou": f"{ASSIGNED},order",
        "swapped-ou": f"{ASSIGNED},swap-pes,order",
    }
    files = {name: folder / f"{name}.mlir" for name in pipelines}
    for name, pipeline in pipelines.items():
        process = installed.lower(pipeline, files[name])
        assert process.returncode == 0, process.stderr
    return files


@pytest.fixture
def swap_pes(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(installed.target)
    return importlib.import_module("edge_chip.swap_pes")


def byte_hops(traffic: NDArray[np.float64], places: list[int], columns: int) -> int:
    """Bytes times hops if the contents of PE n are at PE ``places[n]``; the port is at PE 0."""
    at = [divmod(pe, columns) for pe in [*places, 0]]
    return sum(
        int(traffic[a, b]) * (abs(at[a][0] - at[b][0]) + abs(at[a][1] - at[b][1]))
        for a in range(len(at))
        for b in range(len(at))
    )


def parsed(file: Path) -> ModuleOp:
    context = Context()
    register_dialects(context)
    module = Parser(context, file.read_text(), str(file)).parse_module()
    module.verify()
    return module


def stage_of(file: Path) -> PxbStageOp:
    return next(op for op in parsed(file).ops if isinstance(op, PxbStageOp))


def test_contents_of_pes_move_as_a_whole(lowered: dict[str, Path]) -> None:
    before, after = stage_of(lowered["assigned"]), stage_of(lowered["swapped"])
    size = accelerator_of(before).crossbars_per_pe
    moves: set[tuple[int, int]] = set()
    old_places, new_places = before.placements(), after.placements()
    for name, old in old_places.items():
        new = new_places[name]
        for column in ("tiles", "rows", "columns"):
            assert (getattr(old, column) == getattr(new, column)).all()
        assert (old.crossbars % size == new.crossbars % size).all()
        moves |= set(zip(old.crossbars // size, new.crossbars // size, strict=True))
    new_homes = after.home_ops()
    for name, old in before.home_ops().items():
        moves |= set(zip(old.pes.data, new_homes[name].pes.data, strict=True))
    origins, destinations = zip(*moves, strict=True)
    assert len(set(origins)) == len(set(destinations)) == len(moves)
    assert origins != destinations


def test_fewer_byte_hops_for_the_same_bits(
    installed: Installation, lowered: dict[str, Path], tmp_path: Path
) -> None:
    values = {name: tmp_path / f"{name}.npy" for name in ("assigned-ou", "swapped-ou")}
    before, after = (
        installed.results(lowered[name], "--images", "20", "--outputs", values[name])
        for name in values
    )
    assert after["byte_hops"] < before["byte_hops"]
    assert after["energy_nj"] < before["energy_nj"]
    outputs = [np.load(file) for file in values.values()]
    assert len(np.unique(outputs[0], axis=0)) > 1
    assert np.array_equal(*outputs)


def test_outputs_equal_the_reference(
    installed: Installation, lowered: dict[str, Path], tmp_path: Path
) -> None:
    network = tmp_path / "network.mlir"
    assert installed.lower("", network).returncode == 0
    values = {"plain": network, "custom": lowered["swapped"]}
    for name, file in values.items():
        outputs = tmp_path / f"{name}.npy"
        results = installed.results(
            file, "--check", "reference", "--engine", "none", "--outputs", outputs
        )
        assert results["outputs_match"] is True
    plain, custom = (np.load(tmp_path / f"{name}.npy") for name in values)
    assert np.array_equal(plain, custom)


@pytest.mark.parametrize("scattered", [False, True])
def test_traffic_is_what_the_machine_sends(
    installed: Installation, swap_pes: ModuleType, tmp_path: Path, scattered: bool
) -> None:
    file = tmp_path / "lenet.mlir"
    process = installed.lower(ASSIGNED, file, UNICAST)
    assert process.returncode == 0, process.stderr
    stage = stage_of(file)
    if scattered:
        crossbars = np.random.default_rng(1).permutation(256)
        for place in stage.of_type(PxbPlaceOp):
            moved = crossbars[place.crossbars.data.to_array()]
            place.crossbars = IndicesAttr.of(moved.tolist())
        file.write_text(str(module_of(stage)))
    results = installed.results(file)
    assert results["partial_sum_bytes"] > 0 or not scattered
    assert byte_hops(swap_pes.traffic_of(stage), list(range(16)), 4) == results["byte_hops"] > 0


def hops(rows: int, columns: int) -> NDArray[np.int64]:
    """The links from PE to PE of a mesh."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.abs(row[:, None] - row) + np.abs(column[:, None] - column)


def test_swaps_lessen_what_the_machine_sends(
    lowered: dict[str, Path], swap_pes: ModuleType
) -> None:
    traffic = swap_pes.traffic_of(stage_of(lowered["assigned"]))
    before, *after = (
        byte_hops(traffic, swap_pes.destinations(traffic, hops(4, 4), swaps).tolist(), 4)
        for swaps in (0, 1, 1000)
    )
    assert before > after[0] >= after[1]
    assert after[1] == byte_hops(
        swap_pes.traffic_of(stage_of(lowered["swapped"])), list(range(16)), 4
    )


@pytest.mark.parametrize("seed", range(10))
def test_one_swap_is_the_best_one(swap_pes: ModuleType, seed: int) -> None:
    traffic = np.random.default_rng(seed).integers(0, 100, (7, 7)).astype(float)
    np.fill_diagonal(traffic, 0)
    costs = {tuple(range(6)): byte_hops(traffic, list(range(6)), 3)}
    for a, b in combinations(range(6), 2):
        places = list(range(6))
        places[a], places[b] = b, a
        costs[tuple(places)] = byte_hops(traffic, places, 3)
    once = swap_pes.destinations(traffic, hops(2, 3), 1).tolist()
    assert costs[tuple(once)] == min(costs.values())
    assert swap_pes.destinations(traffic, hops(2, 3), 0).tolist() == list(range(6))
    often = swap_pes.destinations(traffic, hops(2, 3), 1000).tolist()
    assert sorted(often) == list(range(6))
    assert byte_hops(traffic, often, 3) <= min(costs.values())


def test_port_stays_at_the_first_pe(swap_pes: ModuleType) -> None:
    traffic = np.zeros((5, 5))
    traffic[4, 3] = 8
    assert swap_pes.destinations(traffic, hops(2, 2), 1000).tolist() == [3, 1, 2, 0]


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        (f"{ASSIGNED},swap-pes{{swap=3}}", "swap"),
        (f"{ASSIGNED},swap-pes{{swaps=many}}", "'many'"),
        (f"{ASSIGNED},swap-pes{{swaps=-1}}", "swap-pes: swaps is -1; it must be at least 0"),
        ("partition,swap-pes", "swap-pes: this is level mvm; run it between assign and order"),
        (f"{ASSIGNED},order,swap-pes", "swap-pes: this is level ou"),
    ],
)
def test_errors_are_one_line(
    installed: Installation, tmp_path: Path, pipeline: str, message: str
) -> None:
    process = installed.lower(pipeline, tmp_path / "out.mlir")
    assert process.returncode == 1
    assert process.stdout == ""
    assert process.stderr.startswith("spatem-opt: ")
    assert message in process.stderr
    assert process.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_strategy_of_the_package(installed: Installation) -> None:
    chip = ("--accelerator", installed.source / "edge-chip.toml")
    whole, half, minimum = (
        installed.run("spatem-run", "lenet", *chip, "--strategy", strategy, "--json", "-")
        for strategy in ("equal-shares", "equal-shares{used=0.5}", "minimum")
    )
    used = [json.loads(run.stdout)["cells_used"] for run in (minimum, half, whole)]
    cycles = [json.loads(run.stdout)["latency_cycles"] for run in (whole, half, minimum)]
    assert used == sorted(set(used))
    assert cycles == sorted(set(cycles))
    listed = installed.run("spatem-run", "--list").stdout
    assert "  equal-shares             The same number of crossbars for every layer" in listed
    for option, message in (
        ("used=2", "partition: equal-shares: used is 2; it must be above 0, at most 1"),
        ("slack=2", "partition: strategy equal-shares has no option 'slack'; it has deal, used"),
    ):
        run = installed.run("spatem-run", "lenet", *chip, "--strategy", f"equal-shares{{{option}}}")
        assert run.stderr == f"spatem-run: {message}\n"


def test_file_check(installed: Installation) -> None:
    process = installed.run("lit", "--verbose", installed.source / "tests")
    assert process.returncode == 0, process.stdout
    assert "Passed: 1" in process.stdout


def test_package_of_the_documentation(tmp_path: Path) -> None:
    blocks = re.findall(r"```(python|toml)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names = ("my_chip/spread.py", "my_chip/__init__.py", "pyproject.toml")
    package = Installation(tmp_path / "source", tmp_path / "target")
    (package.source / "my_chip").mkdir(parents=True)
    for name, (language, text) in zip(names, blocks, strict=True):
        assert name.endswith(language.replace("python", "py"))
        (package.source / name).write_text(text)
    package.install()
    network = (EXAMPLES / "small-layer" / "layer.mlir", "--accelerator", "tiny", "-p")
    process = package.run("spatem-opt", *network, "partition{strategy=minimum},spread")
    assert "vxb.place @conv tiles 0 to 2 crossbars 0 to 2 at [0, 0]" in process.stdout
    tiles = tmp_path / "tiles.mlir"
    package.run("spatem-opt", *network, "partition,spread,assign", "-o", tiles)
    assert package.results(tiles, "--check", "reference")["outputs_match"] is True
    process = package.run("spatem-opt", *network, "partition,spread{row=16}")
    assert process.returncode == 1
    assert process.stderr == (
        "spatem-opt: vxb.stage 0: tile 0 of @conv lies partly outside its crossbar\n"
    )
