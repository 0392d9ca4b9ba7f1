"""The slices of a stage: what each grant in its log says, and the flows that pass it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.report.stages import LoggedStage
from spatem_ir.report.trace.flows import UNKNOWN, Producers
from spatem_ir.runtime.machine.log import KINDS
from spatem_ir.runtime.machine.reference.program import only_stage
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.runtime.machine.visits import Visited, visited

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.runtime.machine.log import EventLog

Ints = NDArray[np.int64]

KEYS = {
    ResourceKind.CROSSBAR: ("tile", "window", "image"),
    ResourceKind.PORT: ("tile", "window", "image", "crossbar"),
    ResourceKind.LINK: ("piece", "image", "carried", "source"),
    ResourceKind.CU_ADDERS: ("piece", "image", "source"),
    ResourceKind.PE_ADDERS: ("piece", "image", "source", "place"),
    ResourceKind.ACTIVATION: ("piece", "image"),
    ResourceKind.POOLING: ("piece", "image"),
    ResourceKind.IO: ("piece", "image"),
}
"""What slices of a kind of resource say besides the layer; `carried` and `place` are names."""


@dataclass(frozen=True)
class StageSlices:
    """The grants of a stage.

    Attributes:
        stage: the stage, with its log.
        first_flow: the number of flows of earlier stages, one for each of their grants.
    """

    stage: LoggedStage
    first_flow: int

    @property
    def log(self) -> EventLog:
        """The log of the stage."""
        return self.stage.log

    @property
    def dataflow(self) -> Dataflow:
        """The network of the stage."""
        return self.stage.dataflow

    def values(self, kind: ResourceKind, here: Ints) -> dict[str, Ints]:
        """What slices say besides the layer, by name; of names the index of each."""
        log = self.log
        if kind in (ResourceKind.CROSSBAR, ResourceKind.PORT):
            of = self.visited(kind, here)
            named = {"tile": of.tiles, "window": of.windows, "image": of.images}
            return named | {"crossbar": log.sources[here].astype(np.int64)}
        images, pieces = np.divmod(log.keys[here], self.dataflow.first_pieces[-1])
        details = log.details[here].astype(np.int64)
        values = {
            "piece": pieces,
            "image": images,
            "source": log.sources[here].astype(np.int64),
            "carried": details,
            "place": details,
        }
        return {name: values[name] for name in KEYS[kind]}

    def visited(self, kind: ResourceKind, here: Ints) -> Visited:
        """What the visits are of that entries run, or fetch for."""
        log = self.log
        crossbars = log.resources if kind is ResourceKind.CROSSBAR else log.sources
        return visited(
            crossbars[here].astype(np.int64),
            log.keys[here],
            log.nodes[here].astype(np.int64),
            self.programs,
            self.dataflow,
            self.stage.execution.schedule,
        )

    @cached_property
    def programs(self) -> list[CrossbarProgram]:
        """The programs of all crossbars."""
        return programs_of(only_stage(self.stage.module), self.dataflow)

    # Flows: from the producer over the fetch to the visit, or to the task of an operator

    @cached_property
    def flows(self) -> tuple[Ints, Ints]:
        """Entries, ascending, and the number of a flow that passes each, one for each reader."""
        log, visits = self.log, self.log.of(ResourceKind.CROSSBAR)
        producers = Producers(self.dataflow, log, self.stage.execution.images)
        of = self.visited(ResourceKind.CROSSBAR, visits)
        fetches = log.of(ResourceKind.PORT)
        known = (log.resources[visits].astype(np.int64) << 32) | log.keys[visits]
        order = np.argsort(known)
        asked = (log.sources[fetches].astype(np.int64) << 32) | log.keys[fetches]
        at = np.searchsorted(known[order], asked).clip(max=max(len(known) - 1, 0))
        is_there = known[order][at] == asked if len(known) else np.zeros(len(asked), np.bool_)
        tasks = np.flatnonzero(~np.isin(log.kinds, self._kinds_of_layers) & self._is_digital)
        readers = np.concatenate([visits, tasks])
        made_by = np.concatenate([producers.of_visits(visits, of), producers.of_operators(tasks)])
        has = made_by != UNKNOWN
        fetched = visits[order][at[is_there]]
        entries = np.concatenate([made_by[has], fetches[is_there], readers[has], fetched])
        flows = np.concatenate([readers[has], fetched, readers[has], fetched])
        pairs = np.unique(np.stack([entries, self.first_flow + flows + 1]), axis=1)
        return pairs[0], pairs[1]

    @property
    def _kinds_of_layers(self) -> list[int]:
        kinds = (ResourceKind.ACTIVATION, ResourceKind.POOLING, ResourceKind.IO)
        return [number for number, kind in enumerate(KINDS) if kind not in kinds]

    @property
    def _is_digital(self) -> NDArray[np.bool_]:
        """Whether entries work for operators or outputs."""
        kinds = (NodeKind.INPUT, NodeKind.LAYER)
        digital = np.array([node.kind not in kinds for node in self.dataflow.nodes])
        return digital[self.log.nodes]

    @cached_property
    def flow_counts(self) -> Ints:
        """How many flows pass each entry."""
        return np.bincount(self.flows[0], minlength=len(self.log))

    def flows_of(self, entries: Ints, count: int) -> Ints:
        """The flows that pass entries, of each so many: [entries, count]."""
        first = np.searchsorted(self.flows[0], entries)
        return self.flows[1][first[:, None] + np.arange(count)]
