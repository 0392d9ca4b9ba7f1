"""What every way of accumulating partial sums says of itself (rule R5 of docs/machine.md)."""

from __future__ import annotations

from abc import abstractmethod

from spatem_ir.hardware.component import Component, Count


class Accumulation(Component):
    """Places at which contributions to a piece meet, from the crossbar outwards.

    Crossbars are numbered over the chip; times are in digital cycles.
    """

    @property
    @abstractmethod
    def sum_bits(self) -> int:
        """R5: the width of partial sums, and of the adders that add them, bits."""

    @property
    def sum_bytes(self) -> int:
        """R5, R10: the whole bytes that a partial sum takes in packets and buffers."""
        return -(-self.sum_bits // 8)

    @property
    @abstractmethod
    def places(self) -> tuple[str, ...]:
        """The places, from the crossbar outwards; the last one completes sums."""

    @abstractmethod
    def crossbars_at(self, place: str) -> int:
        """R5: how many crossbars with neighbouring numbers share a place."""

    @abstractmethod
    def cycles(self, place: str, values: Count) -> Count:
        """R5: the cycles in which a contribution of so many values is added."""

    @property
    @abstractmethod
    def values_per_cycle(self) -> int:
        """The values that all adders of the chip add in a cycle, at most."""

    @abstractmethod
    def most_merged(self, contributions: int, transit: int) -> list[int]:
        """The most contributions of one value that merge in 0, 1, 2 … cycles.

        Counted from when all are valid, up to a time that suffices for `contributions`; a partial
        sum takes `transit` cycles at least from one PE to another.
        """
