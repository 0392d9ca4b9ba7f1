"""What waits for the progress of others in the stepped simulator."""

from __future__ import annotations

from collections import Counter

from unit.runtime.machine.stepped_tables import Tables


class Waiting:
    """Which pieces are finished (`done`), and what may begin therefore."""

    def __init__(self, tables: Tables, images: int):
        self.tables, self.images = tables, images
        self.done: set[tuple[int, int]] = set()
        self.reached: Counter[str] = Counter()
        self.portions = self.portions_of_the_input()

    def portions_of_the_input(self) -> list[list[int]]:
        """The pieces that enter together: those that wait for the same as their neighbours do."""
        portions: list[list[int]] = []
        last = None
        for piece in self.tables.inputs:
            name, position = self.tables.at[piece]
            waits = [(other, until[position]) for other, until in self.tables.waits.get(name, [])]
            if waits != last:
                portions.append([])
            portions[-1].append(piece)
            last = waits
        return portions

    def may_begin(self, image: int, piece: int) -> bool:
        """Whether all nodes for which the position of a piece waits have come far enough."""
        name, position = self.tables.at[piece]
        return all(
            self.progress(other) >= image * len(self.tables.by_position[other]) + until[position]
            for other, until in self.tables.waits.get(name, [])
        )

    def progress(self, name: str) -> int:
        """How many positions of a node are finished, from the first of the first image on."""
        positions = self.tables.by_position[name]
        while self.reached[name] < self.images * len(positions):
            image, position = divmod(self.reached[name], len(positions))
            if any((image, piece) not in self.done for piece in positions[position]):
                break
            self.reached[name] += 1
        return self.reached[name]
