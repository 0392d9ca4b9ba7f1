"""From exceptions to one clear line on stderr and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from xdsl.utils.exceptions import ArgSpecParseError

from spatem_ir.cli.process import tune_process
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.explain import TRACEBACK_VARIABLE, message_of


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


def raise_usage_errors(parser: argparse.ArgumentParser) -> None:
    """Make a parser report wrong arguments as :class:`SpatemError` instead of exiting with 2."""

    def error(message: str) -> NoReturn:
        raise SpatemError(f"{message} (see --help)")

    parser.error = error  # type: ignore[method-assign]
