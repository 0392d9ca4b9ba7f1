"""Nothing outside the mesh's file and the description of the chip speaks of a mesh."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
OWN_FILES = ("spatem_ir/hardware/interconnect/mesh.py", "spatem_ir/hardware/parameters.py")
SOURCES = [
    file
    for folder in ("spatem_ir", "passes", "dialects", "examples")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if "build" not in file.parts and str(file.relative_to(ROOT)) not in OWN_FILES
]

MESH = re.compile(
    r"[.\"]pe_(rows|columns)|hop_cycles|link_bytes_per_cycle|\.noc\.|MeshParameters|\bXY\b|"
    r"\b(EAST|WEST|NORTH|SOUTH)\b|4 \* pes"
)
"""What only a mesh has."""

KIND = re.compile(r"isinstance\([^)]*\b(Mesh|FreeComputeUnits|HomeAccumulation|Buffers)\b")
"""Questions after the kind of a component."""


def test_the_mesh_itself_does() -> None:
    assert MESH.search((ROOT / OWN_FILES[0]).read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_else_does(file: Path) -> None:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        assert not MESH.search(line), f"line {number}: {line.strip()}"
        assert not KIND.search(line), f"line {number}: {line.strip()}"
