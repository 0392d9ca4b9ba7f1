"""Lower bounds on the latency of a network on an accelerator, whatever the deployment.

[R] Each bound is proven by the rules it names: for every grid, packing, placement, order and choice
of homes and merges, for one image on an empty chip.  The optimality gap is latency over the
largest bound.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from spatem_ir.geometry.bounds.chains import Chains
from spatem_ir.geometry.bounds.loads import (
    activation_bound,
    crossbar_bound,
    fetch_bound,
    merge_bound,
    pooling_bound,
    work_bound,
)
from spatem_ir.geometry.bounds.places import copies_bound, entry_bound

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class LowerBounds:
    """Proven lower bounds on the latency of one image, in digital cycles.

    `crossbars` is `work` between heads and tails; `copies` is of the cells, `entry` of the links
    that lead away from the port's PE; the others are of the resources of their names.
    """

    work: int
    path: int
    crossbars: int = 0
    copies: int = 0
    entry: int = 0
    fetch: int = 0
    merging: int = 0
    activation: int = 0
    pooling: int = 0

    @property
    def largest(self) -> int:
        """The largest bound, which no deployment beats: digital cycles."""
        return max(self.by_name.values())

    @property
    def name(self) -> str:
        """The name of the largest bound, as in docs/machine.md; of equals the first."""
        return max(self.by_name, key=self.by_name.__getitem__)

    @property
    def by_name(self) -> dict[str, int]:
        """All bounds in digital cycles, by name."""
        return asdict(self)


def lower_bounds(dataflow: Dataflow, accelerator: Accelerator) -> LowerBounds:
    """The lower bounds of a network on an accelerator."""
    chains = Chains(dataflow, accelerator)
    return LowerBounds(
        work=work_bound(chains),
        path=path_bound(chains),
        crossbars=crossbar_bound(chains),
        copies=copies_bound(chains),
        entry=entry_bound(chains),
        fetch=fetch_bound(chains),
        merging=merge_bound(chains),
        activation=activation_bound(chains),
        pooling=pooling_bound(chains),
    )


def path_bound(chains: Chains) -> int:
    """The longest chain from the input through the layers to the output.

    The steps of the chain are those of :class:`Chains`.  The port is taken until all inputs have
    entered; the last output piece takes at least one cycle of it, all of them their bytes (R9).
    """
    port = chains.accelerator.components.port
    latency = 0
    for node in chains.dataflow.outputs:
        times = chains.inputs_ready(node)
        size = node.positions * -(-node.shape[0] * node.bits // 8)
        leaving = max(int(times.min()), chains.input_cycles)
        latency = max(latency, int(times.max()) + 1, leaving + port.cycles(size))
    return latency
