"""Nothing outside a component's own files reads its parameters or speaks of what only it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OWN = {
    "mesh": ("spatem_ir/hardware/interconnect", "spatem_ir/hardware/parameters.py"),
    "parameters": ("spatem_ir/hardware",),
}
"""Where things may be read: files, or folders with all that is in them."""

READS = {
    "mesh": re.compile(
        r"[.\"]pe_(rows|columns)|hop_cycles|(link|local)_bytes_per_cycle|\.noc\.|MeshParameters|\bXY\b|"
        r"\b(EAST|WEST|NORTH|SOUTH)\b|4 \* pes"
    ),
    "parameters": re.compile(
        r"(accelerator|machine|description|isaac)\.(cu|pe|io|chip|noc|memory|accumulation)\b"
        r"|\w\.(adders_per_cycle|input_register_bytes|compute_units)\b|"
        r"\.ou\.(cycles|pipeline_cycles)\b|isinstance\([^)]*"
        r"\b(Mesh|Bus|FreeComputeUnits|HomeAccumulation|Buffers)\b"
    ),
}
"""What only a mesh has; the parameters of components, and questions after their kind."""

FILES = [
    file
    for folder in ("spatem_ir", "passes", "dialects", "examples")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if "build" not in file.parts
]


def reads(file: Path, what: str) -> list[str]:
    """The lines of a file that read what they should ask a component for."""
    place = file.relative_to(ROOT)
    if any(place.is_relative_to(own) for own in OWN[what]):
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if READS[what].search(line)]


@pytest.mark.parametrize("what", READS)
def test_only_its_own_files_do(what: str) -> None:
    found = {str(file.relative_to(ROOT)): reads(file, what) for file in FILES}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("mesh", "columns = accelerator.chip.pe_columns"),
        ("parameters", "per_cu = accelerator.cu.crossbars"),
        ("parameters", "cycles = -(-values // self.accelerator.pe.adders_per_cycle)"),
        ("parameters", "time = operations * accelerator.ou.cycles"),
        ("parameters", "size = self.deployed.accelerator.pe.buffer_bytes"),
        ("parameters", "if isinstance(components.memory, Buffers):"),
    ],
)
def test_a_line_that_does_is_found(what: str, line: str) -> None:
    assert READS[what].search(line)


def test_its_own_files_do_read_it() -> None:
    own = (ROOT / OWN["mesh"][0] / "mesh.py", ROOT / "spatem_ir/hardware/accumulation/home.py")
    for what, file in zip(READS, own, strict=True):
        assert READS[what].search(file.read_text(encoding="utf-8"))
