"""Completion of the tools' arguments in shells."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from spatem_ir.support.errors import SpatemError

SHELLS = ("bash", "zsh", "tcsh")


class PrintCompletion(argparse.Action):
    """Prints a script that completes the arguments of a tool in a shell, and ends."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        try:
            import shtab
        except ImportError as error:
            raise SpatemError(
                "--print-completion needs shtab; install the extra completion: "
                "pip install 'spatem-ir[completion]'"
            ) from error
        print(shtab.complete(parser, shell=str(values)))
        parser.exit()


def add_completion(parser: argparse.ArgumentParser) -> None:
    """Add the argument that prints a tool's completion for a shell."""
    parser.add_argument(
        "--print-completion",
        action=PrintCompletion,
        choices=SHELLS,
        metavar="SHELL",
        default=argparse.SUPPRESS,
        help="print a script that completes this command in bash, zsh or tcsh",
    )
