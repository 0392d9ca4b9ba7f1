"""What comes after what of the pieces of a network and of what visits read, as a graph.

An operand comes after the pieces of which it consists, a piece of a digital operator after those
that it reads, one of the input after the one that enters before it.  What waits for the progress of
a node comes after the positions that it waits for (rule R10), and where tiles own results in turns
(R13), a visit may begin after so many have owned its piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.turns import Turns
from spatem_ir.geometry.network.waits import Wait, input_portions, input_queues
from spatem_ir.geometry.safety.owned_pieces import OwnedPieces
from spatem_ir.geometry.safety.precedence import Pairs
from spatem_ir.geometry.shapes.equals import lengths
from spatem_ir.geometry.shapes.window import PADDING

Ints = NDArray[np.int64]


class PiecePrecedence:
    """The precedence graph of a network without visits.

    Its nodes are, one kind after the other: pieces, operands (row parts of windows), turns at
    pieces, and how far nodes are (as far as others wait for that).
    """

    def __init__(self, dataflow: Dataflow, waits: Sequence[Wait], turns: Mapping[str, Turns]):
        self.dataflow = dataflow
        self.waits = waits
        self.pairs = Pairs()
        self.nodes = 0
        self.first_piece = {node.number: self.numbered(node.pieces) for node in dataflow.nodes}
        self.first_operand: dict[int, int] = {}
        self.positions: dict[int, Ints] = {}
        for node in dataflow.nodes:
            if node.kind is NodeKind.LAYER:
                self.add_operands(node)
            elif node.kind is not NodeKind.INPUT:
                self.add_digital(node)
        self.turns: dict[int, OwnedPieces] = {}
        for node in dataflow.layers:
            if node.name in turns and turns[node.name].parts > 1:
                self.add_turns(node, turns[node.name])
        self.first_progress: dict[int, int] = {}
        self.milestones: dict[int, Ints] = {}
        self.add_waits()

    def numbered(self, count: int) -> int:
        """The number of the first of `count` new nodes."""
        self.nodes += count
        return self.nodes - count

    # What is read

    def add_operands(self, node: Node) -> None:
        """Operands of a layer come after the pieces of which they consist."""
        layer, grid = node.partitioned
        matrices, rows = grid.matrices(layer), list(map(grid.operand_part, range(grid.hwm)))
        first = self.numbered(matrices * layer.windows * len(rows))
        self.first_operand[node.number] = first
        self.positions[node.number] = grid.positions_by_matrix(layer)
        pieces = self.operand_pieces(node)
        for matrix in range(matrices):
            read = pieces[grid.operand_elements(layer, matrix)]
            operands = first + (matrix * layer.windows + np.arange(layer.windows)) * len(rows)
            for part, chosen in enumerate(rows):
                self.add_reads(operands + part, read[:, chosen])

    def add_digital(self, node: Node) -> None:
        """Pieces of a digital operator or output come after those that it reads."""
        first = self.first_piece[node.number]
        positions = np.arange(node.positions)
        pieces = self.operand_pieces(node)
        for part in range(len(node.slices)):
            own = first + part * node.positions + positions
            self.add_reads(own, pieces[node.operand_windows(part)])

    def add_reads(self, readers: Ints, pieces: Ints) -> None:
        """Reader n comes after the pieces of row n, each once; padding is read from nowhere."""
        ordered = np.sort(pieces, axis=1)
        distinct = np.diff(ordered, axis=1, prepend=PADDING) > 0
        self.pairs.add(ordered[distinct], np.repeat(readers, distinct.sum(axis=1)))

    def operand_pieces(self, node: Node) -> Ints:
        """The graph's node of every operand element; a last entry stands for padding."""
        parts = []
        for operand in node.operands:
            pieces = np.concatenate([self.element_pieces(source) for source in operand.sources])
            parts.append(pieces if operand.order is None else pieces[operand.order])
        return np.append(np.concatenate(parts), PADDING)

    def element_pieces(self, number: int) -> Ints:
        """The graph's node of every element of a node of the dataflow, in row-major order."""
        return self.first_piece[number] + self.dataflow.nodes[number].element_pieces()

    # What waits for its turn

    def add_turns(self, node: Node, turns: Turns) -> None:
        """A visit begins after its operand, and after so many have owned its piece."""
        layer, grid = node.partitioned
        firsts = self.numbered(node.pieces * turns.parts), self.numbered(node.pieces * turns.parts)
        self.turns[node.number] = own = OwnedPieces(
            turns, self.first_piece[node.number], *firsts, grid.window_counts(layer)
        )
        numbers = np.arange(node.pieces * turns.parts)
        self.pairs.add(own.first_owned + numbers, own.first_begun + numbers)
        tiles = np.arange(grid.tiles(layer))
        for copy, windows in enumerate(own.windows.tolist()):
            of_copy = tiles[grid.coordinates(tiles).copy == copy][:, None]
            ordinals = np.arange(windows)[None, :]
            operands, pieces = self.ends(node, of_copy, ordinals)
            turn = own.turn(of_copy, ordinals, windows)
            self.pairs.add(operands, own.begun(pieces, turn))
            if turns.in_sequence:
                self.pairs.add(pieces[:, :-1], own.begun(pieces[:, 1:], turn[:, 1:] * 0))

    # What waits for progress

    def add_waits(self) -> None:
        """Positions come after the progress for which they wait."""
        if not self.waits:
            return
        for number in sorted({wait.other for wait in self.waits}):
            counts = [wait.until for wait in self.waits if wait.other == number]
            self.add_progress(self.dataflow.nodes[number], np.unique(np.concatenate(counts)))
        self.add_entering()
        for wait in self.waits:
            waiting = np.flatnonzero(wait.until > 0)
            self.add_waiting(
                self.dataflow.nodes[wait.node],
                waiting,
                self.first_progress[wait.other]
                + np.searchsorted(self.milestones[wait.other], wait.until[waiting]),
            )

    def add_entering(self) -> None:
        """A portion of the input enters after the one before; its positions wait for the same."""
        entering = np.concatenate(
            [self.first_piece[n.number] + np.arange(n.positions) for n in self.dataflow.inputs]
        )
        starts = input_portions(self.dataflow, self.waits)
        firsts = entering[starts]
        queues = input_queues(self.dataflow)[starts]
        together = queues[:-1] == queues[1:]
        self.pairs.add(firsts[:-1][together], firsts[1:][together])
        others = np.repeat(firsts, lengths(starts, len(entering)))
        self.pairs.add(others[others != entering], entering[others != entering])

    def add_progress(self, node: Node, counts: Ints) -> None:
        """Progress to some numbers of positions comes after their pieces and after each other."""
        counts = self.milestones[node.number] = counts[counts > 0]
        first = self.first_progress[node.number] = self.numbered(len(counts))
        positions = np.arange(counts.max(initial=0))
        progress = first + np.searchsorted(counts, positions, side="right")
        for part in range(len(node.slices)):
            pieces = self.first_piece[node.number] + part * node.positions + positions
            self.pairs.add(pieces, progress)
        after = first + np.arange(1, len(counts))
        self.pairs.add(after - 1, after)

    def add_waiting(self, node: Node, positions: Ints, progress: Ints) -> None:
        """Positions of a node begin after some progress: a layer's when it reads its operands."""
        if node.kind is not NodeKind.LAYER:
            for part in range(len(node.slices)):
                first = self.first_piece[node.number] + part * node.positions
                self.pairs.add(progress, first + positions)
            return
        layer, grid = node.partitioned
        after = np.full(node.positions, PADDING)
        after[positions] = progress
        operands = np.arange(grid.matrices(layer) * layer.windows * grid.hwm).reshape(-1, grid.hwm)
        progress = after[self.positions[node.number].reshape(-1)]
        waiting = progress != PADDING
        first = self.first_operand[node.number]
        self.pairs.add(progress[waiting, None], first + operands[waiting])

    # What visits come after, and what after them

    def visit_ends(self, node: Node, shares: Ints, ordinals: Ints) -> tuple[Ints, Ints, Ints]:
        """The graph's nodes after which visits come, those that come after them, and their pieces.

        Without turns, these are operands and pieces.
        """
        operands, pieces = self.ends(node, shares, ordinals)
        own = self.turns.get(node.number)
        if own is None:
            return operands, pieces, pieces
        _, grid = node.partitioned
        copies = grid.coordinates(shares).copy
        return *own.visit_ends(pieces, shares, ordinals, copies), pieces

    def ends(self, node: Node, shares: Ints, ordinals: Ints) -> tuple[Ints, Ints]:
        """The graph's nodes of the operands that visits read, and of the pieces to which they add.

        `shares` and `ordinals` have shapes that broadcast.
        """
        layer, grid = node.partitioned
        at = grid.coordinates(shares if node.number in self.turns else shares * grid.ib)
        window = grid.dealt_window(layer, at.copy, ordinals)
        operands = (at.matrix * layer.windows + window) * grid.hwm + at.row
        part = grid.slice_of(layer, at.matrix, at.column)
        pieces = part * node.positions + self.positions[node.number][at.matrix, window]
        return (
            self.first_operand[node.number] + operands,
            self.first_piece[node.number] + pieces,
        )

    def place(self, node: Node, pieces: Ints) -> Ints:
        """The first piece at the position of some pieces of a node, which stands for it."""
        first = self.first_piece[node.number]
        return first + (pieces - first) % node.positions

    def share_of(self, node: Node, tiles: Ints) -> Ints:
        """What the precedence tells apart of tiles: all but their input bits, unless in turns."""
        _, grid = node.partitioned
        return tiles if node.number in self.turns else tiles // grid.ib
