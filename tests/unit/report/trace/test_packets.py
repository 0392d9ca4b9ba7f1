"""Packets that are made from one."""

from __future__ import annotations

import time

import numpy as np
import pytest

pytest.importorskip("perfetto")

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

from spatem_ir.report.trace.packets import Blank, Template

CPU_SECONDS = 5.0
"""What takes so long for one packet does not belong to a trace of millions."""


def packets(times: int, flows: np.ndarray) -> Trace:
    """Packets with such times and flows, of which each has several."""
    blanks = {"time": Blank(0, 6), "flows": Blank(1, times=times)}
    trace = Trace()
    packet = trace.packet.add(timestamp=blanks["time"].sample, trusted_packet_sequence_id=1)
    packet.track_event.flow_ids.extend([blanks["flows"].sample] * times)
    packet.track_event.name = "after"
    filled = Template.of(trace, blanks).filled(time=np.arange(len(flows)), flows=flows)
    return Trace.FromString(filled)


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_field_that_is_repeated_has_its_numbers_in_order(times: int) -> None:
    flows = np.arange(3 * times).reshape(3, times) + 2**40
    found = packets(times, flows).packet
    assert [packet.timestamp for packet in found] == [0, 1, 2]
    assert [[*packet.track_event.flow_ids] for packet in found] == flows.tolist()
    assert {packet.track_event.name for packet in found} == {"after"}


def test_what_many_read_is_written_in_time_that_grows_with_their_number() -> None:
    begun, readers = time.process_time(), 300_000
    found = packets(readers, np.arange(readers)[None])
    assert len(found.packet[0].track_event.flow_ids) == readers
    assert time.process_time() - begun < CPU_SECONDS
