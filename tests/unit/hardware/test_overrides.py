"""Accelerators of which some parameters are changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.overrides import checked_parameter, overridden, parameter_type
from spatem_ir.hardware.parameters import AdcMode
from spatem_ir.support.errors import SpatemError


def test_only_the_given_parameters_change() -> None:
    tiny = load_accelerator("tiny")
    changed = overridden(
        tiny, {("ou", "adc_bits"): 3, ("analog", "seed"): 5, ("analog", "cell_sigma"): 0.2}
    )
    assert changed == replace(
        tiny,
        ou=replace(tiny.ou, adc_bits=3),
        analog=replace(tiny.analog, seed=5, cell_sigma=0.2),
    )
    assert overridden(tiny, {}) == tiny


def test_contradictions_are_found() -> None:
    with pytest.raises(SpatemError) as caught:
        overridden(load_accelerator("tiny"), {("ou", "wordlines"): 17})
    assert str(caught.value) == (
        "'tiny' with the options of this run: ou.wordlines = 17 exceeds crossbar.wordlines = 16"
    )


def test_values_are_checked_as_the_declaration_says() -> None:
    assert parameter_type(("analog", "adc_mode")) is AdcMode
    assert checked_parameter(("analog", "adc_mode"), "clip", "--mode") is AdcMode.CLIP
    assert checked_parameter(("analog", "read_noise"), 1, "--noise") == 1.0
    with pytest.raises(SpatemError, match=r"^--noise is 11; it must be a number from 0 to 10$"):
        checked_parameter(("analog", "read_noise"), 11, "--noise")
