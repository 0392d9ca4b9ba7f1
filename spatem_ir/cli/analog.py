"""Command-line options that change how exactly the accelerator computes, and their sweeps."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING

from spatem_ir.hardware.overrides import ADC_BITS, CELL_SIGMA
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.hardware.overrides import Key
    from spatem_ir.hardware.parameters import Value

OPTIONS: Mapping[str, Key] = {
    "--adc-mode": ("analog", "adc_mode"),
    "--adc-bits": ADC_BITS,
    "--encoding": ("analog", "encoding"),
    "--cell-sigma": CELL_SIGMA,
    "--stuck-at-zero": ("analog", "stuck_at_zero"),
    "--stuck-at-one": ("analog", "stuck_at_one"),
    "--read-noise": ("analog", "read_noise"),
    "--analog-seed": ("analog", "seed"),
}
"""The parameter that each option changes."""

STEPS: Mapping[Key, Decimal] = {ADC_BITS: Decimal(1), CELL_SIGMA: Decimal("0.1")}
"""The parameters that can be swept, and the steps of their ranges."""

MOST_VALUES = 100
"""Values of one sweep: a typing error must not start a run without end."""

LARGEST_EXPONENT = 30
"""Decimal exponent beyond which a number is taken for a typing error."""

DESCRIPTION = """\
Parameters of the accelerator that are other for this run; docs/machine.md has their definitions.
Several values of --adc-bits or --cell-sigma (a list 3,5,8 or a range 3..6, 0..0.3, 0..1:0.25) are a
sweep: the network is compiled once, executed with every combination, and the accuracies are
printed as one table, without cycles."""


def add_analog_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that change the accelerator's operation-unit arithmetic."""
    group = parser.add_argument_group("operation-unit arithmetic", DESCRIPTION)
    group.add_argument("--adc-mode", metavar="MODE", help="lossless, clip or round")
    group.add_argument(
        "--adc-bits",
        metavar="BITS",
        help="resolution of the converters, 1 to 16; cycles, energy and area stay those of the "
        "accelerator's own converters",
    )
    group.add_argument(
        "--encoding", metavar="NAME", help="offset or differential (needs --engine none)"
    )
    group.add_argument(
        "--cell-sigma", metavar="SIGMA", help="static deviation of cells, sigma of ln(conductance)"
    )
    group.add_argument("--stuck-at-zero", metavar="SHARE", help="cells stuck at the lowest level")
    group.add_argument("--stuck-at-one", metavar="SHARE", help="cells stuck at the highest level")
    group.add_argument(
        "--read-noise", metavar="SIGMA", help="noise of one bitline read, sigma in cell levels"
    )
    group.add_argument("--analog-seed", metavar="SEED", help="seed of deviations, faults and noise")


def analog_overrides(arguments: argparse.Namespace) -> dict[Key, tuple[Value, ...]]:
    """The values of the parameters for which an option was given: several in a sweep.

    Raises:
        SpatemError: a value is malformed or out of its range; the option is named.
    """
    from spatem_ir.hardware.overrides import checked_parameter, parameter_type

    overrides = {}
    for option, key in OPTIONS.items():
        text = getattr(arguments, option.removeprefix("--").replace("-", "_"))
        if text is None:
            continue
        numeric = parameter_type(key) in (int, float)
        given = numbers(option, text, STEPS.get(key)) if numeric else [text]
        checked = [checked_parameter(key, value, option) for value in given]
        overrides[key] = tuple(dict.fromkeys(checked))
    return overrides


def numbers(option: str, text: str, step: Decimal | None) -> list[int | float]:
    """The numbers that an option names; several only where ranges have a `step`.

    Raises:
        SpatemError: the text is no number, list or range, or names too many numbers.
    """
    if step is None:
        return [_plain(_decimal(text, f"{option} is '{text}'; give a number"))]
    complaint = f"{option} is '{text}'; give a number, a list A,B or a range A..B or A..B:STEP"
    items = (number for item in text.split(",") for number in _item(item, step, complaint))
    found = list(islice(items, MOST_VALUES + 1))
    if len(found) > MOST_VALUES:
        raise SpatemError(f"{option} is '{text}'; a sweep has at most {MOST_VALUES} values")
    return [_plain(number) for number in found]


def _item(item: str, step: Decimal, complaint: str) -> Iterator[Decimal]:
    """The numbers of one item of a list: `A`, `A..B` or `A..B:STEP`."""
    first, is_range, rest = item.partition("..")
    number = _decimal(first, complaint)
    if not is_range:
        yield number
        return
    last, has_step, given = rest.partition(":")
    stop = _decimal(last, complaint)
    step = _decimal(given, complaint) if has_step else step
    if stop < number or step <= 0:
        raise SpatemError(f"{complaint}, ascending")
    while number <= stop:
        yield number
        number += step


def _decimal(text: str, complaint: str) -> Decimal:
    """A decimal number whose size is within reason."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise SpatemError(complaint) from error
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise SpatemError(complaint)
    return number


def _plain(number: Decimal) -> int | float:
    """A whole number as int, any other as float."""
    return int(number) if number == number.to_integral_value() else float(number)
