"""A folder for each test that runs a command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unit.cli import opt_commands
from unit.cli.commands import IMAGES, NETWORK, TWO_INPUTS

import spatem_ir as sp
from spatem_ir.cli import progress


@pytest.fixture(scope="session", autouse=True)
def compiled_engine() -> None:
    """The fast engine is compiled before a test expects that nothing is said of it."""
    sp.compile("lenet", "isaac-ou").simulate(engine="fast", critical_path=True)


@pytest.fixture
def networks_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with networks and input images in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", float("inf"))
    Path("net.mlir").write_text(NETWORK, encoding="utf-8")
    Path("two.mlir").write_text(TWO_INPUTS, encoding="utf-8")
    np.save("images.npy", IMAGES)
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a network of one layer in it: `net.mlir`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.mlir").write_text(opt_commands.NETWORK, encoding="utf-8")
    return tmp_path
