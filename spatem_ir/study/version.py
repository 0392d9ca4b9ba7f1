"""The version of all code on which results depend: that of another version may find others."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from spatem_ir import dialects, passes
from spatem_ir.support.register import entries_of

PACKAGES = ("numpy", "xdsl")
"""Packages on whose version results may depend."""

GROUPS = ("spatem_ir.metrics", "spatem_ir.strategies", "xdsl.universe")
"""The groups of entry points by which packages add to what is done."""


ROOT_FOLDERS = {"dialects": dialects, "passes": passes}
"""The packages that may be in another folder than the rest."""


@cache
def code_version() -> str:
    """Our version and a digest of our sources, and of the versions of what they use.

    It is the same on every machine that has the same code installed, editable or not.
    """
    digest = hashlib.sha256()
    for name, file in sorted(_sources().items()):
        digest.update(f"{name}\n".encode() + file.read_bytes())
    used = {name: version(name) for name in PACKAGES}
    for group in GROUPS:
        for entry in entries_of(group):
            if entry.dist is not None:
                used[entry.dist.name] = entry.dist.version
    digest.update(repr(sorted(used.items())).encode())
    return f"{version('spatem-ir')}+{digest.hexdigest()[:16]}"


def _sources() -> dict[str, Path]:
    """The files of the package by their names in it; `dialects` and `passes` may be elsewhere.

    Without the examples, which a wheel has in the package, an editable installation beside it.
    """
    found = {}
    ours = [(Path(__file__).parents[2], "")]
    ours += [(Path(each.__path__[0]), f"{name}/") for name, each in ROOT_FOLDERS.items()]
    for folder, prefix in ours:
        for file in folder.rglob("*.py"):
            name = prefix + file.relative_to(folder).as_posix()
            if not name.startswith("examples/"):
                found[name] = file
    return found
