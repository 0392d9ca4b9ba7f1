"""Numbers derived from an accelerator's parameters, and the presets' known totals."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from spatem_ir.hardware.accelerator import Accelerator, CrossbarAddress, contradictions, doubts
from spatem_ir.hardware.components import GROUPS
from spatem_ir.hardware.loader import DEFAULT_ACCELERATOR, load_accelerator, preset_names
from spatem_ir.hardware.parameters import AdcMode, Analog, Encoding


@pytest.fixture
def isaac() -> Accelerator:
    return load_accelerator("isaac-ou")


@pytest.fixture
def tiny() -> Accelerator:
    return load_accelerator("tiny")


def test_presets() -> None:
    assert preset_names() == [
        "gao-16mb",
        "gao-32mb",
        "isaac-ou",
        "li-isaac",
        "ntu-ppsim",
        "pelke-bus",
        "tiny",
    ]
    assert DEFAULT_ACCELERATOR in preset_names()


@pytest.mark.parametrize("group", GROUPS)
def test_every_parameter_states_its_meaning_and_range(group: str) -> None:
    for parameter in fields(GROUPS[group]):
        assert parameter.metadata["doc"]
        assert parameter.metadata["minimum"] in (0, 1)
        assert parameter.metadata["maximum"] > parameter.metadata["minimum"]


def test_isaac_has_the_crossbars_of_the_spatem_study(isaac: Accelerator) -> None:
    assert isaac.pes == 168
    assert isaac.crossbars_per_pe == 96
    assert isaac.crossbars == 16_128
    assert isaac.cells_per_crossbar == 16_384
    assert isaac.components.compute_unit.operand_bytes == 256
    assert isaac.cycle_ns == pytest.approx(0.8333, abs=1e-4)


def test_isaac_is_as_large_as_isaac(isaac: Accelerator) -> None:
    """Shafiee et al., ISCA 2016, table I: a chip of 85.4 mm2 with tiles of 0.372 mm2."""
    pe = (isaac.area_mm2 - isaac.area.chip_io_mm2) / isaac.pes
    assert round(isaac.area_mm2, 1) == 85.4
    assert round(pe, 3) == 0.372


def test_tiny(tiny: Accelerator) -> None:
    assert (tiny.pes, tiny.crossbars_per_pe, tiny.crossbars) == (4, 4, 16)
    assert tiny.cells_per_crossbar == 256
    assert tiny.components.compute_unit.operand_bytes == 32
    assert tiny.cycle_ns == 1.0


@pytest.mark.parametrize("name", ["isaac-ou", "tiny"])
def test_presets_have_lossless_converters(name: str) -> None:
    accelerator = load_accelerator(name)
    assert accelerator.ou.adc_bits == accelerator.lossless_adc_bits


@pytest.mark.parametrize(
    ("wordlines", "cell_bits", "dac_bits", "adc_bits"),
    [
        (9, 2, 1, 5),
        (4, 2, 1, 4),
        (1, 1, 1, 1),
        (5, 2, 1, 4),
        (8, 1, 1, 4),
        (7, 1, 1, 3),
        (9, 2, 2, 7),
    ],
)
def test_lossless_adc_bits(
    tiny: Accelerator, wordlines: int, cell_bits: int, dac_bits: int, adc_bits: int
) -> None:
    machine = replace(
        tiny,
        crossbar=replace(tiny.crossbar, bits_per_cell=cell_bits),
        ou=replace(tiny.ou, wordlines=wordlines, dac_bits=dac_bits),
    )
    largest = wordlines * (2**cell_bits - 1) * (2**dac_bits - 1)
    assert machine.lossless_adc_bits == adc_bits
    assert 2 ** (adc_bits - 1) <= largest < 2**adc_bits


@pytest.mark.parametrize(
    ("mode", "consequence"),
    [
        (AdcMode.LOSSLESS, "analog.adc_mode is lossless, so values are computed as if it could"),
        (AdcMode.CLIP, "sums above 7 are clipped"),
        (AdcMode.ROUND, "sums are rounded to 8 levels"),
    ],
)
def test_too_few_adc_bits_are_doubted(tiny: Accelerator, mode: AdcMode, consequence: str) -> None:
    machine = replace(tiny, analog=replace(tiny.analog, adc_mode=mode))
    assert doubts(machine) == []
    assert doubts(replace(machine, ou=replace(tiny.ou, adc_bits=3))) == [
        "'tiny': ou.adc_bits = 3 cannot tell all sums of an operation unit apart, 4 bits can; "
        + consequence
    ]


@pytest.mark.parametrize("name", ["isaac-ou", "tiny"])
def test_presets_have_ideal_cells(name: str) -> None:
    analog = load_accelerator(name).analog
    assert analog == Analog(AdcMode.CLIP, Encoding.OFFSET, 0.0, 0.0, 0.0, 0.0, 0)


@pytest.mark.parametrize(("bits", "cells"), [(1, 1), (2, 1), (3, 2), (8, 4), (16, 8)])
def test_cells_per_weight(isaac: Accelerator, bits: int, cells: int) -> None:
    assert isaac.cells_per_weight(bits) == cells


def test_addresses_count_through_crossbars_units_and_elements(tiny: Accelerator) -> None:
    machine = replace(tiny, pe=replace(tiny.pe, compute_units=3), cu=replace(tiny.cu, crossbars=5))
    addresses = [machine.address(crossbar) for crossbar in range(machine.crossbars)]
    assert addresses == [
        CrossbarAddress(pe, cu, crossbar)
        for pe in range(machine.pes)
        for cu in range(3)
        for crossbar in range(5)
    ]


def test_area_is_the_sum_over_components(tiny: Accelerator) -> None:
    area = replace(
        tiny.area, crossbar_mm2=1.0, cu_digital_mm2=10.0, pe_digital_mm2=100.0, chip_io_mm2=1000.0
    )
    assert replace(tiny, area=area).area_mm2 == 16 * 1 + 8 * 10 + 4 * 100 + 1000


def test_presets_have_no_contradictions(isaac: Accelerator, tiny: Accelerator) -> None:
    assert contradictions(isaac) == contradictions(tiny) == []


def test_all_contradictions_are_found(tiny: Accelerator) -> None:
    machine = replace(
        tiny,
        ou=replace(tiny.ou, wordlines=17, bitlines=18),
        cu=replace(tiny.cu, input_register_bytes=1),
    )
    assert contradictions(machine) == [
        "ou.wordlines = 17 exceeds crossbar.wordlines = 16",
        "ou.bitlines = 18 exceeds crossbar.bitlines = 16",
        "cu.input_register_bytes leaves no byte for each of the 2 crossbars of a CU",
    ]
