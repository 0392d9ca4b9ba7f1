"""The order of visits of a crossbar, visit by visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import Data
from xdsl.irdl import (
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    prop_def,
    traits_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer

from spatem_ir.dialects.hw import Indices, IndicesAttr
from spatem_ir.dialects.traits import HasParentNamed
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_TILES = 2**16
"""So many tiles of a crossbar can be told apart."""


@irdl_attr_definition
class VisitsAttr(Data[bytes]):
    """The tile of each visit, as text: `"0 2x3 1"` is tile 0, three times tile 2, tile 1.

    The data are the tiles' numbers, two bytes each, the lower one first.
    """

    name = "ou.visits"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> bytes:
        import numpy as np

        start = parser.pos
        with parser.in_angle_brackets():
            text = parser.parse_str_literal()
        try:
            runs = [token.partition("x") for token in text.split()]
            tiles = np.array([int(tile) for tile, _, _ in runs], np.int64)
            counts = np.array([int(count or 1) for _, _, count in runs], np.int64)
        except ValueError:
            parser.raise_error('expected tiles, as in "0 2x3 1"', start, parser.pos)
        if len(tiles) == 0 or tiles.min() < 0 or tiles.max() >= MOST_TILES or counts.min() < 1:
            parser.raise_error("expected tiles that can be there, once or more", start, parser.pos)
        return tiles.repeat(counts).astype("<u2").tobytes()

    def print_parameter(self, printer: Printer) -> None:
        import numpy as np

        tiles = np.frombuffer(self.data, "<u2")
        first = np.flatnonzero(np.append(True, np.diff(tiles) != 0))
        counts = np.diff(np.append(first, len(tiles))).tolist()
        runs = zip(tiles[first].tolist(), counts, strict=True)
        text = " ".join(str(tile) if n == 1 else f"{tile}x{n}" for tile, n in runs)
        with printer.in_angle_brackets():
            printer.print_string_literal(text)


@irdl_op_definition
class OrderOp(IRDLOperation):
    """The order in which crossbars visit their tiles: `ou.order crossbars 4 to 6 by <"0 2x3 1">`.

    The tiles on a crossbar are counted in the order of their layers, those of a layer from those
    with fewest windows, then from the lowest number.  The windows of a tile are visited in
    ascending order.  Crossbars of one op hold tiles of the same layers, with equally many windows.
    """

    name = "ou.order"

    crossbars = prop_def(IndicesAttr)
    visits = prop_def(VisitsAttr)

    traits = traits_def(HasParentNamed("ou.stage", "ou.schedule"))

    custom_directives = (Indices,)

    assembly_format = "`crossbars` custom<Indices>($crossbars) `by` $visits attr-dict"

    def __init__(self, crossbars: IndexSequence, tiles: NDArray[np.integer]):
        super().__init__(
            properties={
                "crossbars": IndicesAttr(crossbars),
                "visits": VisitsAttr(tiles.astype("<u2").tobytes()),
            }
        )

    @property
    def tiles(self) -> NDArray[np.int64]:
        """The tile of each visit, counted as the op says: shape [visits]."""
        import numpy as np

        return np.frombuffer(self.visits.data, "<u2").astype(np.int64)
