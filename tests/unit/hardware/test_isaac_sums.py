"""The preset's energies and areas add up to those of ISAAC.

Shafiee et al., ISCA 2016, table I, at 1.2 GHz.  There an in-situ multiply-accumulate unit (IMA) is
a CU, and a tile is a PE.  Every energy of the preset, times the peak rate of its component, is the
component's power; the rows for which the machine model counts no actions are static power.
"""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import noc_of

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.component import Actions
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.overrides import overridden

CLOCK_GHZ = 1.2
READ_NS = 100
"""One read of a crossbar: all its DACs, cells and sample-and-hold circuits work once."""
CROSSBARS, WORDLINES, BITLINES = 8, 128, 128
"""Of one IMA, which has an ADC for each crossbar and a DAC for each wordline."""
IMAS, TILES, TILES_PER_ROUTER = 12, 168, 4

PUBLISHED_GOPS_PER_WATT = 627.5
"""Peak throughput of ISAAC-CE's 168 tiles by the power of the whole chip."""


@pytest.fixture(scope="module")
def isaac() -> Accelerator:
    return load_accelerator("isaac-ou")


def ima_rows_mw(isaac: Accelerator) -> dict[str, float]:
    """Power of the rows of an IMA, milliwatt = picojoule per nanosecond."""
    energy = isaac.energy
    eight_bits, own_bits = 2**8 / 9, 2**isaac.ou.adc_bits / (isaac.ou.adc_bits + 1)
    return {
        "ADC": energy.adc_conversion_pj * eight_bits / own_bits * 1.28 * CROSSBARS,
        "DAC": energy.dac_pj_per_ns * CROSSBARS * WORDLINES,
        "S+H": isaac.power.crossbar_mw * CROSSBARS,
        "arrays": energy.cell_pj_per_ns * CROSSBARS * WORDLINES * BITLINES,
        "S+A": energy.shift_add_pj * CLOCK_GHZ * isaac.cu.adders_per_cycle,
        "IR": energy.register_byte_pj * CLOCK_GHZ * isaac.pe.port_bytes_per_cycle,
        "OR": isaac.power.cu_digital_mw,
    }


def tile_rows_mw(isaac: Accelerator) -> dict[str, float]:
    """Power of the rows of a tile that are in no IMA."""
    energy, pe = isaac.energy, isaac.pe
    ports = 8
    router = energy.link_byte_pj * CLOCK_GHZ * noc_of(isaac).link_bytes_per_cycle * ports
    return {
        "eDRAM and bus": energy.buffer_byte_pj * CLOCK_GHZ * pe.port_bytes_per_cycle,
        "router": router / TILES_PER_ROUTER,
        "sigmoid": energy.activation_pj * CLOCK_GHZ * pe.activations_per_cycle,
        "S+A": energy.shift_add_pj * CLOCK_GHZ * pe.adders_per_cycle,
        "max pool": energy.pooling_pj * CLOCK_GHZ * pe.poolings_per_cycle,
        "OR": isaac.power.pe_digital_mw,
    }


def test_the_rows_of_an_ima_are_those_of_the_table(isaac: Accelerator) -> None:
    rows = {name: round(power, 3) for name, power in ima_rows_mw(isaac).items()}
    assert rows == {
        "ADC": 16.0,
        "DAC": 4.0,
        "S+H": 0.01,
        "arrays": 2.4,
        "S+A": 0.2,
        "IR": 1.24,
        "OR": 0.23,
    }


def test_the_rows_of_a_tile_are_those_of_the_table(isaac: Accelerator) -> None:
    rows = {name: round(power, 3) for name, power in tile_rows_mw(isaac).items()}
    assert rows == {
        "eDRAM and bus": 20.7 + 7.0,
        "router": 42.0 / 4,
        "sigmoid": 0.52,
        "S+A": 0.05,
        "max pool": 0.4,
        "OR": 1.68,
    }


def test_twelve_imas_take_289_milliwatt(isaac: Accelerator) -> None:
    """12 * (16 + 4 + 0.01 + 2.4 + 0.2 + 1.24 + 0.23) = 12 * 24.08 = 288.96."""
    assert isaac.pe.compute_units == IMAS
    assert round(IMAS * sum(ima_rows_mw(isaac).values())) == 289


def test_a_tile_takes_330_milliwatt(isaac: Accelerator) -> None:
    """288.96 + 27.7 + 10.5 + 0.52 + 0.05 + 0.4 + 1.68 = 288.96 + 40.85 = 329.81."""
    tile = sum(tile_rows_mw(isaac).values())
    assert round(tile, 2) == 40.85
    assert round(IMAS * sum(ima_rows_mw(isaac).values()) + tile) == 330


def test_the_chip_takes_65_8_watt(isaac: Accelerator) -> None:
    """168 * 329.81 mW + 406.25 pJ * 25.6 GB/s = 55.4 W + 10.4 W."""
    tile = IMAS * sum(ima_rows_mw(isaac).values()) + sum(tile_rows_mw(isaac).values())
    port = isaac.energy.io_byte_pj * 4 * 6.4 + isaac.power.chip_io_mw
    assert round((TILES * tile + port) / 1000, 1) == 65.8


def test_the_peak_efficiency_is_the_published_one(isaac: Accelerator) -> None:
    """41.3 TOPS by 65.8 W, as the whole chip reads whole crossbars.

    A row of a crossbar holds 16 weights of 16 bits in 8 cells each, and inputs of 16 bits take 16
    reads of 100 ns: 2 · 128 · 16 operations of a crossbar in 1.6 µs.  All parts work at their peak
    rates meanwhile, so that the energy is that of the table.  Within 1 %: the machine model charges
    a shift-and-add after each of the 1.28 G conversions per second of an ADC, twice as many as
    ISAAC's four units do at 1.2 GHz (0.46 W, 0.7 %); powers of the table are rounded (0.1 %).
    """
    eight_bits = isaac.energy.adc_conversion_pj * (2**8 / 9) / (2**5 / 6)
    machine = overridden(
        isaac,
        {
            ("ou", "wordlines"): WORDLINES,
            ("ou", "bitlines"): BITLINES,
            ("ou", "cycles"): round(READ_NS * CLOCK_GHZ),
            ("ou", "adc_bits"): 8,
            ("energy", "adc_conversion_pj"): eight_bits,
        },
    )
    reads = 16
    nanoseconds, pes = reads * READ_NS, machine.pes
    cycles = round(nanoseconds * CLOCK_GHZ)
    crossbars, cus = machine.crossbars, pes * machine.cus_per_pe
    per_cycle = machine.pe
    actions = Actions(
        cycles=cycles,
        dac_conversions=reads * crossbars * WORDLINES,
        adc_conversions=reads * crossbars * BITLINES,
        cell_reads=reads * crossbars * WORDLINES * BITLINES,
        registered_bytes=cycles * cus * per_cycle.port_bytes_per_cycle,
        additions=cycles * pes * per_cycle.adders_per_cycle,
        fetched_bytes=cycles * pes * per_cycle.port_bytes_per_cycle,
        activated_values=cycles * pes * per_cycle.activations_per_cycle,
        pooled_values=cycles * pes * per_cycle.poolings_per_cycle,
        link_bytes=cycles * pes * 8 * noc_of(machine).link_bytes_per_cycle // TILES_PER_ROUTER,
        io_bytes=round(nanoseconds * 4 * 6.4),
    )
    operations = 2 * crossbars * WORDLINES * BITLINES // machine.cells_per_weight(16)
    nanojoules = sum(machine.components.energy_pj(actions).values()) / 1000
    assert operations / nanojoules == pytest.approx(PUBLISHED_GOPS_PER_WATT, rel=0.01)
    assert operations / nanojoules < PUBLISHED_GOPS_PER_WATT
    assert nanojoules / nanoseconds == pytest.approx(65.8 + 0.46, abs=0.1)


def test_a_tile_takes_0_372_square_millimetres(isaac: Accelerator) -> None:
    """12 * (8 * 0.00125125 + 0.00311) + 0.21485 = 12 * 0.01312 + 0.21485 = 0.372."""
    area = isaac.area
    ima = CROSSBARS * area.crossbar_mm2 + area.cu_digital_mm2
    assert ima == pytest.approx(0.0096 + 0.00017 + 0.00004 + 0.0002 + 0.00024 + 0.0021 + 0.00077)
    assert round(IMAS * ima, 3) == 0.157
    rest = 0.083 + 0.090 + 0.151 / TILES_PER_ROUTER + 0.0006 + 0.00006 + 0.00024 + 0.0032
    assert area.pe_digital_mm2 == pytest.approx(rest, abs=1e-5)
    assert round(IMAS * ima + area.pe_digital_mm2, 3) == 0.372


def test_the_parts_of_the_chip_add_up_to_85_4_square_millimetres(isaac: Accelerator) -> None:
    """168 * (12 * (0.01001 + 0.00311) + 0.21485) + 22.88 = 20.18 + 6.27 + 36.09 + 22.88."""
    parts = {name: round(area, 2) for name, area in isaac.area_parts_mm2.items()}
    assert parts == {
        "crossbars": 20.18,
        "compute_units": 6.27,
        "processing_elements": 36.09,
        "chip_io": 22.88,
    }
    assert round(isaac.area_mm2, 1) == 85.4
