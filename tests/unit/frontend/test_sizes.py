"""Models of a few hundred bytes that ask for more memory than there is: one line, at once."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import parser
from unit.frontend.onnx_builder import ModelBuilder, imported

from spatem_ir.dialects.cnn import sizes
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.frontend import onnx_constants
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore

MOST_MEGABYTES = 700
"""Memory that a refusal takes at most."""


def doubling(first: str, operator: str, count: int, last: str) -> str:
    """Nodes of which each joins what the one before it gives with itself."""
    names = [first, *(f"d{number}" for number in range(1, count)), last]
    return " ".join(f"{new} = {operator}({old}, {old})" for old, new in pairwise(names))


MODELS = {
    "large input": (
        "g (float[n, 1000, 1000, 1000] x) => (float[n, a, b, c] y) { y = Relu(x) }",
        "its inputs have 1,000,000,000 elements",
    ),
    "expanded": (
        "g (float[n, 1, 1, 1] x) => (float[n, a, b, c] y) <int64[4] s = {1, 100, 1000, 1000}> "
        "{ y = Expand(x, s) }",
        "cnn.gather '%.*' needs 100,100,000 elements of activations at a time",
    ),
    "padded": (
        "g (float[n, 3, 8, 8] x) => (float[n, a, b, c] y) "
        "<int64[8] p = {0, 0, 5000, 5000, 0, 0, 5000, 5000}> { y = Pad(x, p) }",
        "cnn.pad @Pad1 needs 300,480,384 elements",
    ),
    "large windows": (
        "g (float[n, 1, 900, 900] x) => (float[n, a, b, c] y) "
        "{ y = MaxPool<kernel_shape = [600, 600], pads = [300, 300, 300, 300]>(x) }",
        "the windows of cnn.max_pool @MaxPool1 cover .* elements of a channel, .* times 360,000",
    ),
    "a window over a large map": (
        "g (float[n, 1, 2000, 2000] x) => (float[n, a, b, c] y) { y = GlobalAveragePool(x) }",
        "a window of cnn.global_average_pool @GlobalAveragePool1 covers 4,000,000 elements",
    ),
    "a convolution of constants": (
        "g (float[n, 3, 8, 8] x) => (float[n, a, b, c] y) "
        "<int64[4] k = {1, 3, 2000, 2000}, int64[4] l = {8, 3, 11, 11}> "
        "{ a = ConstantOfShape(k) w = ConstantOfShape(l) d = Conv(a, w) "
        "s = ReduceSum<keepdims = 0>(d) y = Add(x, s) }",
        "Conv of 'd': its operands are constant, and take 92,001,043,200 steps",
    ),
    "a pooling of a constant": (
        "g (float[n, 3, 8, 8] x) => (float[n, a, b, c] y) <int64[4] k = {1, 1, 3000, 3000}> "
        "{ a = ConstantOfShape(k) d = MaxPool<kernel_shape = [9, 9]>(a) "
        "s = ReduceSum<keepdims = 0>(d) y = Add(x, s) }",
        "MaxPool of 'd': its operands are constant, and take 729,000,000 steps",
    ),
    "a product of constants": (
        "g (float[n, 3, 8, 8] x) => (float[n, a, b, c] y) <int64[2] k = {8000, 8000}> "
        "{ a = ConstantOfShape(k) d = MatMul(a, a) s = ReduceSum<keepdims = 0>(d) "
        "y = Add(x, s) }",
        "MatMul of 'd': its operands are constant, and take 512,000,000,000 steps",
    ),
    "doubled activations": (
        "g (float[n, 3, 8, 8] x) => (float[n, a, b, c] y) "
        f"{{ {doubling('x', 'Concat<axis = 1>', 30, 'y')} }}",
        "cnn.concat '%Concat18' needs 75,497,472 elements",
    ),
    "doubled constants": (
        "g (float[n, 3, 8, 8] x) => (float[n, a, b, c] y) <float[3] k = {1, 2, 3}> "
        f"{{ {doubling('k', 'Concat<axis = 0>', 40, 'z')} s = ReduceSum<keepdims = 0>(z) "
        "y = Add(x, s) }",
        "Concat of 'd25': its constant result has 100663296 elements",
    ),
    "many constants": (
        "g (float[n, 3, 8, 8] x) => (float[n, a, b, c] y) <int64[1] k = {60000000}> "
        "{ a = ConstantOfShape(k) b = Neg(a) c = Neg(b) d = Neg(c) "
        "s = ReduceSum<keepdims = 0>(d) y = Add(x, s) }",
        "Neg of 'd': with its result the computed constants have 720000000 bytes",
    ),
    "a range": (
        "g (float[n, 3, 8, 8] x) => (float[n, a, b, c] y) "
        "<int64 z = {0}, int64 e = {1000000000}, int64 o = {1}> "
        "{ r = Range(z, e, o) y = Gather<axis = 3>(x, r) }",
        "Range of 'r': its constant result has 1000000000 elements",
    ),
}


def saved(path: Path, text: str) -> str:
    file = path / "net.onnx"
    onnx.save(parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]>{text}'), file)
    assert file.stat().st_size < 2000
    return str(file)


@pytest.mark.parametrize("case", MODELS)
def test_one_line(tmp_path: Path, case: str) -> None:
    text, message = MODELS[case]
    with pytest.raises(SpatemError, match=message) as caught:
        imported(saved(tmp_path, text))
    assert "\n" not in str(caught.value)


def peak(model: str, *options: str) -> tuple[int, float]:
    """The status of `spatem-run`, and its peak in megabytes.

    The peak is that of the program alone; `getrusage` counts what started it, too.
    """
    program = (
        "import re, sys\n"
        "from spatem_ir.cli.run import main\n"
        "status = main(sys.argv[1:])\n"
        "print(re.search(r'VmHWM:\\s*(\\d+) kB', open('/proc/self/status').read())[1])\n"
        "sys.exit(status)\n"
    )
    command = [sys.executable, "-c", program, model, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, int(done.stdout.splitlines()[-1]) / 1024


@pytest.mark.parametrize("case", ["doubled activations", "doubled constants", "many constants"])
def test_little_memory(tmp_path: Path, case: str) -> None:
    status, megabytes = peak(saved(tmp_path, MODELS[case][0]))
    assert status == 1
    assert megabytes < MOST_MEGABYTES


@pytest.mark.parametrize(
    "nodes",
    [
        "y = Erf(x)",
        "s = ConstantOfShape<value = float[1] {2.0}>(k) y = Mul(x, s)",
        "w = ConstantOfShape(l) y = Conv(x, w)",
    ],
)
def test_little_beside_what_is_computed(tmp_path: Path, nodes: str) -> None:
    """Of 2 million elements; tables for each of them, or lists of numbers, would be gigabytes."""
    text = (
        "g (float[n, 1, 1448, 1448] x) => (float[n, a, b, c] y) "
        f"<int64[4] k = {{1, 1, 1448, 1448}}, int64[4] l = {{1, 1, 1, 1}}> {{ {nodes} }}"
    )
    options = ["--level", "cnn", "--check", "onnxruntime"]
    status, megabytes = peak(saved(tmp_path, text), *options)
    assert status == 0
    assert megabytes < 2 * MOST_MEGABYTES


def test_what_is_compared_is_not_too_large(tmp_path: Path) -> None:
    text = "g (float[n, 1, 4097, 4096] x) => (float[n, a, b, c] y) { y = Relu(x) }"
    with pytest.raises(SpatemError, match=r"tensor %x has 16,781,312 elements; .* compares 16,777"):
        TensorCheck(imported(saved(tmp_path, text)).module, ParameterStore())


def test_what_is_read_is_needed_no_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A chain needs two tensors at a time, however long it is."""
    model = ModelBuilder(("n", 3, 10, 10))
    result = "x"
    for _ in range(20):
        result = model.node("Relu", result)
    path = model.save(tmp_path / "net.onnx", result)
    monkeypatch.setattr(sizes, "MOST_ELEMENTS", 600)
    imported(path)
    monkeypatch.setattr(sizes, "MOST_ELEMENTS", 599)
    with pytest.raises(SpatemError, match=r"cnn\.relu @relu0 needs 600 elements"):
        imported(path)


def test_views_of_constants_take_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = ModelBuilder(("n", 3, 4, 4))
    weights = model.node(
        "Transpose", model.constant(np.ones((3, 3, 3, 5), np.float32)), perm=[3, 0, 1, 2]
    )
    path = model.save(tmp_path / "net.onnx", model.node("Conv", "x", weights))
    monkeypatch.setattr(onnx_constants, "MOST_BYTES", 0)
    imported(path, raw=True)
