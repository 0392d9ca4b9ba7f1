"""A trace of an execution: a slice for each grant, flows to readers, counters over time.

A nanosecond of the trace is a digital cycle of the chip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, takewhile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.hardware.accumulation.accumulation import PLACES
from spatem_ir.report.trace.packets import Blank, Template, blanks_of, in_chunks
from spatem_ir.report.trace.slices import KEYS, StageSlices
from spatem_ir.report.trace.tracks import Tracks
from spatem_ir.runtime.machine.log import KINDS
from spatem_ir.runtime.machine.steps import ResourceKind

if TYPE_CHECKING:
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import (
        InternedData,
        Trace,
        TracePacket,
        TrackEvent,
    )

    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.report.stages import LoggedStage

Ints = NDArray[np.int64]

SEQUENCE = 1
"""The only sequence of packets, whose names are interned."""

TIME, TRACK, NAME, VALUE = 6, 4, 3, 5
"""Bytes of cycles (2^42), numbers of tracks (2^28), of names (2^21) and other numbers (2^35)."""

STAGE_PARTS = ("writing", "computing")
"""What a stage does: crossbars are rewritten for it, then it runs."""

CATEGORIES = (*(kind.value for kind in KINDS), "stages")
"""What slices are of: a kind of resource, or a stage."""

COUNTED = (ResourceKind.CROSSBAR, ResourceKind.LINK)
"""The kinds of resources of which it is counted how many are busy."""


class StagedSlices(NamedTuple):
    """Slices of one category that are no grants; arrays of one length."""

    category: str
    starts: Ints
    ends: Ints
    tracks: Ints
    names: Ints


def write_trace(
    file: BinaryIO, accelerator: Accelerator, names: Sequence[str], stages: Sequence[LoggedStage]
) -> None:
    """Write the trace of an execution of these stages, whose nodes have such names.

    Every grant in their logs is a slice on the track of its resource; crossbars that share a fetch
    have one each, one in the other.  Of several stages what they do are slices, too, and what is
    rewritten for them.
    """
    for part in _Trace(accelerator, names, stages).parts():
        file.write(part)


@dataclass
class _Trace:
    """The parts of a trace, as bytes."""

    accelerator: Accelerator
    node_names: Sequence[str]
    stages: Sequence[LoggedStage]

    def __post_init__(self) -> None:
        self.tracks = Tracks(self.accelerator)
        self.slices: list[StageSlices] = []
        flows = 0
        for stage in self.stages:
            self.slices.append(StageSlices(stage, flows))
            flows += len(stage.log)

    @cached_property
    def names(self) -> dict[str, Sequence[str]]:
        """All names, by what has them; they are numbered from 1 on."""
        return {
            "node": self.node_names,
            "carried": self.accelerator.components.memory.carried,
            "place": PLACES,
            "stage": STAGE_PARTS,
            "write": [f"write for stage {stage.number}" for stage in self.stages],
        }

    def first(self, group: str) -> int:
        """The number of the first name of a group; the others follow."""
        before = takewhile(lambda each: each != group, self.names)
        return 1 + sum(len(self.names[each]) for each in before)

    def parts(self) -> Iterator[bytes]:
        """What stands one after the other in the file.

        Slices end before others begin in the same cycle: readers of traces sort by time, and keep
        the order of what happens at the same one.
        """
        tracks = [self.tracks.of_log(each.log) for each in self.slices]
        counters = [*self.counters()]
        staged = [*self.staged()]
        yield self.head()
        for each, own in zip(self.slices, tracks, strict=True):
            yield from self.ends(each.stage.begins + each.log.ends, own)
        for part in staged:
            yield from self.ends(part.ends, part.tracks)
        for part in staged:
            yield from self.filled(
                self.template(part.category, (), 0),
                {"time": part.starts, "track": part.tracks, "name": part.names},
            )
        for each, own in zip(self.slices, tracks, strict=True):
            for kind in KEYS:
                yield from self.begins(each, kind, own)
        yield from counters

    def head(self) -> bytes:
        """The tracks, and all names."""
        trace = new_trace()
        first: TracePacket = trace.packet.add(
            trusted_packet_sequence_id=SEQUENCE, sequence_flags=1, first_packet_on_sequence=True
        )
        interned: InternedData = first.interned_data
        for number, name in enumerate(chain(*self.names.values()), 1):
            interned.event_names.add(iid=number, name=name)
            interned.debug_annotation_string_values.add(iid=number, str=name.encode())
        for number, name in enumerate(CATEGORIES, 1):
            interned.event_categories.add(iid=number, name=name)
        for name, number in self.keys.items():
            interned.debug_annotation_names.add(iid=number, name=name)
        self.tracks.describe(trace)
        return trace.SerializeToString()

    @cached_property
    def keys(self) -> dict[str, int]:
        """The numbers of the names of what slices say."""
        names = dict.fromkeys(name for several in KEYS.values() for name in several)
        return {name: number for number, name in enumerate(names, 1)}

    def ends(self, times: Ints, tracks: Ints) -> Iterator[bytes]:
        """The ends of slices."""
        blanks = blanks_of({"time": TIME, "track": TRACK})
        trace = new_trace()
        event = _event(trace, blanks["time"])
        event.type, event.track_uuid = event.TYPE_SLICE_END, blanks["track"].sample
        return self.filled(Template.of(trace, blanks), {"time": times, "track": tracks})

    def begins(self, slices: StageSlices, kind: ResourceKind, tracks: Ints) -> Iterator[bytes]:
        """The beginnings of the slices of a kind, by how many flows begin or end there."""
        stage, log, here = slices.stage, slices.log, slices.log.of(kind)
        values = slices.values(kind, here)
        for name in values.keys() & self.names.keys():
            values[name] = values[name] + self.first(name)
        counts = slices.flow_counts[here]
        first_name = np.int64(self.first("node") + stage.first_node)
        order = np.argsort(counts, kind="stable")
        several, starts = np.unique(counts[order], return_index=True)
        for count, own in zip(several.tolist(), np.split(order, starts)[1:], strict=True):
            template = self.template(kind.value, KEYS[kind], count)
            for part in in_chunks(len(own)):
                which = own[part]
                entries = here[which]
                yield template.filled(
                    time=stage.begins + log.starts[entries],
                    track=tracks[entries],
                    name=first_name + log.nodes[entries],
                    **{name: values[name][which] for name in KEYS[kind]},
                    **({"flows": slices.flows_of(entries, count)} if count else {}),
                )

    def template(self, category: str, keys: Sequence[str], flows: int) -> Template:
        """The packet that begins a slice."""
        sizes = {"time": TIME, "track": TRACK, "name": NAME}
        sizes |= dict.fromkeys(keys, VALUE)
        blanks = blanks_of(sizes)
        flow = Blank(len(blanks), times=flows)
        trace = new_trace()
        event = _event(trace, blanks["time"])
        event.type, event.track_uuid = event.TYPE_SLICE_BEGIN, blanks["track"].sample
        event.name_iid = blanks["name"].sample
        event.category_iids.append(CATEGORIES.index(category) + 1)
        for name in keys:
            note = event.debug_annotations.add(name_iid=self.keys[name])
            if name in self.names:
                note.string_value_iid = blanks[name].sample
            else:
                note.uint_value = blanks[name].sample
        is_reader = category == ResourceKind.CROSSBAR.value
        field = event.terminating_flow_ids if is_reader else event.flow_ids
        field.extend([flow.sample] * flows)
        return Template.of(trace, {**blanks, **({"flows": flow} if flows else {})})

    @staticmethod
    def filled(template: Template, columns: Mapping[str, Ints]) -> Iterator[bytes]:
        """Packets for columns of numbers, some at a time."""
        for part in in_chunks(len(columns["time"])):
            yield template.filled(**{name: column[part] for name, column in columns.items()})

    # Stages and writes

    def staged(self) -> Iterator[StagedSlices]:
        """What stages do, on a track for each; writes, on the tracks of their crossbars."""
        if len(self.stages) == 1:
            return
        for stage in self.stages:
            track = self.tracks.number("stages", f"stage {stage.number}")
            writes = np.array(stage.writes, np.int64).reshape(-1, 3)
            crossbars, starts, cycles = writes.T
            ends = starts + cycles
            writing, computing = (self.first("stage") + n for n in range(len(STAGE_PARTS)))
            parts = [(stage.begins, stage.ends, computing)]
            if len(writes):
                parts.insert(0, (int(starts.min()), int(ends.max()), writing))
            begins, stops, names = np.array(parts, np.int64).T
            yield StagedSlices("stages", begins, stops, np.full(len(parts), track), names)
            crossbar = ResourceKind.CROSSBAR
            tracks = [self.tracks.of_resource(crossbar, number) for number in crossbars.tolist()]
            names = np.full(len(writes), self.first("write") + stage.number)
            own_tracks = np.array(tracks, np.int64)
            yield StagedSlices(ResourceKind.WRITE.value, starts, ends, own_tracks, names)

    # Counters

    def counters(self) -> Iterator[bytes]:
        """Busy resources, of those that the log has; the occupancy of buffers."""
        for kind in COUNTED:
            starts, ends = [], []
            for stage in self.stages:
                here = stage.log.of(kind)
                starts.append(stage.begins + stage.log.starts[here])
                ends.append(stage.begins + stage.log.ends[here])
            yield from self.busy(kind, np.concatenate(starts), np.concatenate(ends))
        writes = np.array([each for stage in self.stages for each in stage.writes], np.int64)
        _, starts, cycles = writes.reshape(-1, 3).T
        yield from self.busy(ResourceKind.WRITE, starts, starts + cycles)
        changes = [stage.log.changes for stage in self.stages]
        pes, sizes = (np.concatenate([each[column] for each in changes]) for column in (0, 2))
        times = [stage.begins + stage.log.changes.times for stage in self.stages]
        used, index = np.unique(pes, return_inverse=True)
        tracks = [self.tracks.counter("bytes", f"PE {pe}", "buffer") for pe in used.tolist()]
        yield from self.counter(np.array(tracks, np.int64)[index], np.concatenate(times), sizes)

    def busy(self, kind: ResourceKind, starts: Ints, ends: Ints) -> Iterator[bytes]:
        """How many resources of a kind are busy; nothing of kinds that never are."""
        if not len(starts):
            return
        track = self.tracks.counter(kind.value, f"{kind.value} busy")
        times, steps = np.concatenate([starts, ends]), np.repeat([1, -1], len(starts))
        yield from self.counter(np.full(len(times), track), times, steps)

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
