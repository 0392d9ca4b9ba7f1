"""A network of one layer, and `spatem-opt` called on what is wrong with it."""

from __future__ import annotations

import pytest

from spatem_ir.cli.opt import main

NETWORK = """\
cnn.network @net(%x: tensor<4xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<2x4xsi2>> scale 0.5
    : tensor<4xui8> -> tensor<2xui8>
  cnn.output %y : tensor<2xui8>
}
"""

WRONG_SHAPE = NETWORK.replace("tensor<2x4xsi2>", "tensor<3x4xsi2>")
NOT_CLOSED = NETWORK.replace(" -> tensor<2xui8>", "")


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr of a run that fails and prints nothing else."""
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("spatem-opt: ")
    assert captured.err.endswith("\n")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("spatem-opt: ").removesuffix("\n")
