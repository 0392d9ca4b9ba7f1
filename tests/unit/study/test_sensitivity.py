"""The values of the sensitivity sweep, on both presets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.runtime.machine.programs import noc_of

from spatem_ir.hardware.accelerator import Accelerator, doubts
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.overrides import overridden
from spatem_ir.study.sensitivity import SWEEPS, sensitivity_points, sweeps


def machines(accelerator: Accelerator, parameter: str) -> dict[str, Accelerator]:
    return {
        setpoint.label: overridden(accelerator, dict(setpoint.changes))
        for setpoint in sweeps(accelerator)[parameter]
    }


@pytest.mark.parametrize("preset", ["isaac-ou", "tiny"])
@pytest.mark.parametrize("parameter", SWEEPS)
def test_every_value_is_a_machine_and_one_is_the_given(preset: str, parameter: str) -> None:
    accelerator = load_accelerator(preset)
    found = machines(accelerator, parameter)
    assert len(found) == 4
    assert list(found.values()).count(accelerator) == 1


def test_links_and_adders() -> None:
    isaac = load_accelerator("isaac-ou")
    widths = [noc_of(m).link_bytes_per_cycle for m in machines(isaac, "link width").values()]
    assert widths == [2, 4, 8, 16]
    adders = machines(isaac, "adders of a CU, of a PE")
    assert [(m.cu.adders_per_cycle, m.pe.adders_per_cycle) for m in adders.values()] == [
        (4, 1),
        (8, 2),
        (16, 4),
        (32, 8),
    ]


def test_slower_converters_of_more_bits() -> None:
    found = machines(load_accelerator("isaac-ou"), "ADC resolution")
    cycles = {label: (m.ou.adc_bits, m.ou.cycles) for label, m in found.items()}
    assert cycles == {
        "3 bits": (3, 10),
        "4 bits": (4, 13),
        "5 bits": (5, 16),
        "6 bits": (6, 19),
    }
    energies = {label: m.energy.adc_conversion_pj for label, m in found.items()}
    assert energies["5 bits"] == load_accelerator("isaac-ou").energy.adc_conversion_pj
    # 2 mW / 1.28 GS/s at 8 bits, scaled as 2^bits / (bits + 1)
    assert energies["6 bits"] == pytest.approx(1.5625 * (2**6 / 7) / (2**8 / 9))


def test_operation_units_have_converters_that_lose_nothing() -> None:
    found = machines(load_accelerator("isaac-ou"), "OU size")
    sizes = {
        label: (m.ou.wordlines, m.ou.bitlines, m.ou.adc_bits, m.ou.cycles)
        for label, m in found.items()
    }
    assert sizes == {
        "4 × 4": (4, 4, 4, 13),
        "9 × 8": (9, 8, 5, 16),
        "18 × 16": (18, 16, 6, 19),
        "36 × 32": (36, 32, 7, 22),
    }
    assert not any(doubts(machine) for machine in found.values())


def test_operation_units_that_exceed_the_crossbar_are_left_out() -> None:
    isaac = load_accelerator("isaac-ou")
    small = replace(isaac, crossbar=replace(isaac.crossbar, bitlines=16))
    assert list(machines(small, "OU size")) == ["4 × 4", "9 × 8", "18 × 16"]


def test_meshes_of_few_pes() -> None:
    tiny = load_accelerator("tiny")
    meshes = [(m.chip.pe_rows, m.chip.pe_columns) for m in machines(tiny, "PEs").values()]
    assert meshes == [(1, 1), (1, 2), (2, 2), (4, 2)]
    single = overridden(tiny, {("chip", "pe_rows"): 1, ("chip", "pe_columns"): 1})
    assert list(machines(single, "PEs")) == ["1 × 1", "2 × 1"]


def test_points() -> None:
    points = sensitivity_points(load_accelerator("tiny"), ["a", "b"], ["spatem", "isaac"])
    assert len(points) == 4 * 4 * len(SWEEPS)
    assert len(set(points)) == 4 * (1 + 3 * len(SWEEPS))
