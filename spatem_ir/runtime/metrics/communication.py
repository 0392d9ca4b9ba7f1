"""Communication: bytes that the network-on-chip and the chip's port move for one image."""

from __future__ import annotations

from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Line, Metrics, metric


def _communication(m: Metrics) -> str:
    return (
        f"{m.communication_bytes:,} bytes: inputs {m.input_bytes:,}, activations "
        f"{m.activation_bytes:,}, partial sums {m.partial_sum_bytes:,}, I/O {m.io_bytes:,}"
    )


@metric(
    "bytes",
    report=Line("communication", _communication),
    column=Line("communication, bytes", "{:,}"),
)
def communication_bytes(run: Measurement) -> int:
    """Bytes injected into the network plus bytes through the port."""
    return sum(run.execution.injected_bytes.values()) + run.execution.io_bytes


@metric("bytes")
def input_bytes(run: Measurement) -> int:
    """The part of the communication that is inputs on their way from the port."""
    return run.execution.injected_bytes["inputs"]


@metric("bytes")
def activation_bytes(run: Measurement) -> int:
    """The part of the communication that is results on their way to their readers (R7)."""
    return run.execution.injected_bytes["activations"]


@metric("bytes")
def partial_sum_bytes(run: Measurement) -> int:
    """The part of the communication that is partial sums on their way home (R5)."""
    return run.execution.injected_bytes["partial_sums"]


@metric("bytes")
def call_bytes(run: Measurement) -> int:
    """The part of the communication that is CALLs of cores that take turns (R13)."""
    return run.execution.injected_bytes["calls"]


@metric("bytes")
def io_bytes(run: Measurement) -> int:
    """The part of the communication that passes the chip's port (R9)."""
    return run.execution.io_bytes


@metric(
    "bytes · links",
    report=Line("byte-hops", "{:,}"),
    column=Line("byte-hops", "{:,}"),
)
def byte_hops(run: Measurement) -> int:
    """Bytes injected into the network, each times the links that it passes."""
    return run.execution.byte_hops
