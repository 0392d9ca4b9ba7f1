"""Turns at the pieces of a layer (rule R13) as nodes of a precedence graph."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.turns import Turns

Ints = NDArray[np.int64]


class OwnedPieces(NamedTuple):
    """The graph's nodes of turns at the pieces of a layer, one of each kind for each turn.

    A piece has been *owned* by so many tiles, and the visit that has it then may have *begun*;
    `windows` are those of each copy.
    """

    turns: Turns
    first_piece: int
    first_owned: int
    first_begun: int
    windows: Ints

    def owned(self, pieces: Ints, turn: Ints) -> Ints:
        """That so many have owned some pieces, but not all."""
        return self.first_owned + self._number(pieces, turn)

    def begun(self, pieces: Ints, turn: Ints) -> Ints:
        """That the visit with a turn may have begun."""
        return self.first_begun + self._number(pieces, turn)

    def _number(self, pieces: Ints, turn: Ints) -> Ints:
        return (pieces - self.first_piece) * self.turns.parts + turn

    def turn(self, tiles: Ints, ordinals: Ints, windows: int) -> Ints:
        """The turn of tiles of copies with so many windows at windows of theirs."""
        return self.turns.turns(windows)[ordinals, tiles % self.turns.parts]

    def visit_ends(
        self, pieces: Ints, tiles: Ints, ordinals: Ints, copies: Ints
    ) -> tuple[Ints, Ints]:
        """The nodes after which the visits of tiles of some copies come, and those after them."""
        tiles, ordinals, windows = np.broadcast_arrays(tiles, ordinals, self.windows[copies])
        turn = self.turns.turn(tiles % self.turns.parts, ordinals, windows)
        is_last = turn == self.turns.parts - 1
        return self.begun(pieces, turn), np.where(is_last, pieces, self.owned(pieces, turn + 1))
