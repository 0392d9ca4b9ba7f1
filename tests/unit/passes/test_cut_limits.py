"""How finely runs of Algorithm 1 may cut a layer."""

from __future__ import annotations

import pytest

from spatem_ir.geometry.estimate.candidates import layer_candidates
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition.cut_limits import (
    CutLimit,
    limit_cuts,
    limits_of_few_layers,
    limits_of_many_layers,
)

ISAAC = load_accelerator("isaac-ou")
"""Crossbars of 128 x 128 cells; an 8-bit weight takes four, an OU is two of them wide."""

CELLS = 4
WIDE = layer_candidates(Layer("wide", (256, 8, 8), 96, Window((3, 3)), weight_bits=8), ISAAC)
NARROW = layer_candidates(Layer("narrow", (3, 8, 8), 6, Window((3, 3)), weight_bits=8), ISAAC)


def widths(limit: CutLimit) -> list[int]:
    """The bitlines of column parts of the wide layer within a limit."""
    return [cut.extent * CELLS for cut in limit_cuts(WIDE, ISAAC, limit).columns]


def test_column_parts_are_neither_wider_nor_narrower_than_the_limit() -> None:
    everything = widths(CutLimit(1, 1, 128, whole_bits=True))
    assert (max(everything), min(everything)) == (128, 8)
    assert widths(CutLimit(1, 1, 4, whole_bits=True)) == [n for n in everything if n >= 32]
    assert widths(CutLimit(1, 4, 128, whole_bits=True)) == [n for n in everything if n <= 32]
    assert widths(CutLimit(1, 4, 8, whole_bits=True)) == [n for n in everything if 16 <= n <= 32]


@pytest.mark.parametrize("finest", [1, 2, 128])
def test_a_layer_narrower_than_the_limit_has_one_column_part(finest: int) -> None:
    """24 bitlines are all that the layer has; finer parts only where they are allowed."""
    limited = limit_cuts(NARROW, ISAAC, CutLimit(1, 1, finest, whole_bits=True))
    assert limited.columns[0] == NARROW.columns[0]
    assert (len(limited.columns) > 1) == (finest == 128)


def test_row_parts_are_at_least_as_high_as_the_limit() -> None:
    """A row part counts as high as the OUs that it fills, 9 wordlines each."""
    for limit in (*limits_of_few_layers(ISAAC), *limits_of_many_layers()):
        limited = limit_cuts(WIDE, ISAAC, limit)
        assert limited.rows[0] == WIDE.rows[0]
        assert all(-(-cut.extent // 9) * 9 >= 128 // limit.height for cut in limited.rows[1:])
        assert limited.windows == WIDE.windows
        assert limited.bits == (WIDE.bits[:1] if limit.whole_bits else WIDE.bits)


def test_limits_of_many_layers_are_fewer_and_coarser() -> None:
    few, many = limits_of_few_layers(ISAAC), limits_of_many_layers()
    assert len(many) < len(few)
    assert all(limit.finest <= 4 and limit.whole_bits for limit in many)
    assert all(min(widths(limit)) == 128 // limit.finest for limit in many)
