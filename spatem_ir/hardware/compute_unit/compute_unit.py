"""What every kind of compute unit says of itself (rules R1, R2 and R4 of docs/machine.md)."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from spatem_ir.hardware.component import Component, Count

if TYPE_CHECKING:
    from spatem_ir.hardware.memory.memory import Memory


class ComputeUnits(Component):
    """The compute units (CUs) of a chip, and the crossbars in them; times in digital cycles."""

    @property
    @abstractmethod
    def crossbars_per_cu(self) -> int:
        """Crossbars in each CU."""

    @property
    @abstractmethod
    def cus_per_pe(self) -> int:
        """CUs in each PE."""

    @property
    @abstractmethod
    def operation_cycles(self) -> int:
        """R1: how long an OU operation occupies its crossbar."""

    @property
    def setup_cycles(self) -> int:
        """R1: how long a visit occupies its crossbar before its first operation."""
        return 0

    def visit_cycles(self, operations: Count) -> Count:
        """R1: how long a visit of so many OU operations occupies its crossbar."""
        return self.setup_cycles + operations * self.operation_cycles

    @property
    def crossbars_in_step(self) -> int:
        """R1: how many crossbars with neighbouring numbers make their visits in step.

        Of these crossbars the first visits to a position of a layer start together, each when the
        operands of all of them are there, so do the second ones, and so on.
        """
        return 1

    def fetch_cycles(self, size: Count, memory: Memory) -> Count:
        """R3: the cycles for which an operand of `size` bytes holds the port of a memory."""
        return memory.fetch_cycles(size)

    @property
    def fetches_ahead(self) -> bool:
        """R2: whether an operand can be fetched while a visit runs."""
        return True

    @property
    @abstractmethod
    def pipeline_cycles(self) -> int:
        """R4: from the last operation of a visit until its results are valid."""

    @property
    @abstractmethod
    def operand_bytes(self) -> int:
        """R2: what there is of input registers for each crossbar, bytes."""

    @property
    @abstractmethod
    def operand_key(self) -> str:
        """The parameter from which :attr:`operand_bytes` follows, as messages name it."""

    # Bounds

    @property
    def fetched_together(self) -> int:
        """R3: the most different operands that one fetch brings."""
        return 1

    def most_bytes_per_cycle(self, memory: Memory) -> int:
        """R3: the most bytes of operands that are fetched over a port of a memory in a cycle."""
        return memory.port_bytes_per_cycle
