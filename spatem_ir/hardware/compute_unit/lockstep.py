"""Compute units in lockstep: their crossbars run one operation after the other, all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.hardware.component import Count
from spatem_ir.hardware.compute_unit.free import FreeComputeUnits
from spatem_ir.hardware.parameters import ComputeUnit, parameter

if TYPE_CHECKING:
    from spatem_ir.hardware.memory.memory import Memory


@dataclass(frozen=True)
class LockstepParameters(ComputeUnit):
    """The table `[cu]` of compute units in lockstep."""

    fetch_cycles: int = parameter("cycles of a fetch for all crossbars of a CU")
    double_buffered: bool = parameter(
        "whether operands are fetched while an operation runs", default=False
    )


class LockstepUnits(FreeComputeUnits):
    """CUs whose crossbars visit a position of a layer together (rule R12 of docs/machine.md).

    An operation takes as long as its longest visit, and the pipeline besides: it ends when all
    results are valid.  One fetch of `cu.fetch_cycles` brings all operands of an operation.
    """

    Parameters = LockstepParameters
    rules = "spatem_ir.runtime.machine.lockstep"

    @property
    def own(self) -> LockstepParameters:
        """The parameters, those that only this kind has included."""
        assert isinstance(self.parameters, LockstepParameters)
        return self.parameters

    @property
    def crossbars_in_step(self) -> int:
        """R12: all crossbars of a CU."""
        return self.crossbars_per_cu

    @property
    def setup_cycles(self) -> int:
        """R12: the pipeline is part of a visit: nothing else happens in its crossbar meanwhile."""
        return self.description.ou.pipeline_cycles

    @property
    def pipeline_cycles(self) -> int:
        """R12: results are valid when the operation has ended."""
        return 0

    def fetch_cycles(self, size: Count, memory: Memory) -> Count:
        """R12: the parameter `cu.fetch_cycles`, whatever is fetched."""
        return size * 0 + self.own.fetch_cycles

    @property
    def fetches_ahead(self) -> bool:
        """R12: the parameter `cu.double_buffered`."""
        return self.own.double_buffered

    @property
    def fetched_together(self) -> int:
        """R12: an operand for each crossbar of the CU."""
        return self.crossbars_per_cu

    def most_bytes_per_cycle(self, memory: Memory) -> int:
        """R12: the shares of all crossbars of a CU in its register, in the time of a fetch."""
        return -(-self.operand_bytes * self.crossbars_per_cu // self.own.fetch_cycles)
