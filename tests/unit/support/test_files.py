"""Output files appear together or not at all, and replace nothing but files."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from spatem_ir.support.errors import SpatemError
from spatem_ir.support.files import check_outputs, is_stream, write_together


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fails(file: BinaryIO) -> None:
    """Contents that cannot be written to their end."""
    file.write(b"some")
    raise OSError(28, "No space left on device")


def names(folder: Path) -> list[str]:
    """All names in a folder."""
    return sorted(os.listdir(folder))


def test_contents_are_bytes_or_what_writes_them(folder: Path) -> None:
    write_together({"a": b"a", "b": lambda file: file.write(b"b")})
    assert (Path("a").read_bytes(), Path("b").read_bytes()) == (b"a", b"b")
    assert names(folder) == ["a", "b"]


def test_none_is_written_if_one_cannot_be(folder: Path) -> None:
    Path("old").write_bytes(b"old")
    with pytest.raises(SpatemError, match=r"^full: cannot be written: No space left on device$"):
        write_together({"new": b"new", "old": b"new", "full": fails})
    assert names(folder) == ["old"]
    assert Path("old").read_bytes() == b"old"


def test_files_that_have_appeared_are_taken_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def refused(self: Path, target: Path) -> Path:
        if self.suffix == ".partial" and target.name == "last":
            raise PermissionError(1, "Operation not permitted")
        return replace(self, target)

    Path("old").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(SpatemError, match=r"^last: cannot be written: Operation not permitted$"):
        write_together({"old": b"new", "new": b"new", "last": b"new"})
    assert names(folder) == ["old"]
    assert Path("old").read_bytes() == b"old"


def test_an_interrupt_leaves_nothing(folder: Path) -> None:
    def interrupted(file: BinaryIO) -> None:
        file.write(b"some")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_together({"new": b"new", "other": interrupted})
    assert names(folder) == []


def test_a_link_stays_and_what_it_points_to_is_written(folder: Path) -> None:
    Path("below").mkdir()
    Path("link").symlink_to("below/target")
    for contents in (b"first", b"second"):
        write_together({"link": contents})
        assert Path("link").is_symlink()
        assert Path("below/target").read_bytes() == contents


def test_a_pipe_is_written_to(folder: Path) -> None:
    os.mkfifo("pipe")
    Path("link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with ThreadPoolExecutor() as pool:
            read = pool.submit(Path("pipe").read_bytes)
            write_together({name: b"contents"})
            assert read.result() == b"contents"
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    assert names(folder) == ["link", "pipe"]


def test_a_device_is_written_to(folder: Path) -> None:
    """The device is a terminal of this test's own: a fault must not cost the machine one."""
    ours, device = os.openpty()
    try:
        Path("link").symlink_to(os.ttyname(device))
        write_together({"link": lambda file: (file.write(b"ab"), file.seek(0))})
        assert os.read(ours, 2) == b"ab"
        assert Path("link").is_symlink()
        assert Path("link").is_char_device()
    finally:
        os.close(ours)
        os.close(device)
    assert names(folder) == ["link"]


def test_a_stream_that_fails_lets_no_file_appear(folder: Path) -> None:
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)

    def gone(file: BinaryIO) -> None:
        file.write(b"contents")
        os.unlink("pipe")
        Path("pipe").mkdir()

    try:
        with pytest.raises(SpatemError, match=r"^pipe: cannot be written: Is a directory$"):
            write_together({"new": b"contents", "pipe": gone})
    finally:
        os.close(reader)
    assert names(folder) == ["pipe"]


def test_a_descriptor_of_this_process_is_no_file_to_replace(folder: Path) -> None:
    with Path("file").open("wb") as file:
        Path("link").symlink_to(f"/proc/self/fd/{file.fileno()}")
        assert is_stream("link")
        write_together({"link": b"contents"})
        assert os.fstat(file.fileno()).st_ino == Path("file").stat().st_ino
    assert Path("file").read_bytes() == b"contents"


def test_the_mode_of_a_replaced_file_is_kept(folder: Path) -> None:
    Path("old").write_bytes(b"old")
    Path("old").chmod(0o640)
    write_together({"old": b"new", "new": b"new"})
    assert stat.S_IMODE(os.stat("old").st_mode) == 0o640
    umask = os.umask(0o022)
    os.umask(umask)
    assert stat.S_IMODE(os.stat("new").st_mode) == 0o666 & ~umask


def test_files_of_the_user_with_any_ending_stay(folder: Path) -> None:
    for ending in ("partial", "tmp", "replaced"):
        Path(f"out.{ending}").write_bytes(b"mine")
    write_together({"out": b"out"})
    assert names(folder) == ["out", "out.partial", "out.replaced", "out.tmp"]
    assert Path("out.partial").read_bytes() == b"mine"


@pytest.mark.parametrize("output", ["in", "./in", "link", "hard", "sub/../in"])
def test_an_input_is_not_overwritten(folder: Path, output: str) -> None:
    Path("sub").mkdir()
    Path("in").write_bytes(b"in")
    Path("link").symlink_to("in")
    os.link("in", "hard")
    with pytest.raises(SpatemError, match=r"is an input \(in\), which is not overwritten"):
        write_together({output: b"out"}, ["in"])
    assert Path("in").read_bytes() == b"in"


def test_two_outputs_are_two_files(folder: Path) -> None:
    Path("link").symlink_to("a")
    for other in ("./a", "link"):
        with pytest.raises(SpatemError, match=r"^a: two outputs are this file"):
            check_outputs(["a", "b", other])
    os.mkfifo("pipe")
    check_outputs(["pipe", "./pipe"], ["pipe"])


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nowhere/out", "there is no folder nowhere$"),
        ("x" * 300, "File name too long$"),
        ("folder", "$"),
        ("loop", "Too many levels of symbolic links$"),
    ],
)
def test_what_cannot_be_written_is_found_before_long_work(
    folder: Path, path: str, reason: str
) -> None:
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    with pytest.raises(SpatemError, match=rf"^{path}: cannot be written(: )?{reason}"):
        check_outputs([path])


def test_names_of_the_greatest_length_can_be_written(folder: Path) -> None:
    write_together({"x" * 255: b"contents"})
    assert names(folder) == ["x" * 255]
