"""Deviations, faults and noise have the distributions that they are said to have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.runtime.analog import ONE
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.analog.cells import TileCells, conductances
from spatem_ir.runtime.analog.randomness import draw, draws, mix, noise, noise_scale


def cells(levels: NDArray[np.uint8], **place: object) -> TileCells:
    whole = TileCells(levels, per_weight=4, polarity=0, stage=0, crossbar=0, corner=(0, 0))
    return whole._replace(**place)


def conducted(where: TileCells, **analog: float) -> NDArray[np.float64]:
    machine = load_accelerator("isaac-ou")
    arithmetic = OuArithmetic.of(
        replace(machine, analog=replace(machine.analog, **analog))  # type: ignore[arg-type]
    )
    return conductances(where, arithmetic) / ONE


FULL = np.full((128, 128), 3, np.uint8)


def test_the_stream_is_splitmix64() -> None:
    """The first words of the generator that starts at 0, as its authors' code prints them."""
    assert [draw(0, n) for n in range(3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]
    numbers = np.arange(3, dtype=np.uint64)
    assert draws(0, numbers).tolist() == [draw(0, n) for n in range(3)]
    assert mix(0) == 0


@pytest.mark.parametrize("sigma", [0.05, 0.4])
def test_conductances_are_lognormal_around_the_level(sigma: float) -> None:
    deviations = np.log(conducted(cells(FULL), cell_sigma=sigma) / 3) / sigma
    assert abs(deviations.mean()) < 4 / 128
    assert abs(deviations.std() - 1) < 0.03
    assert (conducted(cells(FULL * 0), cell_sigma=sigma) == 0).all()


def test_stuck_cells_have_the_lowest_or_the_highest_level() -> None:
    ones = np.ones_like(FULL)
    reads = conducted(cells(ones), stuck_at_zero=0.2, stuck_at_one=0.1)
    shares = [(reads == level).mean() for level in range(4)]
    np.testing.assert_allclose(shares, [0.2, 0.7, 0, 0.1], atol=0.015)


def test_what_deviates_is_the_physical_cell() -> None:
    """The stage, and where a tile begins, do not matter; crossbar and polarity do."""
    whole = conducted(cells(FULL), cell_sigma=0.3, stuck_at_zero=0.1)
    part = conducted(
        cells(FULL[7:20, 30:60], corner=(7, 30), stage=5), cell_sigma=0.3, stuck_at_zero=0.1
    )
    np.testing.assert_array_equal(part, whole[7:20, 30:60])
    for place in ({"crossbar": 1}, {"polarity": 1}):
        other = conducted(cells(FULL, **place), cell_sigma=0.3, stuck_at_zero=0.1)
        assert abs(np.corrcoef(whole.ravel(), other.ravel())[0, 1]) < 0.04


def test_noise_is_nearly_gaussian() -> None:
    keys = draws(0, np.arange(2000, dtype=np.uint64))
    samples = noise(keys, 64, noise_scale(0.5)) / ONE
    assert abs(samples.mean()) < 0.005
    assert abs(samples.std() - 0.5) < 0.005
    kurtosis = (samples**4).mean() / (samples**2).mean() ** 2 - 3
    assert abs(kurtosis + 0.15) < 0.05
    flat = samples.ravel()
    for distance in (1, 2, 8, 64):
        assert abs(np.corrcoef(flat[:-distance], flat[distance:])[0, 1]) < 0.01
