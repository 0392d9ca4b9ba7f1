"""What every kind of compute unit says of itself (rules R1, R2 and R4 of docs/machine.md)."""

from __future__ import annotations

from abc import abstractmethod

from spatem_ir.hardware.component import Component, Count


class ComputeUnits(Component):
    """The compute units (CUs) of a chip, and the crossbars in them; times in digital cycles."""

    @abstractmethod
    def visit_cycles(self, operations: Count) -> Count:
        """R1: how long a visit of so many OU operations occupies its crossbar."""

    @property
    @abstractmethod
    def pipeline_cycles(self) -> int:
        """R4: from the last operation of a visit until its results are valid."""

    @property
    @abstractmethod
    def operand_bytes(self) -> int:
        """R2: a crossbar's share of the input register, bytes."""
