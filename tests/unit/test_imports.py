"""Imports go only downwards, as docs/architecture.md says, and there is no circle of files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import networkx
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "spatem_ir"

Arrows = Mapping[str, frozenset[str]]
"""The modules that each module imports."""


def rooms_of(page: str) -> dict[str, int]:
    """The rooms that a page lists, from the highest to the lowest, by name without the package."""
    (listed,) = re.findall(r"```rooms\n(.*?)```", page, re.DOTALL)
    names = [re.split(r" {2,}", line)[0].split(" | ") for line in listed.splitlines()]
    return {room: -height for height, side_by_side in enumerate(names) for room in side_by_side}


ROOMS = rooms_of((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))


def module_name(file: Path) -> str:
    """The module that a file of the repository holds."""
    parts = list(file.relative_to(ROOT).with_suffix("").parts)
    if parts[0] != PACKAGE:
        parts.insert(0, PACKAGE)
    return ".".join(parts).removesuffix(".__init__")


def source_files() -> Iterator[Path]:
    """The files of the package, those behind symbolic links once."""
    for folder in (PACKAGE, "dialects", "passes"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if not any((ROOT / folder / part).is_symlink() for part in file.parts[-2:-1]):
                yield file


def imported(tree: ast.AST, modules: set[str]) -> Iterator[str]:
    """The modules that a file imports, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in modules:
                    yield full
                elif node.module in modules:
                    yield node.module


def read_arrows() -> Arrows:
    """Every import of every file."""
    files = {module_name(file): file for file in source_files()}
    return {
        name: frozenset(imported(ast.parse(file.read_text(encoding="utf-8")), set(files))) - {name}
        for name, file in files.items()
    }


ARROWS = read_arrows()


def room_of(module: str) -> str:
    """The room of a module; that of the package itself is `spatem_ir`."""
    inside = module.removeprefix(PACKAGE).removeprefix(".")
    parts = inside.split(".")
    for length in (2, 1):
        if ".".join(parts[:length]) in ROOMS:
            return ".".join(parts[:length])
    return PACKAGE if not inside else ""


def wrong_arrows(arrows: Arrows) -> list[str]:
    """Arrows that do not go downwards."""
    return [
        f"{source} imports {target}"
        for source, targets in arrows.items()
        for target in sorted(targets)
        if (above := room_of(source)) != (below := room_of(target)) and ROOMS[above] <= ROOMS[below]
    ]


def circles(arrows: Arrows) -> list[list[str]]:
    """Files that import each other in a circle."""
    graph = networkx.DiGraph([(a, b) for a, several in arrows.items() for b in several])
    return [
        sorted(several)
        for several in networkx.strongly_connected_components(graph)
        if len(several) > 1
    ]


def test_every_file_is_in_a_room() -> None:
    homeless = [name for name, targets in ARROWS.items() if targets and not room_of(name)]
    assert homeless == []
    assert set(ROOMS) <= {room_of(name) for name in ARROWS}


def test_imports_go_downwards() -> None:
    assert wrong_arrows(ARROWS) == []


def test_no_circle() -> None:
    assert circles(ARROWS) == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("study.evaluation", "driver.compile"),
        ("passes.order", "geometry.scheduling.sequencing"),
        ("geometry.estimate.latency", "geometry.shapes.grid"),
    ],
)
def test_an_arrow_that_is_reversed_is_found(source: str, target: str) -> None:
    source, target = f"{PACKAGE}.{source}", f"{PACKAGE}.{target}"
    assert target in ARROWS[source]
    reversed_arrow = {**ARROWS, target: ARROWS[target] | {source}}
    assert wrong_arrows(reversed_arrow) == [f"{target} imports {source}"]
    assert any({source, target} <= set(circle) for circle in circles(reversed_arrow))


def test_rooms_side_by_side_do_not_know_each_other() -> None:
    arrow = {f"{PACKAGE}.passes.order": frozenset({f"{PACKAGE}.runtime.interpreter"})}
    assert wrong_arrows(arrow) == [f"{PACKAGE}.passes.order imports {PACKAGE}.runtime.interpreter"]
