"""From producers to readers: which piece a visit, or a task of an operator, waited for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Dataflow, NodeKind
from spatem_ir.runtime.machine.log import KINDS, MAKERS, EventLog
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.runtime.machine.visits import Visited

Ints = NDArray[np.int64]

UNKNOWN = -1
"""The entry of a producer that is not in the log."""


@dataclass
class Producers:
    """Which entry of a log made each piece of each image.

    Attributes:
        entries: number of the entry, :data:`UNKNOWN` if it is not in the log: [images · pieces].
    """

    dataflow: Dataflow
    log: EventLog
    images: int

    @cached_property
    def entries(self) -> Ints:
        """The last entry that made a piece; pieces that enter together are made by one."""
        log, pieces = self.log, self.dataflow.first_pieces[-1]
        makes = [KINDS.index(kind) for kind in MAKERS if kind is not ResourceKind.CROSSBAR]
        leaving = np.array([node.kind is NodeKind.OUTPUT for node in self.dataflow.nodes])
        made = np.flatnonzero(np.isin(log.kinds, makes) & ~leaving[log.nodes])
        entries = np.full(self.images * pieces, UNKNOWN, np.int64)
        entries[log.keys[made]] = made
        for image in range(self.images):
            for node in self.dataflow.inputs:
                first = image * pieces + self.dataflow.first_pieces[node.number]
                own = entries[first : first + node.pieces]
                known = np.maximum.accumulate(np.where(own >= 0, np.arange(len(own)), UNKNOWN))
                own[:] = np.where(known >= 0, own[known], UNKNOWN)
        return entries

    @cached_property
    def ends(self) -> Ints:
        """When each piece was finished; −1 if that is not in the log: [images, pieces]."""
        known = self.entries >= 0
        ends = np.full(len(known), -1, np.int64)
        ends[known] = self.log.ends[self.entries[known]]
        return ends.reshape(self.images, -1)

    def of_visits(self, visits: Ints, of: Visited) -> Ints:
        """The entry that made the piece for which each visit waited longest."""
        log, found = self.log, np.full(len(visits), UNKNOWN, np.int64)
        for number in np.unique(log.nodes[visits]).tolist():
            here = np.flatnonzero(log.nodes[visits] == number)
            node = self.dataflow.nodes[number]
            layer, grid = node.partitioned
            at = grid.coordinates(of.tiles[here])
            pieces = np.append(self.dataflow.operand_pieces(node), UNKNOWN)
            for matrix in np.unique(at.matrix).tolist():
                elements = pieces[grid.operand_elements(layer, matrix)]
                for row in np.unique(at.row[at.matrix == matrix]).tolist():
                    which = here[(at.matrix == matrix) & (at.row == row)]
                    read = elements[:, grid.operand_part(row)]
                    for image in range(self.images):
                        own = which[of.images[which] == image]
                        last = self._last(read, image)
                        found[own] = last[of.windows[own]]
        return found

    def of_operators(self, entries: Ints) -> Ints:
        """The entry that made the piece for which each task of an operator waited longest."""
        found = np.full(len(entries), UNKNOWN, np.int64)
        images, pieces = np.divmod(self.log.keys[entries], self.dataflow.first_pieces[-1])
        for number in np.unique(self.log.nodes[entries]).tolist():
            node = self.dataflow.nodes[number]
            if node.kind in (NodeKind.INPUT, NodeKind.LAYER):
                continue
            here = np.flatnonzero(self.log.nodes[entries] == number)
            slices, positions = np.divmod(
                pieces[here] - self.dataflow.first_pieces[number], node.positions
            )
            known = np.append(self.dataflow.operand_pieces(node), UNKNOWN)
            for part in np.unique(slices).tolist():
                read = known[node.operand_windows(part)]
                for image in range(self.images):
                    of = (slices == part) & (images[here] == image)
                    found[here[of]] = self._last(read, image)[positions[of]]
        return found

    def _last(self, read: Ints, image: int) -> Ints:
        """The entry that made the last of the pieces of each row, in an image."""
        ends = np.append(self.ends[image], UNKNOWN)[read]
        last = np.take_along_axis(read, ends.argmax(axis=1)[:, None], axis=1)[:, 0]
        entries = self.entries.reshape(self.images, -1)[image]
        return np.append(entries, UNKNOWN)[last]
