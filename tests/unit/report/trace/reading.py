"""Traces read back by Perfetto's classes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent


class Slice(NamedTuple):
    """A slice: its track as names from the root, its cycles, its name, what it says, its flows."""

    track: tuple[str, ...]
    start: int
    end: int
    name: str
    notes: tuple[tuple[str, object], ...]
    flows: tuple[int, ...]
    ending_flows: tuple[int, ...]


@dataclass
class ReadTrace:
    """Slices in order of their beginnings, and values of counters: (time, value) by track."""

    slices: list[Slice]
    counters: dict[tuple[str, ...], list[tuple[int, int]]] = field(default_factory=dict)


def read(data: bytes) -> ReadTrace:
    """The slices and counters, as Perfetto puts them together: by time, then by place."""
    trace = Trace.FromString(data)
    interned = trace.packet[0].interned_data
    names = {entry.iid: entry.name for entry in interned.event_names}
    keys = {entry.iid: entry.name for entry in interned.debug_annotation_names}
    strings = {entry.iid: entry.str.decode() for entry in interned.debug_annotation_string_values}
    paths: dict[int, tuple[str, ...]] = {}
    described = [p.track_descriptor for p in trace.packet if p.HasField("track_descriptor")]
    parents = {track.uuid: track for track in described}
    for track in described:
        path, here = (track.name,), track
        while here.HasField("parent_uuid"):
            here = parents[here.parent_uuid]
            path = (here.name, *path)
        assert track.uuid not in paths
        paths[track.uuid] = path
    events = [packet for packet in trace.packet if packet.HasField("track_event")]
    events.sort(key=lambda packet: packet.timestamp)
    open_slices: dict[int, list[tuple[int, TrackEvent]]] = defaultdict(list)
    found, counters = [], defaultdict(list)
    for packet in events:
        event, uuid = packet.track_event, packet.track_event.track_uuid
        if event.type == TrackEvent.TYPE_SLICE_BEGIN:
            open_slices[uuid].append((packet.timestamp, event))
        elif event.type == TrackEvent.TYPE_COUNTER:
            counters[paths[uuid]].append((packet.timestamp, event.counter_value))
        else:
            start, begun = open_slices[uuid].pop()
            notes = tuple(
                (
                    keys[note.name_iid],
                    strings[note.string_value_iid]
                    if note.HasField("string_value_iid")
                    else note.uint_value,
                )
                for note in begun.debug_annotations
            )
            found.append(
                Slice(
                    paths[uuid],
                    start,
                    packet.timestamp,
                    names[begun.name_iid],
                    notes,
                    tuple(begun.flow_ids),
                    tuple(begun.terminating_flow_ids),
                )
            )
    assert not any(open_slices.values())
    return ReadTrace(sorted(found), dict(counters))
