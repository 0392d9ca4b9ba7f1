"""Energy of small programs: every action counted by hand, and what is taken all the time."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from unit.runtime.machine.programs import TINY, convolution, dense, deployment, machine
from unit.runtime.machine.test_metrics import POOLED, TWO_PES, measure

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.components import energy_parts
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.parameters import Energy, Power

FREE = Energy(*[0.0 for _ in fields(Energy)])
NO_POWER = Power()
OPERATION_NS = TINY.ou.cycles


def charging(**energies: float) -> Accelerator:
    """The accelerator `tiny` with these energies and no others, and no static power."""
    return replace(TINY, energy=replace(FREE, **energies), power=NO_POWER)


ACTIONS = {
    # Visits, bits, wordlines, parts of the columns, for 4 ns each.
    "dac_pj_per_ns": 2 * 8 * 4 * 2 * OPERATION_NS,
    "adc_conversion_pj": 2 * 8 * 6 * 1,  # visits, bits, bitlines, parts of the rows
    "cell_pj_per_ns": 2 * 8 * 4 * 6 * OPERATION_NS,
    "shift_add_pj": 2 * 8 * 6 + 2 * 3,  # one per conversion, and two contributions at home
    # Fetched: 4 bytes in each PE.  Written: 8 that entered, 8 in PE 1, two contributions, 3 values.
    # Read: 8 sent to PE 1, two contributions, 3 values on their way out.
    "buffer_byte_pj": 2 * 4 + (8 + 8 + 2 * 12 + 3) + (8 + 2 * 12 + 3),
    "register_byte_pj": 2 * 4,
    "link_byte_pj": 8 + 12,
    "activation_pj": 3,
    "pooling_pj": 0,
    "io_byte_pj": 8 + 3,
}
"""What `TWO_PES` does of each kind, and for how many nanoseconds; packets take 1 of 8 inputs."""


@pytest.mark.parametrize("action", ACTIONS)
def test_energy_counts_every_action(action: str) -> None:
    """With 1 nJ for one kind of action and nothing for the others, energy is a count."""
    metrics = measure(TWO_PES, charging(**{action: 1000.0}))
    assert metrics.energy_nj == metrics.dynamic_energy_nj == ACTIONS[action]
    assert metrics.static_energy_nj == 0


PARTS = {
    "dacs": ACTIONS["dac_pj_per_ns"],
    "adcs": 2 * 8 * 6,
    "cells": ACTIONS["cell_pj_per_ns"],
    "shift_adds": 2 * 8 * 6,
    "merging_adders": 2 * 3,
    "buffers": ACTIONS["buffer_byte_pj"],
    "input_registers": 2 * 4,
    "links": 8 + 12,
    "activation_units": 3,
    "pooling_units": 0,
    "io": 8 + 3,
}
"""What each component does."""

STATIC = {
    "static_crossbars": 16 * 0.00125,
    "static_compute_units": 8 * 0.23,
    "static_processing_elements": 4 * 1.68,
    "static_io": 0.0,
}
"""What each component takes all the time, milliwatt."""

OF_OTHER_KINDS = ("transfers", "core_adders", "shared_memory", "cell_writes", "external_memory")
"""Parts of components that this machine has of another kind, and what several stages take."""


def test_energy_by_component_counts_every_action_once() -> None:
    """With 1 nJ for every kind of action, the energy of a component is a count."""
    alike = dict.fromkeys((field.name for field in fields(Energy)), 1000.0)
    metrics = measure(TWO_PES, charging(**alike))
    assert metrics.energy_parts_nj == PARTS | dict.fromkeys(STATIC, 0.0)
    assert metrics.energy_nj == sum(PARTS.values()) == sum(ACTIONS.values())
    assert sorted(energy_parts()) == sorted([*PARTS, *STATIC, *OF_OTHER_KINDS])


def test_energy_is_the_sum_over_all_actions_and_the_power_for_the_latency() -> None:
    picojoule = sum(count * getattr(TINY.energy, action) for action, count in ACTIONS.items())
    metrics = measure(TWO_PES)
    assert metrics.dynamic_energy_nj == round(picojoule / 1000, 3)
    assert metrics.static_energy_nj == round(85 * sum(STATIC.values()) / 1000, 3)
    assert metrics.energy_nj == round((picojoule + 85 * sum(STATIC.values())) / 1000, 3)
    parts = {name: metrics.energy_parts_nj[name] for name in STATIC}
    assert parts == {name: round(85 * power / 1000, 6) for name, power in STATIC.items()}


def test_all_actions_are_in_the_metrics() -> None:
    assert measure(TWO_PES).actions == {
        "cycles": 85,
        "dac_conversions": 2 * 8 * 4 * 2,
        "adc_conversions": 2 * 8 * 6,
        "cell_reads": 2 * 8 * 4 * 6,
        "registered_bytes": 2 * 4,
        "additions": 2 * 3,
        "fetched_bytes": 2 * 4,
        "written_bytes": 8 + 8 + 2 * 12 + 3,
        "read_bytes": 8 + 2 * 12 + 3,
        "activated_values": 3,
        "pooled_values": 0,
        "link_bytes": 8 + 12,
        "io_bytes": 8 + 3,
        "external_bytes": 0,
        "set_pulses": 0,
        "reset_pulses": 0,
    }


def test_what_drives_wordlines_is_paid_for_as_long_as_operations_take() -> None:
    """ISAAC drives its wordlines for 100 ns a read, operation units for 13.3 ns."""
    isaac = load_accelerator("isaac-ou")
    assert isaac.energy.dac_pj_per_ns * 100 == pytest.approx(0.390625)
    plain, slow = measure(TWO_PES), measure(TWO_PES, machine(ou={"cycles": 12}))
    for part, factor in (("dacs", 3), ("cells", 3), ("adcs", 1), ("buffers", 1)):
        assert slow.energy_parts_nj[part] == pytest.approx(factor * plain.energy_parts_nj[part])


def test_static_energy_is_what_a_slower_deployment_pays_more_of() -> None:
    slow, fast = measure(TWO_PES), measure(TWO_PES, machine(pe={"activations_per_cycle": 3}))
    assert (slow.latency_cycles, fast.latency_cycles) == (85, 83)
    assert slow.dynamic_energy_nj == fast.dynamic_energy_nj
    assert fast.static_energy_nj == round(83 * sum(STATIC.values()) / 1000, 3)
    half_the_clock = measure(TWO_PES, machine(chip={"clock_mhz": 500}))
    assert half_the_clock.static_energy_nj == round(85 * 2 * sum(STATIC.values()) / 1000, 3)


def test_the_energy_delay_product_is_of_one_image() -> None:
    metrics = measure(TWO_PES)
    assert metrics.energy_delay_nj_us == round(metrics.energy_nj * 0.085, 3)
    assert measure(POOLED, images=4).energy_delay_nj_us == measure(POOLED).energy_delay_nj_us


def test_efficiency_is_that_of_the_throughput() -> None:
    """Images in flight share the static energy: 128 cycles of it instead of 142."""
    alone, several = measure(POOLED), measure(POOLED, images=4)
    assert several.energy_nj == alone.energy_nj
    assert alone.joules_per_image == pytest.approx(alone.energy_nj / 1e9, rel=1e-3)
    shared = alone.dynamic_energy_nj + alone.static_energy_nj * 128 / 142
    assert several.joules_per_image == pytest.approx(shared / 1e9, rel=1e-3)
    # 4 windows of a matrix of 4 rows and 2 columns.
    for metrics in (alone, several):
        operations = 2 * 4 * 4 * 2
        assert metrics.gops_per_watt == pytest.approx(
            operations / (1e9 * metrics.joules_per_image), rel=1e-3
        )


def test_operands_that_crossbars_share_are_fetched_once_and_registered_twice() -> None:
    """Nothing is sent: 4 bytes enter and are fetched, 4 are made, read, made again and leave."""
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 4xui8", wwm=2),
            "%r = cnn.relu @r %a : tensor<4xui8> -> tensor<4xui8>",
        ],
        places=["@a tiles 0 to 2 crossbars [0, 1] at [0, 0]"],
        homes=["@a pes 0 times 2", "@r pes 0 times 2"],
        streams=["crossbars [0, 1] { ou.mvm @a windows 0 }"],
    )
    metrics = measure(text)
    assert metrics.actions["fetched_bytes"] == 4
    assert metrics.actions["registered_bytes"] == 8
    assert metrics.actions["activated_values"] == 8
    assert metrics.actions["written_bytes"] == 4 + 4 + 4
    assert metrics.actions["read_bytes"] == 4 + 4


def test_poolings_read_what_their_windows_read() -> None:
    metrics = measure(POOLED)
    assert metrics.actions["pooled_values"] == metrics.actions["read_bytes"] - 2 == 2 * 4


def test_bytes_read_are_packed_and_of_operands_of_different_widths() -> None:
    """2 values of 4 bits and 2 of 8 bits are read for a sum of 8 bits, in a byte and two."""
    text = deployment(
        input="4xui4",
        ops=[
            dense("a", "input", "4xui4 -> 2xui4"),
            dense("b", "input", "4xui4 -> 2xui8"),
            "%s = cnn.add @s %a, %b : tensor<2xui4>, tensor<2xui8> -> tensor<2xui8>",
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]", "@b tiles 0 crossbars 1 at [0, 0]"],
        homes=["@a pes 0", "@b pes 0", "@s pes 0"],
        streams=[
            "crossbars 0 { ou.mvm @a windows 0 }",
            "crossbars 1 { ou.mvm @b windows 0 }",
        ],
    )
    metrics = measure(text)
    assert metrics.actions["read_bytes"] == 3 + 2  # by the sum, and on their way out
    assert metrics.actions["written_bytes"] == 2 + 1 + 2 + 2


@pytest.mark.parametrize(("multicast", "reads"), [(True, 1), (False, 2)])
def test_every_packet_is_read_from_the_buffer_of_the_home(multicast: bool, reads: int) -> None:
    """The input at PE 0 is read in PEs 1 and 2 alone, whose results go back to it."""
    text = deployment(
        input="4x1x1xui8",
        ops=[convolution("a", "input", "4x1x1xui8 -> 4x1x1xui8", "1x1", wwm=2)],
        places=["@a tiles 0 to 2 crossbars [4, 8] at [0, 0]"],
        homes=["@a pes [1, 2]"],
        streams=["crossbars [4, 8] { ou.mvm @a windows 0 }"],
    )
    metrics = measure(text, machine(noc={"multicast": multicast}))
    assert metrics.actions["written_bytes"] == 4 + 2 * 4 + 4 + 4  # in, there, results, back
    assert metrics.actions["read_bytes"] == reads * 4 + 4 + 4  # sent, sent back, out
