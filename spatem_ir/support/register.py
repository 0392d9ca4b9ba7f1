"""Records by name: ours, and those that installed packages add by an entry point."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Collection


@cache
def entries_of(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group in all installed packages, by ascending name."""
    return tuple(sorted(entry_points(group=group), key=lambda entry: entry.name))


def added_entries(group: str, kind: str, ours: Collection[str]) -> dict[str, EntryPoint]:
    """The entry points of a group by name; nothing is imported.  `kind` says of what they are.

    Raises:
        SpatemError: two packages, or a package and we, give a record the same name.
    """
    found: dict[str, EntryPoint] = {}
    for entry in entries_of(group):
        other = "spatem-ir" if entry.name in ours else None
        if entry.name in found:
            other = package_of(found[entry.name])
        if other is not None:
            raise SpatemError(
                f"installed packages clash: {other} and {package_of(entry)} both have a {kind} "
                f"'{entry.name}'; uninstall one of them"
            )
        found[entry.name] = entry
    return found


def loaded(entry: EntryPoint, kind: str) -> object:
    """What an entry point names.

    Raises:
        SpatemError: it cannot be imported.
    """
    try:
        return entry.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise SpatemError(f"{kind} '{entry.name}' of {package_of(entry)}: {reason}") from error


def package_of(entry: EntryPoint) -> str:
    """The name of the package that an entry point is of."""
    return entry.value if entry.dist is None else entry.dist.name
