"""Candidate partition degrees: only those that shorten the largest tile's work.

Raising a degree helps only when it lowers the number of OU rows, OU columns, windows or input bits
of the largest part (algorithm sketch: T in Algorithm 1 of SPATEM), so each axis has few candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.shapes.grid import Deal, Grid, operand_bytes
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


class Cut(NamedTuple):
    """One way to cut an axis: the number of parts (the degree) and the extent of a full part."""

    degree: int
    extent: int


@dataclass(frozen=True)
class LayerCandidates:
    """All candidate cuts of a layer along its four axes, in ascending degree.

    The first cut of each axis is the minimum mapping.  With `joined` matrices in a tile, rows and
    columns are those of each of them, and are not cut.
    """

    layer: Layer
    rows: tuple[Cut, ...]
    columns: tuple[Cut, ...]
    windows: tuple[Cut, ...]
    bits: tuple[Cut, ...]
    joined: int = 1

    @property
    def axes(self) -> tuple[tuple[Cut, ...], ...]:
        """The cuts by axis, in the order hwm, wwm, iw, ib."""
        return self.rows, self.columns, self.windows, self.bits

    @cached_property
    def parts(self) -> NDArray[np.int64]:
        """Tiles of every combination of cuts: shape [rows, columns, windows, bits]."""
        degrees = [np.array([cut.degree for cut in axis], np.int64) for axis in self.axes]
        h, w, i, b = np.ix_(*degrees)
        return -(-self.layer.matrices // self.joined) * h * w * i * b

    @cached_property
    def choices(self) -> NDArray[np.int64]:
        """The numbers of the cuts of every combination: shape [combinations, axes]."""
        return np.indices([len(axis) for axis in self.axes]).reshape(4, -1).T

    @cached_property
    def cuts(self) -> NDArray[np.int64]:
        """The cuts of every combination: shape [degree and extent, axes, combinations]."""
        axes = zip(self.axes, self.choices.T, strict=True)
        return np.stack([np.array(axis)[chosen] for axis, chosen in axes]).transpose(2, 0, 1)

    def cuts_of(self, grid: Grid) -> tuple[int, ...] | None:
        """The cuts that make a grid, by their numbers; None if none do."""
        degrees = grid.hwm, grid.wwm, grid.iw, grid.ib
        found = [
            next((number for number, cut in enumerate(axis) if cut.degree == degree), None)
            for axis, degree in zip(self.axes, degrees, strict=True)
        ]
        cuts = tuple(number for number in found if number is not None)
        made = len(cuts) == len(found) and self.grid(cuts, grid.deal) == grid
        return cuts if made else None

    def grid(self, choice: tuple[int, ...], deal: Deal = Deal.CYCLIC) -> Grid:
        """The grid of one combination of cuts, given by their numbers."""
        row, column, window, bit = (axis[k] for axis, k in zip(self.axes, choice, strict=True))
        degrees = row.degree, column.degree, window.degree, bit.degree
        return Grid(*degrees, row.extent, column.extent, deal, self.joined)


def layer_candidates(
    layer: Layer, accelerator: Accelerator, *, narrow: bool = False
) -> LayerCandidates:
    """The candidate cuts of a layer on an accelerator.

    Column parts are whole OUs wide, as narrower ones take as many operations; if they may be
    `narrow`, they have any width: fewer values have to be added then for each.

    Raises:
        SpatemError: a single weight or activation exceeds a crossbar or its input register.
    """
    crossbar, ou = accelerator.crossbar, accelerator.ou
    cells = accelerator.cells_per_weight(layer.weight_bits)
    bit_cuts = part_cuts(layer.input_bits, unit=ou.dac_bits)
    units = accelerator.components.compute_unit
    share = units.operand_bytes
    most_rows = min(crossbar.wordlines, share * 8 // layer.input_bits)
    most_columns = crossbar.bitlines // cells
    if most_rows == 0 or most_columns == 0:
        raise SpatemError(
            f"layer @{layer.name}: one weight of {cells} cells or one activation of "
            f"{layer.input_bits} bits exceeds a crossbar of '{accelerator.name}' or its input "
            f"register; use fewer bits or enlarge crossbar.bitlines or {units.operand_key}"
        )
    assert operand_bytes(most_rows, layer.input_bits) <= share
    return LayerCandidates(
        layer,
        rows=part_cuts(layer.rows, unit=ou.wordlines, limit=most_rows),
        columns=part_cuts(layer.columns, limit=most_columns)
        if narrow
        else part_cuts(layer.columns, unit=ou.bitlines, scale=cells, limit=most_columns),
        windows=part_cuts(layer.windows),
        bits=bit_cuts,
    )


def joined_candidates(layer: Layer, accelerator: Accelerator) -> tuple[LayerCandidates, ...]:
    """Candidates with several matrices of a grouped layer in a tile, most matrices first.

    A tile holds as many as a crossbar has wordlines for and an input register share has bytes for,
    or fewer, each number with fewer in the largest tile than the last.  There are none if no two
    fit, and for layers without groups.
    """
    crossbar, share = accelerator.crossbar, accelerator.components.compute_unit.operand_bytes
    cells = layer.columns * accelerator.cells_per_weight(layer.weight_bits)
    most = min(crossbar.wordlines, share * 8 // layer.input_bits) // layer.rows
    if most < 2 or cells > crossbar.bitlines:
        return ()
    single = layer_candidates(layer, accelerator)
    whole = replace(single, rows=(Cut(1, layer.rows),), columns=(Cut(1, layer.columns),))
    numbers = [cut.extent for cut in part_cuts(layer.groups, limit=most)]
    return tuple(replace(whole, joined=number) for number in numbers if number > 1)


def part_cuts(
    extent: int, *, unit: int = 1, scale: int = 1, limit: int | None = None
) -> tuple[Cut, ...]:
    """Cuts of `extent` into parts of at most `limit`, each with fewer units per part than the last.

    An element takes `scale` cells and a unit is `unit` cells wide.  Of the sizes that give the same
    number of parts, the one with the fewest units is taken.  Parts are then made equally large, as
    far as possible: tiles of one shape stay neighbours when they are packed, so that their partial
    sums merge on the way.
    """
    most = min(extent, limit or extent)
    units = np.arange(-(-most * scale // unit), 0, -1)
    extents = np.minimum(units * unit // scale, most)
    extents = extents[extents > 0]
    degrees = -(-extent // extents)
    last_of_degree = np.append(degrees[1:] != degrees[:-1], True)
    return tuple(Cut(degree, -(-extent // degree)) for degree in degrees[last_of_degree].tolist())
