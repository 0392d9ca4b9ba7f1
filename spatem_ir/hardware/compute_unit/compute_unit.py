"""What every kind of compute unit says of itself (rules R1, R2 and R4 of docs/machine.md)."""

from __future__ import annotations

from abc import abstractmethod

from spatem_ir.hardware.component import Component, Count


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
