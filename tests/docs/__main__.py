"""All commands of the pages, those that take long, too: ``python -m tests.docs [PAGE …]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.docs.pages import PAGES, run_page


def main(names: list[str]) -> int:
    """Run the pages that are named, or all; 1 if something differs."""
    status = 0
    for page in [Path(name).resolve() for name in names] or PAGES:
        with tempfile.TemporaryDirectory() as folder:
            problems = run_page(page, Path(folder), long=True)
        print(page.name, "differs" if problems else "ok", flush=True)
        if problems:
            status = 1
            print(*problems, sep="\n\n", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
