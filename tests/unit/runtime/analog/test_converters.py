"""Converters: their codes, what they resolve, and when a tile is exact."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.parameters import AdcMode
from spatem_ir.runtime.analog import LARGEST_SUM, ONE, numba_kernels
from spatem_ir.runtime.analog.adc import Adc
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.analog.kernels import OuShape
from spatem_ir.support.errors import SpatemError

adcs = st.builds(
    Adc,
    mode=st.sampled_from(AdcMode),
    bits=st.integers(1, 16),
    full_scale=st.integers(1, 3000) | st.integers(1, LARGEST_SUM - 1),
)


def converted(adc: Adc, total: int) -> int:
    """The definition in fractions."""
    level, highest = Fraction(total, ONE), 2**adc.bits - 1
    half = Fraction(1, 2)
    match adc.mode:
        case AdcMode.LOSSLESS:
            return max(0, floor(level + half))
        case AdcMode.CLIP:
            return min(max(0, floor(level + half)), highest)
        case AdcMode.ROUND:
            code = min(max(0, floor(level * highest / adc.full_scale + half)), highest)
            return floor(Fraction(code * adc.full_scale, highest) + half)


def compiled(adc: Adc, sums: list[int]) -> list[int]:
    """What the compiled kernels convert sums to, each the only cell that is driven."""
    table = numba_kernels.build_table(
        np.array([sums], np.int32), OuShape(1, 1, 1, 1, negative_top=False), adc
    )
    return table[0, 1].tolist()


@examples(300)
@given(adcs, st.data())
def test_sums_are_converted_as_defined(adc: Adc, data: st.DataObject) -> None:
    """Anywhere, and next to the sums at which the code changes."""
    sums = data.draw(st.lists(st.integers(-ONE * 50, ONE * LARGEST_SUM - 1), min_size=1))
    codes = data.draw(st.lists(st.integers(1, 2**adc.bits - 1), max_size=5))
    step = Fraction(adc.full_scale if adc.rounds else 2**adc.bits - 1, 2**adc.bits - 1) * ONE
    for code in codes:
        edge = floor((code - Fraction(1, 2)) * step)
        sums += [s for s in (edge - 1, edge, edge + 1) if s < ONE * LARGEST_SUM]
    expected = [converted(adc, total) for total in sums]
    assert adc.convert(np.array(sums, np.int32)).tolist() == expected
    assert compiled(adc, sums) == expected


@examples(100)
@given(adcs.filter(lambda adc: adc.full_scale <= 3000), st.integers(0, 3000))
def test_a_converter_resolves_what_it_converts_to_itself(adc: Adc, largest: int) -> None:
    largest = min(largest, adc.full_scale)
    unchanged = all(converted(adc, n * ONE) == n for n in range(largest + 1))
    assert adc.resolves(largest) is unchanged


def arithmetic(wordlines: int = 9, adc_bits: int = 5, **analog: object) -> OuArithmetic:
    machine = load_accelerator("isaac-ou")
    machine = replace(
        machine,
        ou=replace(machine.ou, wordlines=wordlines, adc_bits=adc_bits),
        analog=replace(machine.analog, **analog),  # type: ignore[arg-type]
    )
    return OuArithmetic.of(machine)


def test_tiles_of_few_rows_can_be_exact_where_others_are_not() -> None:
    """Four bits count to 15: five rows of cells of two bits."""
    lossy = arithmetic(adc_bits=4)
    assert [lossy.exact(rows) for rows in (1, 5, 6, 9, 128)] == [True, True, False, False, False]
    assert arithmetic(adc_bits=5).exact(128)
    assert arithmetic(adc_bits=1, adc_mode=AdcMode.LOSSLESS).exact(128)


@pytest.mark.parametrize("key", ["cell_sigma", "stuck_at_zero", "stuck_at_one", "read_noise"])
def test_cells_that_are_not_ideal_are_never_exact(key: str) -> None:
    imperfect = arithmetic(9, 5, **{key: 0.1})
    assert imperfect.lossless(128)
    assert not imperfect.exact(1)


def test_sums_that_are_too_large_are_refused() -> None:
    machine = replace(load_accelerator("isaac-ou"), name="wide")
    ou = replace(machine.ou, wordlines=128, dac_bits=12, adc_bits=16)
    wide = OuArithmetic.of(replace(machine, ou=ou))
    with pytest.raises(SpatemError, match="'wide': bitline sums of 1,572,480 levels"):
        wide.expect_computable("wide")
    replace(wide, analog=replace(wide.analog, adc_mode=AdcMode.LOSSLESS)).expect_computable("wide")
