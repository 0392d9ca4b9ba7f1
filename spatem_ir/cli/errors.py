"""From exceptions to one clear line on stderr and an exit status."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from xdsl.utils.exceptions import ArgSpecParseError

from spatem_ir.cli.process import tune_process
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.explain import TRACEBACK_VARIABLE, message_of
from spatem_ir.support.messages import printable


def run_tool(name: str, tool: Callable[[], None]) -> int:
    """Run a command-line tool; print an error as one line.

    Returns:
        0 on success, 1 on any error.
    """
    tune_process()
    open_streams()
    try:
        try:
            tool()
        finally:
            _flush()
    except SystemExit as stop:
        return 0 if stop.code in (None, 0) else 1
    except KeyboardInterrupt as stop:
        tell(f"{name}: {str(stop) or 'interrupted'}")
        return 1
    except BrokenPipeError:
        return 1
    except (Exception, ArgSpecParseError) as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exc()
        tell(f"{name}: {_reason(error)}")
        return 1
    return 0


def tell(text: str) -> None:
    """Say something on stderr, if anybody hears it."""
    with suppress(OSError, ValueError):
        print(printable(text), file=sys.stderr, flush=True)


def open_streams() -> None:
    """Have three standard streams; a closed one refuses everything, stderr takes and drops it.

    What the encoding of stdout or stderr has no characters for is escaped.
    """
    for name, mode in (("stdin", os.O_WRONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        stream = getattr(sys, name)
        if stream is None:
            descriptor = os.open(os.devnull, mode)
            kind = "r" if name == "stdin" else "w"
            stream = os.fdopen(descriptor, kind, encoding="utf-8")
            setattr(sys, name, stream)
        if name != "stdin" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    """Write what has been printed; later, when Python ends, there is nothing left to fail.

    Raises:
        SpatemError: it cannot be written.
        BrokenPipeError: nobody reads on.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise SpatemError(f"standard output cannot be written: {error.strerror}") from error


def _reason(error: BaseException) -> str:
    """The line that says what is wrong; first, whether the working directory is."""
    if isinstance(error, OSError):
        try:
            os.getcwd()
        except OSError:
            return "the working directory is gone; change to one that exists"
    return message_of(error)


def raise_usage_errors(parser: argparse.ArgumentParser) -> None:
    """Make a parser report wrong arguments as :class:`SpatemError` instead of exiting with 2."""

    def error(message: str) -> NoReturn:
        raise SpatemError(f"{message} (see --help)")

    parser.error = error  # type: ignore[method-assign]
