"""Lower bounds on the latency of a network on an accelerator, whatever the deployment.

[R] Each bound is proven by the rules it names: for every grid, packing, placement, order and choice
of homes and merges, whatever is spilled or pooled by rows, for static and for free dispatch, for
one image on an empty chip.  The optimality gap is latency over the largest bound, the *binding*
one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from spatem_ir.geometry.bounds.chains import Chains, path_bound
from spatem_ir.geometry.bounds.copies import copies_bound
from spatem_ir.geometry.bounds.entry import entry_bound
from spatem_ir.geometry.bounds.loads import LOADS, work_bound
from spatem_ir.geometry.bounds.phases import BoundPhase, PhasesBound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.hardware.accelerator import Accelerator

PHASES = "phases"
"""The name of the bound that adds up phases, each by another bound."""

RESOURCES = {
    "work": "crossbars",
    "crossbars": "crossbars",
    "copies": "cells",
    "entry": "links from the port's PE",
    "fetch": "buffer ports",
    "merging": "adders",
    "activation": "activation units",
    "pooling": "pooling units",
}
"""The resource of which there would have to be more, by name of bound; *path* has none."""


class Relief(NamedTuple):
    """What more of the resource behind the binding bound can give at most.

    The largest of the bounds that do not count `resource` is `cycles`, most of it by the bound of
    the name `then`.
    """

    resource: str
    cycles: int
    then: str


@dataclass(frozen=True)
class LowerBounds:
    """Proven lower bounds on the latency of one image, in digital cycles, as in docs/machine.md.

    `phases` are those of the bound of that name; `relief` is None where no resource is short.
    """

    by_name: dict[str, int]
    phases: tuple[BoundPhase, ...] = ()
    relief: Relief | None = None

    @property
    def largest(self) -> int:
        """The largest bound, which no deployment beats: digital cycles."""
        return max(self.by_name.values())

    @property
    def name(self) -> str:
        """The name of the largest bound; of equals the first."""
        return largest_of(self.by_name)


def lower_bounds(dataflow: Dataflow, accelerator: Accelerator) -> LowerBounds:
    """The lower bounds of a network on an accelerator.

    The dataflow is that of the network alone, without what deployments add to it.
    """
    chains = Chains.through(dataflow, accelerator)
    phases = PhasesBound(chains.steps)
    bounds = {
        "work": work_bound(chains),
        "path": path_bound(chains.steps, chains.heads),
        "copies": copies_bound(chains),
        "entry": entry_bound(chains),
        **{name: load(chains).bound().cycles for name, load in LOADS.items()},
        PHASES: phases.cycles,
    }
    return LowerBounds(bounds, tuple(phases.phases), relief_of(chains, bounds, phases))


STAGES = "stages"
"""The name of the bound that adds up the largest bounds of all stages."""


def staged_bounds(stages: Sequence[LowerBounds]) -> LowerBounds:
    """The bounds of a deployment of several stages, which come one after the other.

    Each bound is the sum over the stages, and so is that of the largest ones.
    """
    names = stages[0].by_name
    bounds = {name: sum(stage.by_name[name] for stage in stages) for name in names}
    return LowerBounds({**bounds, STAGES: sum(stage.largest for stage in stages)})


def relief_of(chains: Chains, bounds: dict[str, int], phases: PhasesBound) -> Relief | None:
    """What more of the resource behind the largest bound can give; None for the path.

    Of phases it is the resource on which they spend most cycles.
    """
    by = largest_of(bounds)
    if by == PHASES:
        by = largest_of(phases.cycles_by)
    if by not in RESOURCES:
        return None
    resource = RESOURCES[by]
    of_it = [name for name, other in RESOURCES.items() if other == resource]
    if resource == RESOURCES["crossbars"]:
        of_it.append("copies")
    left = {name: cycles for name, cycles in bounds.items() if name not in of_it}
    left_phases = PhasesBound(chains.steps, without=of_it)
    left[PHASES] = left_phases.cycles
    name = largest_of(left)
    then = largest_of(left_phases.cycles_by) if name == PHASES else name
    return Relief(resource, left[name], then)


def largest_of(cycles: dict[str, int]) -> str:
    """The name with the most cycles; of equals the first."""
    return max(cycles, key=cycles.__getitem__)
