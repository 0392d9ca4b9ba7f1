"""Compiled functions on disk: found again, compiled again where the disk has damaged them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """
from spatem_ir.support.compiled import kept

def double(number):
    return 2 * number

double = kept(double, error_model="numpy")
"""

CALL = """
from module import double
assert double(21) == 42
print(sum(double.stats.cache_hits.values()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the module, compiled."""
    (tmp_path / "module.py").write_text(MODULE)
    assert found(tmp_path) == 0
    assert found(tmp_path) == 1
    return tmp_path


def found(folder: Path) -> int:
    """How often a process finds the function on disk."""
    done = subprocess.run(
        [sys.executable, "-c", CALL],
        cwd=folder,
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return int(done.stdout)


def test_damaged_files_are_noticed_and_made_again(folder: Path) -> None:
    for ending in ("nbi", "nbc"):
        (file,) = (folder / "cache").rglob(f"*.{ending}")
        content = file.read_bytes()
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        for damaged in (content[:-1], flipped):
            file.write_bytes(damaged)
            assert found(folder) == 0, (ending, len(damaged))
            assert found(folder) == 1


def test_a_folder_that_cannot_be_written_stops_nothing(folder: Path) -> None:
    for file in (folder / "cache").rglob("*.nb?"):
        file.unlink()
    index = next((folder / "cache").iterdir())
    index.rmdir()
    index.touch()
    assert found(folder) == 0
