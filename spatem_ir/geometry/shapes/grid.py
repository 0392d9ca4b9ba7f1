"""Partition grids: how a layer's matrices, windows and input bits are cut into MVM tiles.

A grid has the four degrees of SPATEM's Algorithm 1: `hwm` and `wwm` cut one copy of each matrix by
rows and columns, `iw` deals the windows to copies and `ib` deals the input bits to copies.  Tiles
are numbered copy-major, so that tiles whose partial sums merge are neighbours:
``(((matrix · iw + copy) · wwm + column) · hwm + row) · ib + bit``.

Neighbouring matrices of a layer with channel groups can be *joined*: so many of them are the blocks
on the diagonal of one matrix, which is one tile.  Its other blocks are zeros and are not stored:
the blocks stand one below the other in the same bitlines, and each is a matter of operations of
its own, for no operation activates wordlines of two blocks (R1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from spatem_ir.geometry.shapes.window import PADDING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

IndexT = TypeVar("IndexT", "int", "NDArray[np.int64]")
"""One index, or an array of them."""


class Deal(StrEnum):
    """How windows are dealt to the copies of a layer."""

    CYCLIC = "cyclic"
    """Window v goes to copy v mod iw: early rows finish first, the next layer starts early."""
    BLOCKS = "blocks"
    """Consecutive windows go to one copy."""


class TileCoordinates(NamedTuple, Generic[IndexT]):
    """Where tiles are in their grid; ints, or equally shaped arrays of them.

    `matrix` counts joined matrices as one.
    """

    matrix: IndexT
    copy: IndexT
    column: IndexT
    row: IndexT
    bit: IndexT


@dataclass(frozen=True)
class Grid:
    """A partition of one layer.

    `tile_rows` and `tile_columns` (in weights) and `tile_bits` are the extents of a full tile; the
    last tile along an axis may be smaller.  `joined` matrices are one; the last ones may be fewer.
    Then `tile_rows` and `tile_columns` are those of each block, a whole matrix of the layer.
    """

    hwm: int
    wwm: int
    iw: int
    ib: int
    tile_rows: int
    tile_columns: int
    deal: Deal = Deal.CYCLIC
    joined: int = 1

    @property
    def operand_rows(self) -> int:
        """Wordlines of a full tile: the activations that a visit to it receives."""
        return self.joined * self.tile_rows

    @property
    def results(self) -> int:
        """Values that a visit to a full tile contributes to: its columns in all its blocks."""
        return self.joined * self.tile_columns

    @property
    def tiles_per_copy(self) -> int:
        """The tiles of one copy of one matrix: hwm · wwm · ib."""
        return self.hwm * self.wwm * self.ib

    def matrices(self, layer: Layer) -> int:
        """The matrices of a layer, those that are joined counted as one."""
        return -(-layer.matrices // self.joined)

    def blocks(self, layer: Layer, matrix: IndexT) -> IndexT:
        """How many matrices of the layer are joined in one, or in each of an array of them."""
        return _extent(matrix, self.joined, layer.matrices)

    def tiles(self, layer: Layer) -> int:
        """Tiles of all copies of all matrices of a layer."""
        return self.matrices(layer) * self.iw * self.tiles_per_copy

    def tile_bits(self, layer: Layer) -> int:
        """The input bits that a full tile works on: ⌈activation bits / ib⌉."""
        return -(-layer.input_bits // self.ib)

    def windows_per_copy(self, layer: Layer) -> int:
        """Windows of the copy that has most."""
        return -(-layer.windows // self.iw)

    @property
    def window_step(self) -> int:
        """How far apart the windows of a copy are."""
        return self.iw if self.deal is Deal.CYCLIC else 1

    def coordinates(self, tile: IndexT) -> TileCoordinates[IndexT]:
        """Grid coordinates of a tile number, or of an array of them."""
        rest: Any = tile
        rest, bit = divmod(rest, self.ib)
        rest, row = divmod(rest, self.hwm)
        rest, column = divmod(rest, self.wwm)
        matrix, copy = divmod(rest, self.iw)
        return TileCoordinates(matrix, copy, column, row, bit)

    def number(self, at: TileCoordinates[IndexT]) -> IndexT:
        """The tile number of grid coordinates."""
        matrix, copy, column, row, bit = at
        return (((matrix * self.iw + copy) * self.wwm + column) * self.hwm + row) * self.ib + bit

    def slice_of(self, layer: Layer, matrix: IndexT, column: IndexT) -> IndexT:
        """The channel slice of the layer's output to which a column part contributes.

        Regions of a locally connected layer give the same channels at different positions.
        """
        return column if layer.region is not None else matrix * self.wwm + column  # type: ignore[return-value]

    def slices(self, layer: Layer) -> tuple[int, ...]:
        """The first channels of the slices of the layer's output."""
        firsts = range(1) if layer.region is not None else range(0, layer.groups, self.joined)
        parts = range(0, layer.columns, self.tile_columns)
        return tuple(first * layer.columns + part for first in firsts for part in parts)

    def row_range(self, layer: Layer, row: int) -> tuple[int, int]:
        """Matrix rows [first, last) of each block of the tiles in a row of the grid."""
        return _chunk(row, self.tile_rows, layer.rows)

    def column_range(self, layer: Layer, column: int) -> tuple[int, int]:
        """Matrix columns [first, last) of each block of the tiles in a column of the grid."""
        return _chunk(column, self.tile_columns, layer.columns)

    def extents(self, layer: Layer, at: TileCoordinates[IndexT]) -> tuple[IndexT, IndexT]:
        """Rows (wordlines, those of all blocks) and columns (in weights) of tiles."""
        rows = self.blocks(layer, at.matrix) * _extent(at.row, self.tile_rows, layer.rows)
        return rows, _extent(at.column, self.tile_columns, layer.columns)

    def operand_bytes(self, layer: Layer, at: TileCoordinates[IndexT]) -> IndexT:
        """Bytes of what a visit to a tile receives, packed."""
        bits = _extent(at.bit, self.tile_bits(layer), layer.input_bits)
        return operand_bytes(self.extents(layer, at)[0], bits)

    def visit_operations(
        self, layer: Layer, at: TileCoordinates[IndexT], accelerator: Accelerator
    ) -> IndexT:
        """Operation-unit operations of a visit to a tile (R1); OUs start at each block's corner."""
        rows = _extent(at.row, self.tile_rows, layer.rows)
        columns = _extent(at.column, self.tile_columns, layer.columns)
        bits = _extent(at.bit, self.tile_bits(layer), layer.input_bits)
        operations = ou_operations(accelerator, rows, columns, layer.weight_bits, bits)
        return self.blocks(layer, at.matrix) * operations

    def operand_elements(self, layer: Layer, matrix: int) -> NDArray[np.int64]:
        """Flat input elements of every window of a matrix, see :meth:`Layer.operand_elements`.

        Returns an array of shape [W, rows], block after block.
        """
        import numpy as np

        first = matrix * self.joined
        blocks = range(first, min(first + self.joined, layer.matrices))
        return np.concatenate([layer.operand_elements(block) for block in blocks], axis=1)

    def all_operand_elements(self, layer: Layer, windows: slice = slice(None)) -> NDArray[np.int64]:
        """Flat input elements of every window, or of some, of all matrices.

        Returns an array of shape [matrices, W, rows]; where fewer matrices are joined there is
        :data:`PADDING`, as for padded activations.
        """
        import numpy as np

        elements = layer.all_operand_elements(windows)
        missing = -len(elements) % self.joined
        if missing:
            none = np.full((missing, *elements.shape[1:]), PADDING)
            elements = np.concatenate([elements, none])
        _, count, rows = elements.shape
        blocks = elements.reshape(-1, self.joined, count, rows).swapaxes(1, 2)
        return blocks.reshape(-1, count, self.joined * rows)

    def positions_by_matrix(self, layer: Layer) -> NDArray[np.int64]:
        """Output position (raster order) of each window of each matrix: [matrices, W]."""
        return layer.positions_by_matrix()[: self.matrices(layer)]

    def operand_part(self, row: int) -> slice:
        """Which of the elements that a window reads the tiles in a row of the grid receive."""
        return slice(row * self.operand_rows, (row + 1) * self.operand_rows)

    def bit_range(self, layer: Layer, bit: int) -> tuple[int, int]:
        """Input bits [first, last) that the tiles of a bit part receive."""
        return _chunk(bit, self.tile_bits(layer), layer.input_bits)

    def copy_windows(self, layer: Layer, copy: int) -> range:
        """Windows dealt to a copy, in ascending order."""
        if self.deal is Deal.CYCLIC:
            return range(copy, layer.windows, self.iw)
        return range(*_chunk(copy, self.windows_per_copy(layer), layer.windows))

    def window_counts(self, layer: Layer) -> NDArray[np.int64]:
        """The number of windows dealt to each copy: shape [iw]."""
        import numpy as np

        copies = np.arange(self.iw)
        if self.deal is Deal.CYCLIC:
            return -(-(layer.windows - copies) // self.iw)
        most = self.windows_per_copy(layer)
        return (layer.windows - copies * most).clip(0, most)

    def dealt_window(
        self, layer: Layer, copy: NDArray[np.int64], turn: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The window with number `turn` among those dealt to a copy, for arrays of both."""
        if self.deal is Deal.CYCLIC:
            return copy + turn * self.iw
        return copy * self.windows_per_copy(layer) + turn

    def copy_of_window(self, layer: Layer, window: NDArray[np.int64]) -> NDArray[np.int64]:
        """The copy to which each window is dealt."""
        if self.deal is Deal.CYCLIC:
            return window % self.iw
        return window // self.windows_per_copy(layer)

    def problem(self, layer: Layer, accelerator: Accelerator | None) -> str | None:
        """Why this is no partition of `layer` (for `accelerator`, if given); None if it is one."""
        if self.joined > 1:
            problem = self._joined_problem(layer)
            if problem is not None:
                return problem
        for degree, count, size, extent in (
            ("hwm", self.hwm, self.tile_rows, layer.rows),
            ("wwm", self.wwm, self.tile_columns, layer.columns),
            ("iw", self.iw, self.windows_per_copy(layer), layer.windows),
            ("ib", self.ib, self.tile_bits(layer), layer.input_bits),
        ):
            cyclic = degree == "iw" and self.deal is Deal.CYCLIC
            if cyclic and count <= extent:
                continue
            if -(-extent // size) != count:
                return f"{degree} = {count} parts of {size} do not cut {extent} without empty parts"
        if accelerator is None:
            return None
        return self._machine_problem(layer, accelerator)

    def _joined_problem(self, layer: Layer) -> str | None:
        """Why matrices of a layer cannot be joined as this grid does; None if they can."""
        if layer.region is not None:
            return "matrices of regions cannot be joined: their windows are at different positions"
        if self.joined > layer.matrices:
            return f"a tile of {self.joined} matrices is larger than the layer, of {layer.matrices}"
        if (self.tile_rows, self.tile_columns) != (layer.rows, layer.columns):
            return (
                f"a tile of several matrices holds whole ones, of {layer.rows}x{layer.columns}, "
                f"not {self.joined} of {self.tile_rows}x{self.tile_columns}"
            )
        return None

    def _machine_problem(self, layer: Layer, accelerator: Accelerator) -> str | None:
        """Why a tile cannot be executed by a crossbar; None if it can."""
        crossbar = accelerator.crossbar
        cells = self.tile_columns * accelerator.cells_per_weight(layer.weight_bits)
        if self.operand_rows > crossbar.wordlines or cells > crossbar.bitlines:
            return (
                f"a tile of {self.operand_rows} x {cells} cells exceeds a crossbar of "
                f"{crossbar.wordlines} x {crossbar.bitlines}"
            )
        operand = operand_bytes(self.operand_rows, self.tile_bits(layer))
        share = accelerator.components.compute_unit.operand_bytes
        if operand > share:
            return (
                f"a tile's operand of {operand} bytes exceeds a crossbar's input register share of "
                f"{share} bytes"
            )
        return None


def operand_bytes(rows: IndexT, bits: IndexT) -> IndexT:
    """Bytes of an operand of `rows` activations of which `bits` bits are sent, packed."""
    return -(-rows * bits // 8)


def ou_operations(
    accelerator: Accelerator, rows: IndexT, columns: IndexT, weight_bits: int, bits: IndexT
) -> IndexT:
    """Operation-unit operations of one visit to a block of a tile (rule R1).

    `rows` × `columns` weights of `weight_bits` bits, `bits` input bits; OUs are anchored at the
    block's corner.
    """
    ou = accelerator.ou
    cells = columns * accelerator.cells_per_weight(weight_bits)
    return -(-rows // ou.wordlines) * -(-cells // ou.bitlines) * -(-bits // ou.dac_bits)


def _chunk(index: int, size: int, extent: int) -> tuple[int, int]:
    """The part [first, last) with number `index` of `extent` cut into parts of `size`."""
    return index * size, min((index + 1) * size, extent)


def _extent(index: IndexT, size: int, extent: int) -> IndexT:
    """How large parts of `extent` cut into parts of `size` are, by number."""
    left: Any = extent - index * size
    part: Any = min(left, size) if isinstance(left, int) else left.clip(max=size)
    return part
