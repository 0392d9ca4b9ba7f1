"""Single parameters of an accelerator changed: by options of a run, or step by step in a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import get_type_hints

from spatem_ir.hardware.accelerator import Accelerator, contradictions
from spatem_ir.hardware.components import GROUPS, KINDS
from spatem_ir.hardware.loader import accelerator_from_table, checked_value
from spatem_ir.hardware.parameters import Value
from spatem_ir.support.errors import SpatemError

Key = tuple[str, str]
"""A parameter: its group and its name."""

KIND = "kind"
"""The name of the key that says of which kind a component is."""

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


def rebuilt(accelerator: Accelerator, values: Mapping[Key, Value]) -> Accelerator:
    """The accelerator as its TOML file describes it with other values of some keys.

    Unlike :func:`overridden` it takes kinds of components, ``("noc", "kind")``, too; parameters
    that the new kind does not have are left out.

    Raises:
        SpatemError: a key is missing or unknown, a value is wrong, or keys contradict each other.
    """
    tables = {group: dict(table) for group, table in accelerator.tables.items()}
    for (group, name), value in values.items():
        if name == KIND and value in KINDS.get(group, {}):
            known = {field.name for field in fields(KINDS[group][str(value)].Parameters)}
            kept = {key: own for key, own in tables.get(group, {}).items() if key in known}
            tables[group] = {KIND: value, **kept}
    for (group, name), value in values.items():
        tables.setdefault(group, {})[name] = value
    changed = ", ".join(f"{group}.{name} = {value}" for (group, name), value in values.items())
    origin = f"'{accelerator.name}' with {changed}" if values else f"'{accelerator.name}'"
    return accelerator_from_table({"name": accelerator.name, **tables}, origin)
