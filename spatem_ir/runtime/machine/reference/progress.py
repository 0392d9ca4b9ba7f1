"""Which positions are finished, and what waits for that (rule R10)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial

from spatem_ir.runtime.machine.reference.clock import Action, Clock
from spatem_ir.runtime.machine.reference.program import Key, Program
from spatem_ir.runtime.machine.reference.steps import Step


@dataclass
class NodeProgress:
    """The progress of a node.

    `finished` are the positions that are finished, as far as those before them are, counted over
    all images.  `before` were finished before the cycle `time` in which the last piece was;
    `piece`, of the first position that was not, is the lowest that was finished then, by `cause`.
    """

    finished: int = 0
    time: int = -1
    before: int = 0
    piece: Key | None = None
    cause: Step | None = None


class Progress:
    """The progress of the nodes for which others wait, and when pieces were finished."""

    def __init__(self, program: Program, clock: Clock):
        self.program = program
        self.clock = clock
        self.sizes = [node.positions for node in program.dataflow.nodes]
        watched = {wait.other for waits in program.waits.values() for wait in waits}
        self.nodes = {node: NodeProgress() for node in watched}
        self.finished_at: dict[Key, int] = {}
        self.pieces_finished: Counter[tuple[int, int]] = Counter()
        self.waiting: dict[tuple[int, int], list[Action]] = defaultdict(list)

    def when_met(self, key: Key, action: Action) -> None:
        """R10: do something when nothing keeps the position of a piece from beginning."""
        if not self.nodes:
            action()
            return
        image, piece = key
        node, position = self.program.place(piece)
        for wait in self.program.waits.get(node, ()):
            needed = image * self.sizes[wait.other] + int(wait.until[position])
            if self.nodes[wait.other].finished < needed:
                self.waiting[wait.other, needed].append(
                    partial(self.go_on, wait.other, self.clock.now, self.clock.cause, key, action)
                )
                return
        action()

    def go_on(self, node: int, since: int, before: Step | None, key: Key, action: Action) -> None:
        """A node has come far enough; it is the cause, unless waiting began in this very cycle."""
        cause = before if since == self.clock.now else self.nodes[node].cause
        self.clock.because(cause, partial(self.when_met, key, action))

    def finish(self, key: Key) -> None:
        """R10: a piece is finished: it has entered or left the chip, or its values are there."""
        self.finished_at[key] = self.clock.now
        if not self.nodes:
            return
        number, position = self.program.place(key[1])
        node = self.nodes.get(number)
        if node is None:
            return
        if node.time < self.clock.now:
            node.time, node.before, node.piece = self.clock.now, node.finished, None
        position += key[0] * self.sizes[number]
        if position == node.before and (node.piece is None or key < node.piece):
            node.piece, node.cause = key, self.clock.cause
        self.pieces_finished[number, position] += 1
        slices = len(self.program.dataflow.nodes[number].slices)
        due: list[Action] = []
        while self.pieces_finished[number, node.finished] == slices:
            del self.pieces_finished[number, node.finished]
            node.finished += 1
            due += self.waiting.pop((number, node.finished), [])
        for action in due:
            action()
