"""Design spaces that take no time: a dense layer on the smallest machine."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from spatem_ir.study.explore.exploration import Explored, Tally, explore
from spatem_ir.study.explore.space_file import load_space
from spatem_ir.study.explore.store import ResultStore
from spatem_ir.study.explore.workers import OwnProcess, Workers

NETWORK = """\
cnn.network @net(%x: tensor<12xui8>) {
  %fc = cnn.dense @fc %x weights #cnn.seeded<1, tensor<5x12xsi4>> scale 0.01
    : tensor<12xui8> -> tensor<5xsi8>
  cnn.output %fc : tensor<5xsi8>
}
"""

AXES = """\
[axes]
network = "net.mlir"
accelerator = "tiny"
"""

GRID = AXES + 'strategy = ["spatem", "minimum"]\nou.wordlines = [2, 4, 32]\n'
"""Six points, two of which contradict themselves."""


def written(folder: Path, text: str) -> Path:
    """A space in a folder, beside its network."""
    (folder / "net.mlir").write_text(NETWORK, encoding="utf-8")
    file = folder / "space.toml"
    file.write_text(text, encoding="utf-8")
    return file


def explored(file: Path, workers: Workers | None = None) -> tuple[Explored, Tally]:
    """A space that is explored in this process, or by workers; findings are kept beside it."""
    progress = Tally()
    with workers or OwnProcess() as own, ResultStore(file.with_suffix(".sqlite")) as store:
        return explore(load_space(file), store, own, progress), progress


def names_of(points: Explored) -> Collection[str]:
    """The keys of what was evaluated."""
    return [point.finding.key for point in points.points if point.finding.key]
