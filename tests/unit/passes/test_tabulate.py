"""Functions of codes in a row become one table, and no code changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.frontend.onnx_builder import ModelBuilder, executed, imported, random_images, text_of
from unit.passes.deployed import parsed
from xdsl.context import Context

from spatem_ir.cli.run import main
from spatem_ir.driver.compile import compile_network
from spatem_ir.passes import tabulate
from spatem_ir.passes.tabulate import TabulatePass
from spatem_ir.runtime.interpreter import execute

SHAPE = (4, 8, 8)
IMAGES = random_images(8, *SHAPE)
SIGNED = (0.05, np.int8(3))


class Chain(ModelBuilder):
    """A network whose operators between two convolutions are quantised one by one."""

    code: tuple[float, np.integer[Any]] = (0.05, np.uint8(120))

    def quantized(self, tensor: str) -> str:
        return self.requantize(tensor, *self.code)

    def number(self, value: float) -> str:
        return self.constant(value, dtype=np.float32)

    def step(self, operator: str, *tensors: str, **attributes: Any) -> str:
        return self.quantized(self.node(operator, *tensors, **attributes))


def hard_swish(b: Chain, x: str) -> str:
    shifted = b.step("Add", x, b.number(3))
    clipped = b.step("Clip", shifted, b.number(0), b.number(6))
    return b.step("Mul", x, b.step("Div", clipped, b.number(6)))


def hard_swish_on_reals(b: Chain, x: str) -> str:
    clipped = b.node("Clip", b.node("Add", x, b.number(3)), b.number(0), b.number(6))
    return b.step("Mul", b.node("Mul", x, clipped), b.number(1 / 6))


def swish(b: Chain, x: str) -> str:
    return b.step("Mul", x, b.step("Sigmoid", x))


def cubic(b: Chain, x: str) -> str:
    """x + x³ / 16: tensors with several readers, all among the operators."""
    square = b.step("Mul", x, x)
    cube = b.step("Mul", square, x)
    return b.step("Sum", x, b.step("Mul", cube, b.number(1 / 16)), square)


def tanh_of_elu(b: Chain, x: str) -> str:
    return b.step("Tanh", b.step("Elu", x))


FUNCTIONS: list[Callable[[Chain, str], str]] = [
    hard_swish,
    hard_swish_on_reals,
    swish,
    cubic,
    tanh_of_elu,
]


def model(folder: Path, function: Callable[[Chain, str], str], *, signed: bool = False) -> str:
    """A convolution, a function of its codes, and another convolution."""
    b = Chain(["N", *SHAPE])
    if signed:
        b.code = SIGNED
    first = b.step("Conv", b.quantized("x"), b.weights(6, 4, 1, 1))
    last = b.step("Conv", function(b, first), b.weights(3, 6, 1, 1))
    return b.save(folder / "net.onnx", last, rank=4)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_code_changes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[Chain, str], str],
    signed: bool,
) -> None:
    path = model(tmp_path, function, signed=signed)
    joined = imported(path)
    with monkeypatch.context() as patch:
        patch.setattr(TabulatePass, "apply", lambda *_: None)
        whole = imported(path)
    operators = [line.split()[2] for line in text_of(joined).splitlines() if " = cnn." in line]
    assert [name for name in operators if name != "cnn.quantize"] == [
        "cnn.conv",
        "cnn.table",
        "cnn.conv",
        "cnn.dequantize",
    ]
    assert "cnn.table" not in text_of(whole)
    (one,), (other,) = executed(joined, IMAGES), executed(whole, IMAGES)
    np.testing.assert_array_equal(one, other)
    assert len(np.unique(one)) > 10


@pytest.mark.parametrize("function", FUNCTIONS)
def test_all_levels_and_onnxruntime_agree(
    tmp_path: Path, function: Callable[[Chain, str], str]
) -> None:
    path = model(tmp_path, function)
    assert main([path, "--level", "cnn", "--check", "onnxruntime", "--images", "8"]) == 0
    assert main([path, "--accelerator", "tiny", "--check", "levels", "--images", "2"]) == 0


def test_activation_units_have_less_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, latency, activated = model(tmp_path, hard_swish), [], []
    for does_tabulate in (False, True):
        with monkeypatch.context() as patch:
            if not does_tabulate:
                patch.setattr(TabulatePass, "apply", lambda *_: None)
            simulation = compile_network(path, "isaac-ou").simulate()
        latency.append(simulation.latency_cycles)
        activated.append(simulation.energy_parts_nj["activation_units"])
    assert latency[1] < latency[0]
    assert activated[1] < 0.6 * activated[0]


def test_long_chains_are_several_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at is bounded, so that the time is in proportion to the operators."""
    monkeypatch.setattr(tabulate, "MOST_OPS", 4)
    count, lines = 11, ["cnn.network @net(%x0: tensor<1xsi4>) {"]
    for number in range(count):
        types = "tensor<1xsi4> -> tensor<1xsi4>"
        lines.append(f"%x{number + 1} = cnn.neg @op{number} %x{number} : {types}")
    module = parsed("\n".join([*lines, f"cnn.output %x{count} : tensor<1xsi4>", "}"]))
    codes = np.arange(-8, 8, dtype=np.int8).reshape(-1, 1)
    (expected,) = execute(module, [codes])
    TabulatePass().apply(Context(), module)
    module.verify()
    assert str(module).count("cnn.table") == 3
    np.testing.assert_array_equal(execute(module, [codes])[0], expected)
