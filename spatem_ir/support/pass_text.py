"""The text of passes with options, as in ``order{buffers=ignore merge=pe}``."""

from __future__ import annotations

import re

from spatem_ir.support.errors import SpatemError


def check_options_once(text: str) -> None:
    """Check that no pass of a pipeline is given an option twice: the last value would win.

    Raises:
        SpatemError: one is.
    """
    unquoted = re.sub(r'"[^"]*"', "", text)
    for options in re.findall(r"\{([^{}]*)\}", unquoted):
        names = [name.replace("_", "-") for name in re.findall(r"([\w-]+)\s*=", options)]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise SpatemError(f"'{text}': gives the option '{name}' twice")
