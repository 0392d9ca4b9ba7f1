"""How finely runs of Algorithm 1 may cut layers [R].

The additive model of Algorithm 1 does not see that low row parts fill the machine with partial sums
and operand fetches that other layers wait for, nor that narrow tiles find a place beside those of
other layers, but send many small packets.  So there are runs that know only some of the cuts.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.geometry.estimate.candidates import LayerCandidates

if TYPE_CHECKING:
    from spatem_ir.hardware.accelerator import Accelerator


class CutLimit(NamedTuple):
    """How finely a run of Algorithm 1 may cut.

    Row parts have at least a crossbar's wordlines / `height` cells, column parts at most its
    bitlines / `width`, or are as narrow as possible, and at least its bitlines / `finest`, or are
    as wide as possible; `whole_bits` keeps input bits in one part, and no more row parts than a PE
    has crossbars, so that partial sums need not leave it.
    """

    height: int
    width: int
    finest: int
    whole_bits: bool


HEIGHTS = ((1, True), (2, True), (4, True), (16, False))
"""Row parts as high as a crossbar, its half, its quarter, or (a crossbar of 128 wordlines) an OU;
only the last adds so many partial sums that parts of the input bits are worth trying, too."""

WIDTHS = (1, 4)
"""Tiles as wide as crossbars, or so narrow that tiles of several layers stand side by side."""

HEIGHTS_OF_MANY = HEIGHTS[1:3]
"""Of many layers: full crossbars serve few windows at once, and OUs send many partial sums."""

FINEST_OF_MANY = (2, 4)
"""Column parts of many layers have at least a crossbar's bitlines / so many cells: results of
narrow ones are many small packets, which all layers send through the same network."""


def highest_parts(accelerator: Accelerator) -> CutLimit:
    """Row parts as high as a crossbar, and all column parts."""
    return CutLimit(1, 1, accelerator.crossbar.bitlines, whole_bits=True)


def limits_of_few_layers(accelerator: Accelerator) -> list[CutLimit]:
    """All heights and widths; column parts may be as narrow as a cell."""
    finest = accelerator.crossbar.bitlines
    return [CutLimit(h, width, finest, whole) for (h, whole), width in product(HEIGHTS, WIDTHS)]


def limits_of_many_layers() -> list[CutLimit]:
    """Moderate heights, and column parts that are wide enough to be worth their packets."""
    return [CutLimit(h, 1, n, whole) for (h, whole), n in product(HEIGHTS_OF_MANY, FINEST_OF_MANY)]


def limit_cuts(
    candidates: LayerCandidates, accelerator: Accelerator, limit: CutLimit
) -> LayerCandidates:
    """The cuts of a layer within a limit, at least the coarsest row and finest column parts."""
    least = accelerator.crossbar.wordlines // limit.height
    ou = accelerator.ou.wordlines
    most_rows = accelerator.crossbars_per_pe if limit.whole_bits else candidates.layer.rows
    rows = sum(
        -(-cut.extent // ou) * ou >= least and cut.degree <= most_rows for cut in candidates.rows
    )
    cells = accelerator.cells_per_weight(candidates.layer.weight_bits)
    bitlines = accelerator.crossbar.bitlines
    wide = sum(cut.extent * cells > bitlines // limit.width for cut in candidates.columns)
    enough = sum(cut.extent * cells >= bitlines // limit.finest for cut in candidates.columns)
    coarsest = min(wide, len(candidates.columns) - 1)
    return LayerCandidates(
        candidates.layer,
        candidates.rows[: max(rows, 1)],
        candidates.columns[coarsest : max(enough, coarsest + 1)],
        candidates.windows,
        candidates.bits[:1] if limit.whole_bits else candidates.bits,
    )
