"""Random machines whose PEs share a bus, or several."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.interconnect.bus import BusParameters


def random_bus(random: Random, machine: Accelerator) -> Accelerator:
    """A machine whose PEs are on buses, narrow or wide, near or far, one or two."""
    bus = BusParameters(
        bytes_per_cycle=random.choice([1, 2, 3, 8]),
        request_cycles=random.randint(0, 3),
        buses=random.randint(1, 2),
        multicast=random.random() < 0.7,
        bus_mm2=0.5,
    )
    return replace(machine, noc=bus)
