"""Options of a run that would do nothing on what is run are errors that say so."""

from __future__ import annotations

from collections.abc import Collection

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.overrides import ADC_BITS, Key
from spatem_ir.hardware.parameters import AdcMode
from spatem_ir.support.errors import SpatemError


def check_overrides(overridden: Collection[Key], accelerator: Accelerator) -> None:
    """Check that the parameters of an accelerator that were overridden are used.

    Raises:
        SpatemError: one is not: the bits of converters that lose nothing, the seed of nothing.
    """
    analog = accelerator.analog
    if ADC_BITS in overridden and analog.adc_mode is AdcMode.LOSSLESS:
        raise SpatemError("--adc-bits has no effect with lossless converters; give --adc-mode too")
    is_random = analog.cell_sigma or analog.stuck_at_zero or analog.stuck_at_one
    is_swept = ("analog", "cell_sigma") in overridden
    if ("analog", "seed") in overridden and not (is_random or analog.read_noise or is_swept):
        raise SpatemError(
            "--analog-seed has no effect: cells do not deviate and reads have no noise; give "
            "--cell-sigma, --stuck-at-zero, --stuck-at-one or --read-noise too"
        )


def check_values_reported(option: str, *, reported: bool) -> None:
    """Check that something is reported of values that are executed because of an option.

    Raises:
        SpatemError: nothing is.
    """
    if not reported:
        raise SpatemError(
            f"{option} has no effect alone: nothing is reported of the values; give --check or "
            "--outputs too"
        )
