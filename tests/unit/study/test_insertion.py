from __future__ import annotations

from pathlib import Path

import pytest

from spatem_ir.study.insertion import inserted, insertion_point
from spatem_ir.support.errors import SpatemError

TEXT = "# Title\n\n<!-- study -->\n\nold\n\n<!-- end of study -->\n\nThe end.\n"


def test_tables_are_replaced(tmp_path: Path) -> None:
    document = tmp_path / "study.md"
    document.write_text(TEXT, encoding="utf-8")
    new = inserted(document, "## New\n\n| × |\n")
    assert new.decode() == TEXT.replace("old\n", "## New\n\n| × |\n")
    document.write_bytes(new)
    assert inserted(document, "old\n").decode() == TEXT


@pytest.mark.parametrize(
    "text", ["", "<!-- study -->\n", "<!-- end of study -->\n<!-- study -->\n"]
)
def test_no_place(text: str, tmp_path: Path) -> None:
    document = tmp_path / "study.md"
    document.write_text(text, encoding="utf-8")
    with pytest.raises(SpatemError, match=r"study.md: the tables need a place: a line <!-- study"):
        insertion_point(document)


def test_no_document(tmp_path: Path) -> None:
    with pytest.raises(SpatemError, match=r"none.md: cannot be read as Markdown"):
        insertion_point(tmp_path / "none.md")
