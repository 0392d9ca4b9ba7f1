"""Convolutions on cores of a bus: deployed, in turns, and executed."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
from xdsl.context import Context
from xdsl.parser import Parser

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.hardware.loader import named_preset
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.passes.synchronize import SynchronizePass
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.engine import default_engine, executor
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.study.bars import bar_of
from spatem_ir.study.runner import end_with_study, stop_when_terminated, stopped_by_errors
from spatem_ir.universe import register_dialects

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.hardware.parameters import Value
    from spatem_ir.study.pelke.layers import Convolution

MOST_CORES = 1024
"""The cores of the largest machine."""

BUSES = (4, 8, 16, 32, 64)
"""Widths of the bus, bytes per cycle."""

SIDES = (32, 64, 128)
"""Sides of crossbars, weights."""

PARALLEL = ("linear", "cyclic")
"""The schemes that are compared with the baseline, `sequential`."""

WHOLE_MAP = 1 << 30
"""Bytes per cycle of a port through which a map is in the memory as soon as a layer begins."""


@dataclass(frozen=True)
class PelkeCase:
    """A convolution on crossbars of side × side weights and a bus of so many bytes per cycle.

    `operation` are the cycles in which a crossbar works on a bit of the inputs, `request` those of
    the bus before the first byte; None for those of the preset `pelke-bus`.
    """

    layer: Convolution
    side: int
    bus: int
    operation: int | None = None
    request: int | None = None

    @property
    def parts(self) -> int:
        """P_V, the limit of the speed-up: cores that add to the same vectors."""
        return self.layer.cores(self.side)[0]

    @property
    def cores(self) -> int:
        """P_V · P_H, the cores that the layer takes."""
        rows, columns = self.layer.cores(self.side)
        return rows * columns

    @property
    def is_studied(self) -> bool:
        """Whether cores add to the same vectors, and there are as many as it takes."""
        return self.parts > 1 and self.cores <= MOST_CORES

    @property
    def machine(self) -> Accelerator:
        """The preset `pelke-bus` with these crossbars, this bus and partial sums of 16 bits."""
        preset = named_preset("pelke-bus")
        cells = self.side * preset.cells_per_weight(8)
        changes: dict[str, dict[str, Value]] = {
            "crossbar": {"wordlines": self.side, "bitlines": cells},
            "ou": {"wordlines": self.side, "bitlines": cells},
            "cu": {"input_register_bytes": self.side},
            "noc": {"bytes_per_cycle": self.bus},
            "io": {"bytes_per_cycle": WHOLE_MAP},
            "accumulation": {"sum_bits": 16, "sequence_registers": 1},
        }
        if self.operation is not None:
            changes["ou"]["cycles"] = self.operation
        if self.request is not None:
            changes["noc"]["request_cycles"] = self.request
        groups = {name: replace(getattr(preset, name), **own) for name, own in changes.items()}
        return replace(preset, name="pelke", **groups)

    def deployed(self, scheme: str) -> ModuleOp:
        """The layer on the machine, each tile on a core of its own, in turns."""
        context = Context()
        register_dialects(context)
        module = Parser(context, self.layer.text).parse_module()
        module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(self.machine)
        for each in (
            PartitionPass(strategy="minimum"),
            PackPass(method="exclusive"),
            AssignPass(method="sequential"),
            SynchronizePass(scheme=scheme),
            OrderPass(),
        ):
            each.apply(context, module)
        return module


class PelkeTimes(NamedTuple):
    """What an execution takes: cycles until the last result is in the memory, and of the bus.

    `calls` are the bytes of CALLs, `others` those of all other transfers.
    """

    cycles: int
    bus: int
    calls: int
    others: int


class SchemeTimes(NamedTuple):
    """The baseline, and the other schemes by name."""

    case: PelkeCase
    sequential: PelkeTimes
    schemes: dict[str, PelkeTimes]

    def share(self, scheme: str) -> float:
        """The speed-up over the baseline, by the limit P_V."""
        return self.sequential.cycles / self.schemes[scheme].cycles / self.case.parts

    @property
    def bus_bound(self) -> float:
        """The most that the bus lets the speed-up be, by the limit P_V.

        All transfers take the one bus, one after the other, whatever the scheme.
        """
        bus = min(times.bus for times in self.schemes.values())
        return min(1.0, self.sequential.cycles / bus / self.case.parts)

    @property
    def call_share(self) -> float:
        """The bytes of CALLs by those of all other transfers."""
        times = self.schemes["linear"]
        return times.calls / times.others


def times_of(case: PelkeCase, scheme: str) -> PelkeTimes:
    """Execute a case."""
    module = case.deployed(scheme)
    execution = executor(default_engine(), module, source=case.layer.name)(1, Dispatch.FREE)
    dataflow = dataflow_of(module)
    (node,) = dataflow.layers
    first = dataflow.first_pieces[node.number]
    assert execution.schedule is not None
    finished = execution.schedule.finished[0, first : first + node.pieces]
    sent = dict(execution.injected_bytes)
    calls = sent.pop("calls")
    bus = max(execution.busy[ResourceKind.LINK].values())
    return PelkeTimes(int(finished.max()), bus, calls, sum(sent.values()))


def found_of(case: PelkeCase) -> SchemeTimes:
    """Execute a case in all schemes."""
    schemes = {scheme: times_of(case, scheme) for scheme in PARALLEL}
    return SchemeTimes(case, times_of(case, "sequential"), schemes)


def all_found(cases: Sequence[PelkeCase], jobs: int) -> dict[PelkeCase, SchemeTimes]:
    """Execute cases, each once, in so many processes; with a bar on stderr if it is a terminal."""
    several = list(dict.fromkeys(cases))
    with bar_of(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as bar:
        found = _found_one_by_one(several, jobs)
        return dict(zip(several, bar.track(found, total=len(several)), strict=True))


def _found_one_by_one(several: list[PelkeCase], jobs: int) -> Iterator[SchemeTimes]:
    if jobs == 1:
        yield from map(found_of, several)
        return
    workers = ProcessPoolExecutor(
        min(jobs, len(several)), mp_context=get_context("spawn"), initializer=end_with_study
    )
    stop_when_terminated()
    with stopped_by_errors(workers):
        yield from workers.map(found_of, several)
