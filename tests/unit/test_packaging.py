"""The package list of pyproject.toml is complete, and a wheel has all that users need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_package_is_listed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".").removeprefix("spatem_ir.")
        for part in ("spatem_ir", "dialects", "passes")
        for path in (ROOT / part).rglob("__init__.py")
    }
    found.add("examples")  # files, no code of the package
    assert sorted(name.removeprefix("spatem_ir.") for name in listed) == sorted(found)


PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
OFFLINE = ("--no-index", "--no-deps", "--no-build-isolation")


def test_a_wheel_runs_without_the_repository(tmp_path: Path) -> None:
    """tests/packaging does this in clean environments, with every extra: python -m tests.packaging.

    Here the wheel's files are used with the packages of this environment.
    """
    source, empty, target = (tmp_path / name for name in ("source", "empty", "target"))
    for part in ("spatem_ir", "dialects", "passes", "examples"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, source / part, symlinks=True, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / file, source)
    subprocess.run([*PIP, "wheel", *OFFLINE, "-w", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("hardware/presets", "models", "study/li"):
        files = [file.name for file in (ROOT / "spatem_ir" / folder).iterdir() if file.is_file()]
        assert {f"spatem_ir/{folder}/{name}" for name in files} <= set(names)
    listed = ["git", "ls-files", "examples"]
    examples = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert {f"spatem_ir/{name}" for name in examples.split()} <= set(names)
    subprocess.run([*PIP, "install", *OFFLINE, "--target", target, wheel], check=True)
    empty.mkdir()
    report = run_installed(target, empty, "run", *RUN)
    assert report.startswith("lenet-digits on isaac-ou, strategy minimum\n")
    run_installed(target, empty, "run", "--copy-examples", "examples")
    assert (empty / "examples" / "explore" / "quick.toml").is_file()
    layer = empty / "examples" / "small-layer" / "layer.mlir"
    assert "ou.stage" in run_installed(target, empty, "opt", layer, "--accelerator=tiny", PIPELINE)


RUN = ("lenet-digits", "--strategy", "minimum", "--engine", "reference")
PIPELINE = "--pass-pipeline=partition{strategy=minimum},pack,assign,order"


def run_installed(target: Path, folder: Path, tool: str, *arguments: str | Path) -> str:
    """What a tool of an installation prints that runs in a folder."""
    code = f"import sys, spatem_ir.cli.{tool} as tool; print(tool.__file__, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; sys.exit(tool.main())", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(str(target))
    return done.stdout
