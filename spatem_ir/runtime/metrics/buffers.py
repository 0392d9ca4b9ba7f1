"""Buffers: how full those of the PEs become."""

from __future__ import annotations

from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Line, Metrics, metric


def _peak(m: Metrics) -> str:
    return f"{m.peak_buffer_bytes:,} of {m.buffer_bytes:,} bytes in PE {m.peak_buffer_pe}"


@metric("bytes", report=Line("peak buffer", _peak))
def peak_buffer_bytes(run: Measurement) -> int:
    """The most bytes that the buffer of a PE holds at a time (R10), in the fullest PE."""
    return max(peak_buffer_by_pe.value(run).values())


@metric()
def peak_buffer_pe(run: Measurement) -> int:
    """The number of the PE whose buffer becomes fullest, the first of equals."""
    peaks = peak_buffer_by_pe.value(run)
    return max(peaks, key=lambda pe: (peaks[pe], -pe))


@metric("bytes", scalar=False)
def peak_buffer_by_pe(run: Measurement) -> dict[int, int]:
    """The most bytes that each buffer holds at a time, by number of PE, of those that hold any."""
    return run.execution.buffers.peaks()


@metric("bytes")
def buffer_bytes(run: Measurement) -> int:
    """The size of the buffer of a PE."""
    return run.accelerator.components.memory.buffer_bytes
