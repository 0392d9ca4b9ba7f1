"""Single parameters of an accelerator changed: by options of a run, or step by step in a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import get_type_hints

from spatem_ir.hardware.accelerator import Accelerator, contradictions
from spatem_ir.hardware.components import GROUPS
from spatem_ir.hardware.loader import checked_value
from spatem_ir.hardware.parameters import Value
from spatem_ir.support.errors import SpatemError

Key = tuple[str, str]
"""A parameter: its group and its name."""

ADC_BITS: Key = ("ou", "adc_bits")
CELL_SIGMA: Key = ("analog", "cell_sigma")


def parameter_type(key: Key) -> type:
    """The type of a parameter's values."""
    group, name = key
    return get_type_hints(GROUPS[group])[name]


def checked_parameter(key: Key, value: object, where: str) -> Value:
    """The value of a parameter, if it has the right type and lies in its range.

    Raises:
        SpatemError: it has not or does not; `where` names the parameter.
    """
    group, name = key
    declared = next(field for field in fields(GROUPS[group]) if field.name == name)
    return checked_value(declared, parameter_type(key), value, where)


def overridden(accelerator: Accelerator, values: Mapping[Key, Value]) -> Accelerator:
    """The accelerator with other values of some parameters, each of them checked.

    Raises:
        SpatemError: the values contradict each other or the accelerator.
    """
    groups: dict[str, dict[str, Value]] = {}
    for (group, name), value in values.items():
        groups.setdefault(group, {})[name] = value
    changed = replace(
        accelerator,
        **{name: replace(getattr(accelerator, name), **group) for name, group in groups.items()},
    )
    for contradiction in contradictions(changed):
        raise SpatemError(f"'{accelerator.name}' with the options of this run: {contradiction}")
    return changed
