"""From exceptions to one clear line on stderr and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from xdsl.utils.exceptions import (
    ArgSpecParseError,
    DiagnosticException,
    ParseError,
    UnregisteredConstructException,
)

from spatem_ir.cli.process import tune_process
from spatem_ir.support.errors import SpatemError

TRACEBACK_VARIABLE = "SPATEM_TRACEBACK"
"""Environment variable that makes the tools print Python tracebacks of errors."""


def run_tool(name: str, tool: Callable[[], None]) -> int:
    """Run a command-line tool; print an error as one line.

    Returns:
        0 on success, 1 on any error.
    """
    tune_process()
    try:
        tool()
        sys.stdout.flush()
    except SystemExit as stop:
        return 0 if stop.code in (None, 0) else 1
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, ArgSpecParseError) as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exc()
        print(f"{name}: {message_of(error)}", file=sys.stderr)
        return 1
    return 0


def message_of(error: BaseException) -> str:
    """The one line that tells a user what is wrong."""
    match error:
        case ParseError():
            return f"{error.span.get_location()}: {_first_line(error.msg)}"
        case SpatemError():
            return str(error)
        case ArgSpecParseError():
            return str(error).strip().splitlines()[-1].strip()
        case DiagnosticException() | UnregisteredConstructException():
            return _first_line(str(error))
        case FileNotFoundError() | PermissionError() | IsADirectoryError() | NotADirectoryError():
            return f"{error.filename}: {error.strerror}"
        case UnicodeDecodeError():
            return "the input is not UTF-8 text"
        case MemoryError():
            return "not enough memory"
        case RecursionError():
            return "the input is nested too deeply"
    return (
        f"internal error: {type(error).__name__}: {_first_line(str(error))} "
        f"(set {TRACEBACK_VARIABLE}=1 for the traceback)"
    )


def _first_line(text: str) -> str:
    prefix = "Operation does not verify: "
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line.removeprefix(prefix)


def raise_usage_errors(parser: argparse.ArgumentParser) -> None:
    """Make a parser report wrong arguments as :class:`SpatemError` instead of exiting with 2."""

    def error(message: str) -> NoReturn:
        raise SpatemError(f"{message} (see --help)")

    parser.error = error  # type: ignore[method-assign]
