"""The notebook of the Python interface: executed again, it prints what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[3] / "examples" / "python-interface.ipynb"


def shown(cell: Any) -> list[str]:
    """What a cell shows, as text or HTML."""
    texts = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        texts += [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
    return [text for text in texts if text]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_cell_shows_the_same_again(tmp_path: Path) -> None:
    saved = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    again = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbclient.NotebookClient(
        again,
        timeout=600,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    for before, after in zip(saved.cells, again.cells, strict=True):
        assert shown(after) == shown(before), before.source
    assert sum(bool(shown(cell)) for cell in saved.cells) >= 8
