"""What a search makes least, and of which deployments.

Other than the latency itself, something is least of what is no slower than `isaac`: of anything, a
chip would be used one crossbar at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.runtime.metrics.measurement import Measurement

if TYPE_CHECKING:
    from spatem_ir.search.evaluator import Evaluation

LATENCY = "latency"
BASELINE = "isaac"
"""The strategy than which nothing may be slower that is preferred for something else."""


def latency_cycles(found: Evaluation) -> float:
    """Cycles until the last output byte has left."""
    return found.latency


def communication_bytes(found: Evaluation) -> float:
    """Bytes injected into the network, and through the chip's port."""
    execution = found.execution
    return sum(execution.injected_bytes.values()) + execution.io_bytes


def energy_pj(found: Evaluation) -> float:
    """The energy of one image, picojoule."""
    from spatem_ir.runtime.energy import actions_of

    assert found.module is not None
    measured = Measurement(found.module, found.execution)
    actions = actions_of(measured.layers, found.execution)
    return sum(measured.accelerator.components.energy_pj(actions).values())


class Objective(NamedTuple):
    """What is least, and its unit."""

    of: Callable[[Evaluation], float]
    unit: str


OBJECTIVES = {
    LATENCY: Objective(latency_cycles, "cycles"),
    "communication": Objective(communication_bytes, "bytes"),
    "energy": Objective(energy_pj, "pJ"),
}
"""What may be preferred, by name."""
