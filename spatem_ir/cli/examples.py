"""The examples that ship with the package, copied to where they can be changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from spatem_ir.support.errors import SpatemError

PACKAGE = Path(__file__).parents[1]

PLACES = (PACKAGE / "examples", PACKAGE.parent / "examples")
"""Where the examples are: in the package, or beside it in a checkout of the repository."""

NO_EXAMPLES = ("__pycache__", "*.py[cod]", "*.egg-info")
"""What running or installing an example leaves behind."""


def copy_examples(folder: Path) -> None:
    """Copy the examples into a new folder.

    Raises:
        SpatemError: there is a file or folder of that name already, or it cannot be made.
    """
    source = next(place for place in PLACES if place.is_dir())
    if folder.exists():
        raise SpatemError(f"{folder}: is there already; name a new folder")
    try:
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*NO_EXAMPLES))
    except OSError as error:
        raise SpatemError(f"{folder}: cannot be made: {error.strerror or error}") from error
