"""From any exception to the one line that tells a user what is wrong."""

from __future__ import annotations

from xdsl.utils.exceptions import (
    ArgSpecParseError,
    DiagnosticException,
    ParseError,
    UnregisteredConstructException,
)

from spatem_ir.support.errors import SpatemError

TRACEBACK_VARIABLE = "SPATEM_TRACEBACK"
"""Environment variable that makes the tools print Python tracebacks of errors."""


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
        case OSError(filename=None):
            return f"a standard stream cannot be read or written: {error.strerror or error}"
        case OSError():
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
