"""Accumulation in a shared memory: what it says of itself, and what it does not go with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.runtime.machine.bus_machines import BusParameters
from unit.runtime.machine.lockstep_machines import in_lockstep
from unit.runtime.machine.programs import TINY, parse
from unit.runtime.machine.shared_machines import with_shared_memory

from spatem_ir.dialects.hw import AcceleratorAttr, accelerator_of
from spatem_ir.hardware.accelerator import Accelerator, contradictions
from spatem_ir.hardware.component import Actions
from spatem_ir.hardware.loader import accelerator_from_table, load_accelerator
from spatem_ir.hardware.memory.shared import SharedMemoryParameters

BUS = replace(TINY, noc=BusParameters(8, 1))
SHARED = with_shared_memory(BUS)


def test_what_belongs_together() -> None:
    assert contradictions(SHARED) == []
    assert contradictions(load_accelerator("pelke-bus")) == []
    assert contradictions(with_shared_memory(TINY)) == [
        "accumulation.kind = shared-memory needs noc.kind = bus"
    ]
    assert contradictions(in_lockstep(SHARED)) == [
        "accumulation.kind = shared-memory needs cu.kind = free"
    ]
    assert contradictions(replace(SHARED, memory=TINY.memory)) == [
        "accumulation.kind = shared-memory needs memory.kind = shared"
    ]
    assert contradictions(replace(BUS, memory=SharedMemoryParameters(shared_bytes=4096))) == [
        "memory.kind = shared needs accumulation.kind = shared-memory"
    ]


@pytest.mark.parametrize("machine", [SHARED, load_accelerator("pelke-bus")])
def test_the_description_says_its_kinds(machine: Accelerator) -> None:
    given = replace(machine, name="mine")
    assert given.tables["accumulation"]["kind"] == "shared-memory"
    assert given.tables["memory"]["kind"] == "shared"
    assert accelerator_from_table({"name": "mine", **given.tables}, "mine.toml") == given
    text = f"builtin.module attributes {{hw.accelerator = {AcceleratorAttr(given)}}} {{}}"
    assert 'accumulation {kind = "shared-memory"' in text
    assert accelerator_of(parse(text, given)) == given


def test_everything_is_in_one_memory() -> None:
    memory = SHARED.components.memory
    assert [memory.holder(pe) for pe in range(4)] == [0, 0, 0, 0]
    assert (memory.buffer_bytes, memory.buffer_key) == (1 << 20, "memory.shared_bytes")
    assert (memory.ports(4), memory.fetch_cycles(9)) == (1, 1 + 2)
    assert (TINY.components.memory.ports(4), TINY.components.memory.holder(3)) == (4, 3)


def test_a_turn_bounds_what_merges() -> None:
    """A STORE and a LOAD of 3 cycles, a CALL and an ADD of one at least: 8 cycles a turn."""
    accumulation = SHARED.components.accumulation
    merged = accumulation.most_merged(3, transit=3, spacing=1, together=1)
    assert merged == [1] * 8 + [2] * 8 + [3]
    assert accumulation.places == ("home",)
    assert accumulation.held(7) == 1
    assert list(accumulation.speeds()) == ["1", "2", "4", "8"]


def test_energy_and_area() -> None:
    machine = replace(SHARED, memory=SharedMemoryParameters(shared_bytes=4096, shared_mm2=2.5))
    actions = Actions(additions=8, fetched_bytes=1, written_bytes=2, read_bytes=3, link_bytes=4)
    energies = {part.key: pj for part, pj in machine.components.energy_pj(actions).items()}
    assert energies["core_adders"] == 8 * machine.energy.shift_add_pj
    assert energies["shared_memory"] == 6 * machine.energy.buffer_byte_pj
    assert energies["transfers"] == 4 * machine.energy.link_byte_pj
    assert machine.area_parts_mm2["shared_memory"] == 2.5
