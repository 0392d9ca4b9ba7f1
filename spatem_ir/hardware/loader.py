"""Accelerators from TOML: named presets and files, checked key by key."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from spatem_ir.hardware.accelerator import Accelerator, contradictions
from spatem_ir.hardware.components import GROUPS, KINDS
from spatem_ir.hardware.parameters import Value
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ACCELERATOR = "isaac-ou"


def preset_names() -> list[str]:
    """Names of the presets that ship with the package."""
    return sorted(path.stem for path in _preset_folder().glob("*.toml"))


def preset_text(name: str) -> str:
    """The TOML file of a preset, with the sources of its values: a start for one of your own.

    Raises:
        SpatemError: there is no such preset.
    """
    named_preset(name)
    return _preset_path(name).read_text(encoding="utf-8")


@cache
def preset(name: str) -> Accelerator | None:
    """The accelerator of the preset with a name; None if there is no such preset."""
    path = _preset_path(name)
    return load_accelerator(name) if "/" not in name and path.is_file() else None


def named_preset(name: str) -> Accelerator:
    """The accelerator of the preset with a name.

    Raises:
        SpatemError: there is no such preset.
    """
    found = preset(name)
    if found is None:
        raise SpatemError(
            f"accelerator '{name}' has no parameters and is none of the presets "
            f"{', '.join(preset_names())}"
        )
    return found


def load_accelerator(name_or_file: str) -> Accelerator:
    """The accelerator with a preset's name, or described by a TOML file.

    Raises:
        SpatemError: unknown name, unreadable file, or a key that is missing, unknown, of the
            wrong type, out of range, or in contradiction with another.
    """
    import tomllib

    path = _preset_path(name_or_file)
    if "/" in name_or_file or not path.is_file():
        path = Path(name_or_file)
    if not path.is_file():
        raise SpatemError(
            f"unknown accelerator '{name_or_file}': neither a TOML file nor one of the presets "
            f"{', '.join(preset_names())}"
        )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SpatemError(f"{path}: not a readable TOML file: {error}") from error
    return accelerator_from_table(table, str(path))


def accelerator_from_table(table: Mapping[str, Any], origin: str) -> Accelerator:
    """Check a parsed TOML table against the parameter groups; `origin` names it in errors."""
    for key in table:
        if key != "name" and key not in GROUPS:
            raise SpatemError(
                f"{origin}: unknown key '{key}'; the known ones are name, {', '.join(GROUPS)}"
            )
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise SpatemError(f"{origin}: key 'name' is missing or not a text; give it a name")
    groups = {key: _group(key, table.get(key), origin) for key in GROUPS}
    accelerator = Accelerator(name=name, **groups)
    for contradiction in contradictions(accelerator):
        raise SpatemError(f"{origin}: {contradiction}")
    return accelerator


def _group(group_name: str, table: object, origin: str) -> Any:
    """Build one parameter group from its TOML table."""
    group = GROUPS[group_name]
    if table is None and all(field.default is not MISSING for field in fields(group)):
        return group()
    if not isinstance(table, dict):
        raise SpatemError(f"{origin}: table [{group_name}] is missing")
    kinds = KINDS.get(group_name, {})
    if kinds and "kind" in table:
        kind = table["kind"]
        if kind not in kinds:
            raise SpatemError(
                f"{origin}: key '{group_name}.kind' is {kind!r}; it must be one of "
                f"{', '.join(kinds)}"
            )
        group = kinds[kind].Parameters
    known = {f.name: f for f in fields(group)}
    for key in table:
        if key not in known and not (kinds and key == "kind"):
            raise SpatemError(
                f"{origin}: unknown key '{group_name}.{key}'; the known ones are {', '.join(known)}"
            )
    types = get_type_hints(group)
    values = {}
    for key, declared in known.items():
        where = f"{origin}: key '{group_name}.{key}'"
        if key not in table and declared.default is MISSING:
            raise SpatemError(f"{where} is missing ({declared.metadata['doc']})")
        values[key] = checked_value(declared, types[key], table.get(key, declared.default), where)
    return group(**values)


def checked_value(declared: Field[Any], expected: type, value: object, where: str) -> Value:
    """A parameter's value, if it has the declared type and lies in its range.

    Raises:
        SpatemError: it has not or does not; `where` names the parameter.
    """
    minimum, maximum = declared.metadata["minimum"], declared.metadata["maximum"]
    if expected is bool:
        if not isinstance(value, bool):
            raise SpatemError(f"{where} is {value!r}; it must be true or false")
        return value
    if issubclass(expected, StrEnum):
        if value not in list(expected):
            raise SpatemError(f"{where} is {value!r}; it must be one of {', '.join(expected)}")
        return expected(value)
    wanted = "a whole number" if expected is int else "a number"
    allowed = (int,) if expected is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise SpatemError(f"{where} is {value!r}; it must be {wanted} of at least {minimum}")
    if not minimum <= value <= maximum:
        raise SpatemError(f"{where} is {value}; it must be {wanted} from {minimum} to {maximum}")
    return expected(value)


def _preset_path(name: str) -> Path:
    return _preset_folder() / f"{name}.toml"


def _preset_folder() -> Path:
    return Path(__file__).parent / "presets"
