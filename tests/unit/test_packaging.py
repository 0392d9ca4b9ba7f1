"""The package list of pyproject.toml, which setuptools wants by hand, is complete."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_package_is_listed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".").removeprefix("spatem_ir.")
        for part in ("spatem_ir", "dialects", "passes")
        for path in (ROOT / part).rglob("__init__.py")
    }
    assert sorted(name.removeprefix("spatem_ir.") for name in listed) == sorted(found)
