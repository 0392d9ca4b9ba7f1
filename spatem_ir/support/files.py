"""The output files of a command: they appear together, or none does."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import BinaryIO

from spatem_ir.support.errors import SpatemError

Writer = Callable[[BinaryIO], object]
"""Writes the contents of a file into a stream that can seek."""


_begun: list[Collection[str]] = []
"""The outputs that are being written at this moment."""


def is_writing() -> bool:
    """Whether outputs are being written, which an interrupt must take back."""
    return bool(_begun)


def write_together(files: Mapping[str, bytes | Writer], inputs: Collection[str] = ()) -> None:
    """Write the contents of files: all of them, or none if one cannot be written.

    Contents are written beside the targets under names that nobody uses, then take their places;
    a file that was there lends its mode, and comes back if a later one fails.  A symbolic link
    stays, what it points to is written.  A device or pipe is written to, not replaced.

    Raises:
        SpatemError: one cannot be written, two are the same file, or one is a file of `inputs`.
    """
    check_outputs(files, inputs)
    written = [_Written(path) for path in files]
    _begun.append(files)
    try:
        for file, contents in zip(written, files.values(), strict=True):
            with _named(file.path):
                file.write(contents)
        for file in sorted(written, key=lambda file: not file.is_stream):
            with _named(file.path):
                file.appear()
    except BaseException:
        for file in written:
            file.disappear()
        raise
    finally:
        for file in written:
            file.clean_up()
        _begun.pop()


def check_outputs(outputs: Collection[str], inputs: Collection[str] = ()) -> None:
    """Check, before long work, that files can be written without loss of any other.

    Raises:
        SpatemError: a folder does not exist or is not writable, a file is a folder, two are the
            same file, or one is a file of `inputs`.
    """
    for path in outputs:
        with _named(path):
            _check_writable(path)
        for given in inputs:
            if _are_same(path, given):
                raise SpatemError(
                    f"{path}: is an input ({given}), which is not overwritten; name another file"
                )
    for one, other in combinations(outputs, 2):
        if _are_same(one, other):
            raise SpatemError(f"{one}: two outputs are this file ({other}); name different files")


def is_stream(path: str) -> bool:
    """Whether a path names a device, a pipe or a descriptor of this process: no file to replace."""
    if not os.path.exists(path):
        return False
    while os.path.islink(path):
        folder = os.path.realpath(os.path.dirname(path))
        if folder.startswith("/proc/"):
            return True
        path = os.path.join(folder, os.readlink(path))
    return not (os.path.isfile(path) or os.path.isdir(path))


@dataclass
class _Written:
    """A file on its way.

    Its contents are in `waiting`, those of a stream in `buffer`, a file without a name; what it
    replaces has a second name, `replaced`.
    """

    path: str
    waiting: Path | None = None
    replaced: Path | None = None
    buffer: BinaryIO | None = None
    is_new: bool = False

    def __post_init__(self) -> None:
        self.is_stream = is_stream(self.path)
        self.target = Path(os.path.realpath(self.path))

    def write(self, contents: bytes | Writer) -> None:
        """Write the contents where nobody looks."""
        if self.is_stream:
            self.buffer = tempfile.TemporaryFile()  # noqa: SIM115
            _fill(self.buffer, contents)
            return
        self.waiting = self._beside("partial")
        with self.waiting.open("xb") as file:
            if self.target.exists():
                status = self.target.stat()
                with suppress(PermissionError):
                    os.chown(self.waiting, status.st_uid, status.st_gid)
                self.waiting.chmod(stat.S_IMODE(status.st_mode))
            _fill(file, contents)

    def appear(self) -> None:
        """Let the contents take their place."""
        if self.buffer is not None:
            self.buffer.seek(0)
            with open(self.path, "ab", buffering=0) as stream:
                shutil.copyfileobj(self.buffer, stream)
            return
        assert self.waiting is not None
        self.is_new = not self.target.exists()
        if not self.is_new:
            backup = self._beside("replaced")
            with suppress(OSError):  # file systems without hard links
                os.link(self.target, backup)
                self.replaced = backup
        self.waiting.replace(self.target)

    def disappear(self) -> None:
        """Undo :meth:`appear`."""
        if self.waiting is None or self.waiting.exists():
            return
        if self.replaced is not None:
            self.replaced.replace(self.target)
        elif self.is_new:
            self.target.unlink(missing_ok=True)

    def clean_up(self) -> None:
        """Leave nothing behind but the target."""
        if self.buffer is not None:
            self.buffer.close()
        for path in (self.waiting, self.replaced):
            if path is not None:
                path.unlink(missing_ok=True)

    def _beside(self, ending: str) -> Path:
        """A name beside the target that nobody uses."""
        return self.target.with_name(f".{secrets.token_hex(8)}.{ending}")


def _fill(file: BinaryIO, contents: bytes | Writer) -> None:
    if isinstance(contents, bytes):
        file.write(contents)
    else:
        contents(file)


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Turn an error of the system into a line that names the file."""
    try:
        yield
    except OSError as error:
        raise SpatemError(f"{path}: cannot be written: {error.strerror}") from error


def _check_writable(path: str) -> None:
    """Check that a file can be written; an `OSError` has other reasons."""
    with suppress(FileNotFoundError):
        os.stat(path)
    if is_stream(path):
        if not os.access(path, os.W_OK):
            raise SpatemError(f"{path}: cannot be written")
        return
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        folder = target.parent if os.path.islink(path) else Path(path).parent
        raise SpatemError(f"{path}: cannot be written: there is no folder {folder}")
    is_closed = target.exists() and not os.access(target, os.W_OK)
    if target.is_dir() or is_closed or not os.access(target.parent, os.W_OK):
        raise SpatemError(f"{path}: cannot be written")


def _are_same(one: str, other: str) -> bool:
    """Whether two paths name the same file: by its path, or by what it is on the disk."""
    if is_stream(one) or is_stream(other):
        return False
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
