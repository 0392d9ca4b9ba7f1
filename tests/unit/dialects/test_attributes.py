"""Attributes keep their exact value through their text."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.dialects.parsing import assert_spells, parse_attribute
from xdsl.dialects.builtin import (
    FloatAttr,
    IntAttr,
    IntegerType,
    ModuleOp,
    Signedness,
    TensorType,
    f32,
    i8,
)
from xdsl.ir import Attribute, Block
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.cnn import NetworkOp, OutputOp
from spatem_ir.dialects.cnn.attributes import (
    Quantization,
    QuantType,
    RangeAttr,
    WindowAttr,
    float32_literal,
    quantization_of,
)
from spatem_ir.dialects.hw import AcceleratorAttr, IndicesAttr
from spatem_ir.dialects.mvm import GridAttr, MatrixAttr, MatrixShape
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import MOST_PES
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.parameters import AdcMode, Encoding
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.leaky_relu import LeakyReluOp
from spatem_ir.operators.lrn import LrnOp

POSITIVE = st.integers(1, 999)
PAIRS = st.tuples(POSITIVE, POSITIVE)
PADS = st.tuples(*[st.integers(0, 99)] * 4)
ENERGIES = st.floats(0, 2**31 - 1, allow_nan=False)
SCALES = st.floats(width=32, min_value=2.0**-126, allow_infinity=False)
REALS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def test_text_of_presets() -> None:
    for name in ("isaac-ou", "tiny"):
        attribute = AcceleratorAttr(load_accelerator(name))
        assert parse_attribute(str(attribute)) == attribute


@given(
    ENERGIES,
    st.integers(1, MOST_PES // 2),
    st.booleans(),
    st.sampled_from(AdcMode),
    st.sampled_from(Encoding),
    st.floats(0, 2),
)
def test_accelerator(
    energy: float, rows: int, multicast: bool, mode: AdcMode, encoding: Encoding, sigma: float
) -> None:
    tiny = load_accelerator("tiny")
    attribute = AcceleratorAttr(
        replace(
            tiny,
            chip=replace(tiny.chip, pe_rows=rows),
            analog=replace(tiny.analog, adc_mode=mode, encoding=encoding, cell_sigma=sigma),
            noc=replace(tiny.noc, multicast=multicast),
            energy=replace(tiny.energy, cell_pj_per_ns=energy),
        )
    )
    assert parse_attribute(str(attribute)) == attribute


@given(st.lists(st.integers(-99, 99), max_size=9))
def test_indices(indices: list[int]) -> None:
    attribute = IndicesAttr.of(indices)
    assert list(attribute.data) == indices
    assert parse_attribute(str(attribute)) == attribute


def test_indices_of_a_range() -> None:
    assert IndicesAttr.range(3, 7).data == IndexSequence.of([3, 4, 5, 6])


@given(REALS, REALS)
def test_range(first: float, second: float) -> None:
    attribute = RangeAttr.of(min(first, second), max(first, second))
    assert attribute.limits == (min(first, second), max(first, second))
    assert parse_attribute(str(attribute)) == attribute


@pytest.mark.parametrize("limits", [(1.0, 0.0), (0.0, math.inf), (-math.inf, 0.0), (math.nan, 0.0)])
def test_ranges_are_finite(limits: tuple[float, float]) -> None:
    with pytest.raises(VerifyException, match=r"^range from .* to .* is empty or infinite$"):
        RangeAttr.of(*limits)


@given(st.builds(Window, PAIRS, PAIRS, PADS, PAIRS))
def test_window(window: Window) -> None:
    assert parse_attribute(str(WindowAttr(window))) == WindowAttr(window)


@given(st.builds(Grid, *[POSITIVE] * 6, st.sampled_from(Deal)))
def test_grid(grid: Grid) -> None:
    assert parse_attribute(str(GridAttr(grid))) == GridAttr(grid)


@given(st.builds(MatrixShape, *[POSITIVE] * 4))
def test_matrix(shape: MatrixShape) -> None:
    assert parse_attribute(str(MatrixAttr(shape))) == MatrixAttr(shape)


@given(REALS)
def test_float32_literal_is_exact_and_short(value: float) -> None:
    text = float32_literal(value)
    assert struct.pack("f", float(text)) == struct.pack("f", value)
    digits = text.partition("e")[0].replace(".", "").strip("-0")
    assert len(digits) <= 9


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (0.05, "0.05"),
        (1e-7, "1.0e-07"),
        (0.1234567891, "0.12345679"),
        (2e20, "2.0e+20"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (-1.5, "-1.5"),
        (-3e-8, "-3.0e-08"),
    ],
)
def test_float32_literal(value: float, text: str) -> None:
    assert float32_literal(value) == text


@given(st.integers(2, 16), st.booleans(), SCALES, st.data())
def test_quantised_type(bits: int, signed: bool, scale: float, data: st.DataObject) -> None:
    code = Quantization(bits, signed, scale, 0)
    zero_point = data.draw(st.integers(code.minimum, code.maximum))
    code = Quantization(bits, signed, scale, zero_point)
    kind = QuantType.of(code)
    assert quantization_of(kind) == code
    assert quantization_of(TensorType(kind, [2, 3])) == code
    assert parse_attribute(str(kind)) == kind


@pytest.mark.parametrize("scale", [math.inf, math.nan, 0.0, -0.0, -1.0])
def test_scales_are_positive_and_finite(scale: float) -> None:
    ui8 = IntegerType(8, Signedness.UNSIGNED)
    with pytest.raises(VerifyException, match=rf"^scale {scale} must be positive and finite$"):
        QuantType(ui8, FloatAttr(scale, f32), IntAttr(0))


@given(SCALES, REALS, st.one_of(st.none(), REALS), st.one_of(st.none(), REALS))
def test_numbers_of_operators(
    scale: float, slope: float, first: float | None, second: float | None
) -> None:
    lowest, highest = first, second
    if first is not None and second is not None:
        lowest, highest = min(first, second), max(first, second)
    block = Block(arg_types=[TensorType(f32, [2])])
    leaky = LeakyReluOp("leaky", block.args[0], slope)
    clip = ClipOp("clip", leaky.output, lowest, highest)
    scaled = LrnOp("lrn", clip.output, size=1, alpha=scale, beta=slope, bias=scale)
    block.add_ops([leaky, clip, scaled, OutputOp(operands=[[scaled.output]])])
    module = ModuleOp([NetworkOp("net", block)])
    assert_spells(module, str(module))


def test_plain_integers_stand_for_scale_one() -> None:
    ui8 = IntegerType(8, Signedness.UNSIGNED)
    assert QuantType.of(Quantization(8, False, 1.0, 0)) == ui8
    assert quantization_of(ui8) == Quantization(8, signed=False, scale=1.0, zero_point=0)


@pytest.mark.parametrize("kind", [f32, i8, TensorType(f32, [2]), TensorType(i8, [2])])
def test_types_without_an_integer_code(kind: Attribute) -> None:
    assert quantization_of(kind) is None


@pytest.mark.parametrize(
    ("bits", "signed", "smallest", "largest"),
    [(8, False, 0, 255), (8, True, -128, 127), (2, True, -2, 1), (1, False, 0, 1)],
)
def test_range_of_codes(bits: int, signed: bool, smallest: int, largest: int) -> None:
    code = Quantization(bits, signed, 1.0, 0)
    assert (code.minimum, code.maximum) == (smallest, largest)
