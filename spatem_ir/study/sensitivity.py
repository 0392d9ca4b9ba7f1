"""The sensitivity sweep: one parameter of the machine at a time, around the study's accelerator.

[R] The paper evaluates one machine.  What physically belongs together changes together: a converter
of more bits takes longer (the time of an operation is proportional to its bits, as in the preset
`isaac-ou`) and more energy (2^bits / (bits + 1)), and an operation unit of more wordlines has the
converter that loses none of its sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.hardware.overrides import overridden
from spatem_ir.hardware.parameters import parameters_of
from spatem_ir.study.points import Point

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.hardware.overrides import Key
    from spatem_ir.hardware.parameters import Value

    Changes = Mapping[Key, Value]

MOST_ADC_BITS = 16
"""The most bits that the machine model allows."""


@dataclass(frozen=True)
class Setpoint:
    """One value of a swept parameter: what it is called, and the parameters that make it.

    No changes are the study's accelerator itself.
    """

    label: str
    changes: tuple[tuple[Key, Value], ...]


def sweeps(accelerator: Accelerator) -> dict[str, tuple[Setpoint, ...]]:
    """The values of every swept parameter, ascending, by what the parameter is called.

    Values that contradict the rest of the machine are left out.
    """
    return {name: _setpoints(accelerator, sweep) for name, sweep in SWEEPS.items()}


def sensitivity_points(
    accelerator: Accelerator, networks: Sequence[str], strategies: Sequence[str]
) -> list[Point]:
    """All points of the sweep."""
    return [
        Point(network, strategy, changes=setpoint.changes)
        for setpoints in sweeps(accelerator).values()
        for setpoint in setpoints
        for network in networks
        for strategy in strategies
    ]


def _setpoints(
    accelerator: Accelerator, sweep: Callable[[Accelerator], Mapping[str, Changes]]
) -> tuple[Setpoint, ...]:
    found = []
    for label, values in sweep(accelerator).items():
        changes = tuple(
            ((group, name), value)
            for (group, name), value in values.items()
            if parameters_of(getattr(accelerator, group))[name] != value
        )
        found.append(Setpoint(label, changes))
    return tuple(found)


def _ou_size(accelerator: Accelerator) -> Mapping[str, Changes]:
    ou, crossbar = accelerator.ou, accelerator.crossbar
    found: dict[str, Changes] = {}
    for twice in (1, 2, 4, 8):
        wordlines, bitlines = max(ou.wordlines * twice // 2, 1), max(ou.bitlines * twice // 2, 1)
        if wordlines > crossbar.wordlines or bitlines > crossbar.bitlines:
            continue
        size: Changes = {("ou", "wordlines"): wordlines, ("ou", "bitlines"): bitlines}
        lossless = min(overridden(accelerator, size).lossless_adc_bits, MOST_ADC_BITS)
        bits = ou.adc_bits if twice == 2 else lossless
        found[f"{wordlines} × {bitlines}"] = {**size, **_converter(accelerator, bits)}
    return found


def _adc_bits(accelerator: Accelerator) -> Mapping[str, Changes]:
    bits = accelerator.ou.adc_bits
    values = (value for value in range(bits - 2, bits + 2) if 1 <= value <= MOST_ADC_BITS)
    return {f"{value} bits": _converter(accelerator, value) for value in values}


def _converter(accelerator: Accelerator, bits: int) -> Changes:
    """Converters of other resolution, with the time of an operation and the energy that they need.

    The time is rounded to whole cycles; for `isaac-ou` that gives 10, 13, 16 and 19 cycles at 3, 4,
    5 and 6 bits.
    """
    ou, energy = accelerator.ou, accelerator.energy.adc_conversion_pj
    if bits == ou.adc_bits:
        return {}
    scale = 2.0 ** (bits - ou.adc_bits) * (ou.adc_bits + 1) / (bits + 1)
    return {
        ("ou", "adc_bits"): bits,
        ("ou", "cycles"): max((2 * ou.cycles * bits + ou.adc_bits) // (2 * ou.adc_bits), 1),
        ("energy", "adc_conversion_pj"): energy * scale,
    }


SWEEPS: dict[str, Callable[[Accelerator], Mapping[str, Changes]]] = {
    "link width": lambda accelerator: accelerator.components.interconnect.widths(),
    "adders of a CU, of a PE": lambda accelerator: accelerator.components.accumulation.speeds(),
    "OU size": _ou_size,
    "ADC resolution": _adc_bits,
    "PEs": lambda accelerator: accelerator.components.interconnect.sizes(),
}
"""The swept parameters: each gives the values by label, the accelerator's own among them."""
