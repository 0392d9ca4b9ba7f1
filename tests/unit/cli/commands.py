"""Small networks and images, and `spatem-run` called on them in the folder of a test."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import pytest

from spatem_ir.cli.run import main

NETWORK = """\
cnn.network @net(%x: tensor<1x6x6xui8>) {
  %conv = cnn.conv @conv %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.05
    : tensor<1x6x6xui8> -> tensor<4x4x4xui8>
  %pool = cnn.max_pool @pool %conv <2x2, strides 2x2> : tensor<4x4x4xui8> -> tensor<4x2x2xui8>
  %flat = cnn.flatten %pool : tensor<4x2x2xui8> -> tensor<16xui8>
  %fc = cnn.dense @fc %flat weights #cnn.seeded<1, tensor<3x16xsi2>> scale 0.01
    : tensor<16xui8> -> tensor<3xsi8>
  cnn.output %fc : tensor<3xsi8>
}
"""

TWO_INPUTS = """\
cnn.network @net(%x: tensor<4xui8>, %y: tensor<4xui8>) {
  %both = cnn.concat %x, %y : tensor<4xui8>, tensor<4xui8> -> tensor<8xui8>
  %fc = cnn.dense @fc %both weights #cnn.seeded<0, tensor<2x8xsi2>> scale 0.5
    : tensor<8xui8> -> tensor<2xui8>
  cnn.output %fc : tensor<2xui8>
}
"""

TINY = ["net.mlir", "--accelerator", "tiny"]
VALUES_ONLY = [*TINY, "--engine", "none"]
PIPELINE = ["partition", "pack", "assign", "order"]
IMAGES = np.random.default_rng(5).integers(0, 256, (3, 1, 6, 6), np.uint8)


def result_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The JSON of a run that succeeds, from stdout."""
    capsys.readouterr()
    assert main([*arguments, "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return json.loads(captured.out)


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr of a run that fails, prints nothing else and writes no file."""
    before = set(os.listdir())
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert set(os.listdir()) == before
    assert captured.err.startswith("spatem-run: ")
    assert captured.err.endswith("\n")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("spatem-run: ").removesuffix("\n")
