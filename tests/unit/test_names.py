"""A class has a name of its own: one name, one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_two_classes_have_the_same_name() -> None:
    files = defaultdict[str, set[Path]](set)
    for folder in ("spatem_ir", "dialects", "passes"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    files[node.name].add(file.resolve())
    assert {name: several for name, several in files.items() if len(several) > 1} == {}
    assert len(files) > 300
