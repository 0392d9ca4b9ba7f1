"""Occupancy and its peak (R10)."""

from __future__ import annotations

from spatem_ir.runtime.machine.buffers import BufferOccupancy


def test_the_peak_is_the_most_that_was_held_at_once() -> None:
    buffers = BufferOccupancy()
    buffers.fill(0, 1, 10)
    buffers.fill(0, 3, 20)
    buffers.drain(0, 5, 10)
    buffers.fill(0, 7, 5)
    buffers.drain(0, 9, 25)
    assert buffers.peak(0) == 10 + 20


def test_bytes_leave_before_others_arrive_in_a_cycle() -> None:
    buffers = BufferOccupancy()
    buffers.fill(0, 1, 10)
    buffers.fill(0, 5, 8)
    buffers.drain(0, 5, 10)
    buffers.drain(0, 6, 8)
    assert buffers.peak(0) == 10


def test_changes_may_be_noted_in_any_order() -> None:
    buffers = BufferOccupancy()
    buffers.drain(0, 9, 4)
    buffers.fill(0, 8, 6)
    buffers.fill(0, 2, 4)
    buffers.drain(0, 10, 6)
    assert buffers.peak(0) == 4 + 6


def test_every_pe_has_its_own_buffer() -> None:
    buffers = BufferOccupancy()
    buffers.fill(3, 1, 7)
    buffers.fill(1, 1, 9)
    buffers.drain(1, 2, 9)
    buffers.fill(1, 3, 2)
    assert buffers.peaks() == {1: 9, 3: 7}
    assert buffers.peak(2) == 0
