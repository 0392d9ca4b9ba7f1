"""What `spatem-opt` reads and writes: all or nothing, and nothing over its inputs."""

from __future__ import annotations

import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from unit.cli.opt_commands import NETWORK, NOT_CLOSED, WRONG_SHAPE, error_of

from spatem_ir.cli.opt import main

pytestmark = pytest.mark.usefixtures("folder")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.mlir"],
        ["lenet-6"],
        ["not-closed.mlir"],
        ["wrong-shape.mlir"],
        ["net.mlir", "--pass-pipeline=pack"],
        ["net.mlir", "--pass-pipeline=fold"],
        ["net.mlir", "--accelerator=isaac"],
        ["second-chunk.mlir", "--split-input-file"],
    ],
    ids=lambda arguments: arguments[-1],
)
@pytest.mark.parametrize("old", [None, "old contents"])
def test_nothing_is_written_on_failure(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], old: str | None
) -> None:
    (folder / "not-closed.mlir").write_text(NOT_CLOSED, encoding="utf-8")
    (folder / "wrong-shape.mlir").write_text(WRONG_SHAPE, encoding="utf-8")
    (folder / "second-chunk.mlir").write_text(f"{NETWORK}// -----\n{WRONG_SHAPE}", encoding="utf-8")
    if old is not None:
        (folder / "out.mlir").write_text(old, encoding="utf-8")
    before = contents(folder)
    error_of(capsys, *arguments, "-o", "out.mlir")
    assert contents(folder) == before


@pytest.mark.parametrize("old", [None, "old contents"])
def test_output_file_holds_what_is_printed(
    capsys: pytest.CaptureFixture[str], folder: Path, old: str | None
) -> None:
    if old is not None:
        (folder / "out.mlir").write_text(old, encoding="utf-8")
    arguments = ["net.mlir", "--accelerator=tiny", "--pass-pipeline=partition"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "mvm.layer @fc" in printed
    assert main([*arguments, "-o", "out.mlir"]) == 0
    assert capsys.readouterr().out == ""
    assert (folder / "out.mlir").read_text(encoding="utf-8") == printed
    assert sorted(contents(folder)) == ["net.mlir", "out.mlir"]


def test_output_file_is_replaced_at_once(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new contents are complete in a file of their own before they take the old one's place."""
    (folder / "out.mlir").write_text("old contents", encoding="utf-8")
    assert main(["net.mlir"]) == 0
    printed = capsys.readouterr().out

    def full_disk(partial: Path, path: Path) -> None:
        assert partial.read_text(encoding="utf-8") == printed
        assert path.read_text(encoding="utf-8") == "old contents"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    before = contents(folder)
    message = error_of(capsys, "net.mlir", "-o", "out.mlir")
    assert message == "out.mlir: cannot be written: No space left on device"
    assert contents(folder) == before


def test_output_into_a_folder_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    message = error_of(capsys, "net.mlir", "-o", "nowhere/out.mlir")
    assert message == "nowhere/out.mlir: cannot be written: there is no folder nowhere"


@pytest.mark.parametrize("output", ["net.mlir", "link.mlir", "hard.mlir"])
def test_the_input_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], folder: Path, output: str
) -> None:
    (folder / "link.mlir").symlink_to("net.mlir")
    os.link("net.mlir", "hard.mlir")
    before = contents(folder)
    message = error_of(capsys, "net.mlir", "-o", output)
    assert message == (
        f"{output}: is an input (net.mlir), which is not overwritten; name another file"
    )
    assert contents(folder) == before


def test_weights_that_are_read_are_not_overwritten(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert main(["lenet-digits-float", "-o", "quantised.mlir"]) == 0
    archive = (folder / "quantised.npz").read_bytes()
    message = error_of(capsys, "quantised.mlir", "-o", "./quantised.npz")
    assert message.startswith("./quantised.npz: is an input (quantised.npz), which is not over")
    assert (folder / "quantised.npz").read_bytes() == archive


def test_ir_may_go_to_a_pipe_but_weights_need_a_file(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    os.mkfifo("pipe")
    message = error_of(capsys, "lenet-digits-float", "-o", "pipe")
    assert message.endswith("the computed weights need a file; give -o or --weights")
    with ThreadPoolExecutor() as pool:
        read = pool.submit((folder / "pipe").read_text, encoding="utf-8")
        assert main(["lenet-digits-float", "-o", "pipe", "--weights", "weights.npz"]) == 0
        assert "cnn.network" in read.result()
    assert sorted(os.listdir()) == ["net.mlir", "pipe", "weights.npz"]
    assert (folder / "pipe").is_fifo()


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NETWORK.encode())))
    assert main(arguments) == 0
    from_stdin = capsys.readouterr().out
    assert main(["net.mlir"]) == 0
    assert capsys.readouterr().out == from_stdin
