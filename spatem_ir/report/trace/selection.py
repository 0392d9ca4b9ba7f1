"""What of an execution a trace shows: layers, PEs, a stretch of time, and how much at most."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.runtime.critical_path import node_names
from spatem_ir.runtime.machine.log import ALWAYS, KINDS, EventLog, Watch
from spatem_ir.runtime.machine.reference.program import only_stage
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.report.stages import LoggedStage

MOST_SLICES = 3_000_000
"""Slices of a trace unless more are asked for: half a minute's work, and 400 MB."""


@dataclass(frozen=True)
class Selection:
    """Which slices a trace has.

    Attributes:
        layers: names of layers and operators; all if empty.
        pes: numbers of PEs; all if empty.  Of links packets count that come from or to homes there.
        start, stop: cycles in which resources work.
        most: slices and changes of buffers there are at most, besides writes of crossbars; what
            comes later is left out.
    """

    layers: Sequence[str] = ()
    pes: Sequence[int] = ()
    start: int = 0
    stop: int = ALWAYS
    most: int = MOST_SLICES

    def watch(self, module: ModuleOp) -> Watch:
        """What is logged.

        Raises:
            SpatemError: the network has no such layer, or the chip no such PE.
        """
        accelerator = accelerator_of(module)
        nodes = self._nodes(module)
        if not self.pes:
            return Watch(nodes=nodes, start=self.start, stop=self.stop, most=self.most)
        if max(self.pes) >= accelerator.pes:
            raise SpatemError(
                f"--trace-pes: there is no PE {max(self.pes)}; the chip has {accelerator.pes}, "
                "counted from 0"
            )
        pes = np.zeros(accelerator.pes, np.bool_)
        pes[list(self.pes)] = True
        resources: dict[ResourceKind, NDArray[np.bool_]] = {
            ResourceKind.PORT: pes,
            ResourceKind.PE_ADDERS: pes,
            ResourceKind.ACTIVATION: pes,
            ResourceKind.POOLING: pes,
            ResourceKind.CU_ADDERS: np.repeat(pes, accelerator.cus_per_pe),
            ResourceKind.CROSSBAR: np.repeat(pes, accelerator.crossbars_per_pe),
        }
        return Watch(resources, pes, nodes, self.start, self.stop, self.most)

    def _nodes(self, module: ModuleOp) -> NDArray[np.bool_] | None:
        """Whether each node is shown; None if all are."""
        if not self.layers:
            return None
        known = node_names(module)
        for name in self.layers:
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
                raise SpatemError(f"--trace-layers: there is no layer or operator {name}{hint}")
        return np.isin(known, list(self.layers))

    def shown(self, stages: Sequence[LoggedStage]) -> list[LoggedStage]:
        """What of the stages of an execution is shown, of which :meth:`watch` was logged.

        Packets from and to homes in other PEs are not; of writes those are that begin before the
        log ends, of crossbars in the PEs that hold tiles of the layers.
        """
        until = min(self.stop, self.logged_until(stages))
        return [self._shown(stage, until) for stage in stages]

    def logged_until(self, stages: Sequence[LoggedStage]) -> int:
        """The first cycle of which there would be more than the most; the end if there is none."""
        ends = (
            stage.begins + stage.log.logged_until
            for stage in stages
            if stage.begins + stage.log.logged_until < min(self.stop, stage.ends)
        )
        return min(ends, default=stages[-1].ends)

    def _shown(self, stage: LoggedStage, until: int) -> LoggedStage:
        """What of a stage is shown."""
        writes = [write for write in stage.writes if write.start < until and write.end > self.start]
        log = stage.log
        if self.pes:
            per_pe = accelerator_of(stage.module).crossbars_per_pe
            writes = [write for write in writes if write.crossbar // per_pe in self.pes]
            log = entries_of(log, self._is_at_home(stage))
        if self.layers:
            held = _crossbars_of(stage.module, self.layers)
            writes = [write for write in writes if write.crossbar in held]
        return replace(stage, execution=replace(stage.execution, log=log), writes=tuple(writes))

    def _is_at_home(self, stage: LoggedStage) -> NDArray[np.bool_]:
        """Which entries are no packets, or packets from and to homes in the PEs."""
        dataflow, log = stage.dataflow, stage.log
        homes = only_stage(stage.module).placed().homes(dataflow)
        home = np.concatenate([homes[node.number].reshape(-1) for node in dataflow.nodes])
        links = log.kinds == KINDS.index(ResourceKind.LINK)
        return ~links | np.isin(home[log.keys % len(home)], list(self.pes))


def _crossbars_of(module: ModuleOp, layers: Sequence[str]) -> set[int]:
    """The crossbars that hold tiles of some layers, in the module of a stage."""
    (stage,) = (op for op in module.ops if isinstance(op, PxbStageOp))
    placed = stage.placements()
    return {
        crossbar
        for name in layers
        if name in placed
        for crossbar in placed[name].crossbars.tolist()
    }


def entries_of(log: EventLog, mask: NDArray[np.bool_]) -> EventLog:
    """Some entries of a log."""
    columns = [each.name for each in fields(log)]
    columns = columns[: columns.index("changes")]
    return replace(log, **{name: getattr(log, name)[mask] for name in columns})
