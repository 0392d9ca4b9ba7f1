from __future__ import annotations

from spatem_ir.study.markdown import count, number, percent, reduction, table, times


def test_numbers() -> None:
    assert (count(1234567), number(1234.567, 1), percent(0.29241), times(3.186)) == (
        "1,234,567",
        "1,234.6",
        "29.24 %",
        "3.19 ×",
    )
    assert [reduction(0.25), reduction(-0.25)] == ["25.00 % lower", "25.00 % higher"]


def test_no_numbers() -> None:
    assert {count(None), number(None), percent(None), times(None)} == {"–"}


def test_table() -> None:
    assert table(("a", "b", "c"), [("x", "y", "1")], texts=2) == (
        "| a | b | c |\n| :-- | :-- | --: |\n| x | y | 1 |"
    )
