"""A trace of an execution: a slice for each grant, flows to readers, counters over time.

A nanosecond of the trace is a digital cycle of the chip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.geometry.network.crossbar_program import CrossbarProgram
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.hardware.accumulation.accumulation import PLACES
from spatem_ir.report.trace.flows import UNKNOWN, Producers
from spatem_ir.report.trace.packets import Blank, Template, blanks_of, in_chunks
from spatem_ir.report.trace.tracks import Tracks
from spatem_ir.runtime.machine.log import KINDS, EventLog
from spatem_ir.runtime.machine.reference.program import only_stage
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.runtime.machine.visits import Visited, visited

if TYPE_CHECKING:
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import (
        InternedData,
        Trace,
        TracePacket,
        TrackEvent,
    )
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.runtime.machine.execution import Execution

Ints = NDArray[np.int64]

SEQUENCE = 1
"""The only sequence of packets, whose names are interned."""

TIME, TRACK, NAME, VALUE = 6, 4, 3, 5
"""Bytes of cycles (2^42), numbers of tracks (2^28), of names (2^21) and other numbers (2^35)."""

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
"""What slices of a kind of resource say besides the layer."""

NAMED = ("carried", "place")
"""Those that are names."""


def write_trace(file: BinaryIO, module: ModuleOp, execution: Execution) -> None:
    """Write the trace of an execution of a module at level `ou` that has a log.

    Every grant in the log is a slice on the track of its resource; crossbars that share a fetch
    have one each, one in the other.
    """
    for part in _Trace(module, execution).parts():
        file.write(part)


@dataclass
class _Trace:
    """The parts of a trace, as bytes."""

    module: ModuleOp
    execution: Execution

    def __post_init__(self) -> None:
        assert self.execution.log is not None
        self.log: EventLog = self.execution.log
        self.accelerator = accelerator_of(self.module)
        self.dataflow = dataflow_of(self.module)
        self.tracks = Tracks(self.accelerator)
        self.carried = self.accelerator.components.memory.carried
        self.names = [*(node.name for node in self.dataflow.nodes), *self.carried, *PLACES]

    def parts(self) -> Iterator[bytes]:
        """What stands one after the other in the file.

        Slices end before others begin in the same cycle: readers of traces sort by time, and keep
        the order of what happens at the same one.
        """
        tracks = self.tracks.of_log(self.log)
        counters = [*self.counters()]
        yield self.head()
        yield from self.ends(tracks)
        for kind in KEYS:
            yield from self.begins(kind, tracks)
        yield from counters

    def head(self) -> bytes:
        """The tracks, and all names."""
        trace = new_trace()
        first: TracePacket = trace.packet.add(
            trusted_packet_sequence_id=SEQUENCE, sequence_flags=1, first_packet_on_sequence=True
        )
        interned: InternedData = first.interned_data
        for number, name in enumerate(self.names, 1):
            interned.event_names.add(iid=number, name=name)
            interned.debug_annotation_string_values.add(iid=number, str=name.encode())
        for number, kind in enumerate(KINDS, 1):
            interned.event_categories.add(iid=number, name=kind.value)
        for name, number in self.keys.items():
            interned.debug_annotation_names.add(iid=number, name=name)
        self.tracks.describe(trace)
        return trace.SerializeToString()

    @cached_property
    def keys(self) -> dict[str, int]:
        """The numbers of the names of what slices say."""
        names = dict.fromkeys(name for several in KEYS.values() for name in several)
        return {name: number for number, name in enumerate(names, 1)}

    def ends(self, tracks: Ints) -> Iterator[bytes]:
        """The ends of all slices."""
        blanks = blanks_of({"time": TIME, "track": TRACK})
        trace = new_trace()
        event = _event(trace, blanks["time"])
        event.type, event.track_uuid = event.TYPE_SLICE_END, blanks["track"].sample
        template = Template.of(trace, blanks)
        ends = self.log.ends
        for part in in_chunks(len(ends)):
            yield template.filled(time=ends[part], track=tracks[part])

    def begins(self, kind: ResourceKind, tracks: Ints) -> Iterator[bytes]:
        """The beginnings of the slices of a kind, by how many flows begin or end there."""
        here = self.log.of(kind)
        values = self.values(kind, here)
        counts = self.flow_counts[here]
        for count in np.unique(counts).tolist():
            own = np.flatnonzero(counts == count)
            template = self.template(kind, count)
            for part in in_chunks(len(own)):
                which = own[part]
                entries = here[which]
                flows = self.flows_of(entries, count)
                yield template.filled(
                    time=self.log.starts[entries],
                    track=tracks[entries],
                    name=self.log.nodes[entries].astype(np.int64) + 1,
                    **{name: values[name][which] for name in KEYS[kind]},
                    **flows,
                )

    def template(self, kind: ResourceKind, flows: int) -> Template:
        """The packet that begins a slice."""
        sizes: dict[str, int | None] = {"time": TIME, "track": TRACK, "name": NAME}
        sizes |= dict.fromkeys(KEYS[kind], VALUE)
        sizes |= {f"flow {number}": None for number in range(flows)}
        blanks = blanks_of(sizes)
        trace = new_trace()
        event = _event(trace, blanks["time"])
        event.type, event.track_uuid = event.TYPE_SLICE_BEGIN, blanks["track"].sample
        event.name_iid = blanks["name"].sample
        event.category_iids.append(KINDS.index(kind) + 1)
        for name in KEYS[kind]:
            note = event.debug_annotations.add(name_iid=self.keys[name])
            if name in NAMED:
                note.string_value_iid = blanks[name].sample
            else:
                note.uint_value = blanks[name].sample
        field = event.terminating_flow_ids if kind is ResourceKind.CROSSBAR else event.flow_ids
        field.extend(blanks[f"flow {number}"].sample for number in range(flows))
        return Template.of(trace, blanks)

    def values(self, kind: ResourceKind, here: Ints) -> dict[str, Ints]:
        """What slices say besides the layer, by name."""
        log = self.log
        if kind in (ResourceKind.CROSSBAR, ResourceKind.PORT):
            of = self.visited(kind, here)
            named = {"tile": of.tiles, "window": of.windows, "image": of.images}
            return named | {"crossbar": log.sources[here].astype(np.int64)}
        images, pieces = np.divmod(log.keys[here], self.dataflow.first_pieces[-1])
        details = log.details[here].astype(np.int64)
        first_carried = len(self.dataflow.nodes) + 1
        values = {
            "piece": pieces,
            "image": images,
            "source": log.sources[here].astype(np.int64),
            "carried": first_carried + details,
            "place": first_carried + len(self.carried) + details,
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
            self.execution.schedule,
        )

    @cached_property
    def programs(self) -> list[CrossbarProgram]:
        """The programs of all crossbars."""
        return programs_of(only_stage(self.module), self.dataflow)

    # Flows: from the producer over the fetch to the visit, or to the task of an operator

    @cached_property
    def flows(self) -> tuple[Ints, Ints]:
        """Entries, ascending, and the number of a flow that passes each; a flow is a reader + 1."""
        log, visits = self.log, self.log.of(ResourceKind.CROSSBAR)
        producers = Producers(self.dataflow, log, self.execution.images)
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
        entries = np.concatenate(
            [made_by[has], fetches[is_there], readers[has], visits[order][at[is_there]]]
        )
        flows = np.concatenate(
            [
                readers[has],
                visits[order][at[is_there]],
                readers[has],
                visits[order][at[is_there]],
            ]
        )
        pairs = np.unique(np.stack([entries, flows + 1]), axis=1)
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

    def flows_of(self, entries: Ints, count: int) -> dict[str, Ints]:
        """The flows that pass entries, of each so many."""
        first = np.searchsorted(self.flows[0], entries)
        return {f"flow {number}": self.flows[1][first + number] for number in range(count)}

    # Counters

    def counters(self) -> Iterator[bytes]:
        """Busy crossbars and links, of those that the log has; the occupancy of buffers."""
        for kind in (ResourceKind.CROSSBAR, ResourceKind.LINK):
            here = self.log.of(kind)
            if len(here):
                track = self.tracks.counter(kind.value, f"{kind.value} busy")
                times = np.concatenate([self.log.starts[here], self.log.ends[here]])
                steps = np.repeat([1, -1], len(here))
                yield from self.counter(np.full(len(times), track), times, steps)
        pes, times, sizes = self.log.changes
        used, index = np.unique(pes, return_inverse=True)
        tracks = [self.tracks.counter("bytes", f"PE {pe}", "buffer") for pe in used.tolist()]
        yield from self.counter(np.array(tracks, np.int64)[index], times, sizes)

    def counter(self, tracks: Ints, times: Ints, steps: Ints) -> Iterator[bytes]:
        """What counters show after all steps of each cycle in which there are any."""
        order = np.lexsort((times, tracks))
        tracks, times, sums = tracks[order], times[order], np.cumsum(steps[order])
        is_last = np.append((np.diff(tracks) != 0) | (np.diff(times) != 0), True)[: len(tracks)]
        is_end = np.append(np.diff(tracks) != 0, True)[: len(tracks)]
        totals = np.append(0, sums[is_end])[:-1]
        before = np.repeat(totals, np.diff(np.append(-1, np.flatnonzero(is_end))))
        tracks, times, values = tracks[is_last], times[is_last], (sums - before)[is_last]
        blanks = blanks_of({"time": TIME, "track": TRACK, "value": TIME})
        trace = new_trace()
        event = _event(trace, blanks["time"])
        event.type, event.track_uuid = event.TYPE_COUNTER, blanks["track"].sample
        event.counter_value = blanks["value"].sample
        template = Template.of(trace, blanks)
        for part in in_chunks(len(tracks)):
            yield template.filled(time=times[part], track=tracks[part], value=values[part])


def new_trace() -> Trace:
    """A trace without packets."""
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

    return Trace()


def _event(trace: Trace, time: Blank) -> TrackEvent:
    """The event of a new packet at a time."""
    packet = trace.packet.add(
        timestamp=time.sample, trusted_packet_sequence_id=SEQUENCE, sequence_flags=2
    )
    return packet.track_event
