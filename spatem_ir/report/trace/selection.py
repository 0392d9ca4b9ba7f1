"""What of an execution a trace shows: layers, PEs, a stretch of time, and how much at most."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.runtime.machine.log import ALWAYS, KINDS, EventLog, Watch
from spatem_ir.runtime.machine.reference.program import only_stage
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xdsl.dialects.builtin import ModuleOp

MOST_SLICES = 3_000_000
"""Slices of a trace unless more are asked for: half a minute's work, and 400 MB."""


@dataclass(frozen=True)
class Selection:
    """Which slices a trace has.

    Attributes:
        layers: names of layers and operators; all if empty.
        pes: numbers of PEs; all if empty.  Of links packets count that come from or to homes there.
        start, stop: cycles in which resources work.
        most: slices and changes of buffers there are at most; what comes later is left out.
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
        known = dataflow_of(module).by_name
        for name in self.layers:
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
                raise SpatemError(f"--trace-layers: there is no layer or operator {name}{hint}")
        nodes = np.zeros(len(known), np.bool_)
        nodes[[known[name].number for name in self.layers]] = True
        return nodes

    def shown(self, log: EventLog, module: ModuleOp) -> EventLog:
        """What of a log is shown: packets from and to homes in other PEs are not."""
        if not self.pes:
            return log
        dataflow = dataflow_of(module)
        homes = only_stage(module).placed().homes(dataflow)
        home = np.concatenate([homes[node.number].reshape(-1) for node in dataflow.nodes])
        links = log.kinds == KINDS.index(ResourceKind.LINK)
        is_home = np.isin(home[log.keys % len(home)], list(self.pes))
        return entries_of(log, ~links | is_home)


def entries_of(log: EventLog, mask: NDArray[np.bool_]) -> EventLog:
    """Some entries of a log."""
    columns = [each.name for each in fields(log)]
    columns = columns[: columns.index("changes")]
    return replace(log, **{name: getattr(log, name)[mask] for name in columns})
