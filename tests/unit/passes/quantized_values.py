"""Random networks of float32 operators between quantisations, for tests of passes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from unit.passes.deployed import parsed
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.runtime.interpreter import execute
from spatem_ir.weights.store import ParameterStore

Shape = tuple[int, int, int]

MAXIMUM_SIZE = 200
"""Elements of the largest tensor."""

WINDOW = "<2x2, pads [1, 0, 0, 1]>"
"""A window that keeps the size of a feature map."""

UNARY = {
    "identity": "cnn.identity @{name} {x} : {t} -> {t}",
    "relu": "cnn.relu @{name} {x} : {t} -> {t}",
    "max_pool": "cnn.max_pool @{name} {x} " + WINDOW + " : {t} -> {t}",
    "leaky_relu": "cnn.leaky_relu @{name} {x} slope {a} : {t} -> {t}",
    "sigmoid": "cnn.sigmoid @{name} {x} : {t} -> {t}",
    "softmax": "cnn.softmax @{name} {x} axis 1 : {t} -> {t}",
    "lrn": "cnn.lrn @{name} {x} size 2 alpha 0.5 beta 0.75 bias 1.5 : {t} -> {t}",
    "affine": "cnn.affine @{name} {x} scale dense<{a}> : {c} shift dense<{b}> : {c} : {t} -> {t}",
    "lowest": "cnn.clip @{name} {x} from {a} : {t} -> {t}",
    "highest": "cnn.clip @{name} {x} to {b} : {t} -> {t}",
}
"""Operators of one operand, whose result has its type."""

OPERATORS = (*UNARY, "pad", "flatten", "transpose", "concat", "add", *["quantize"] * 5)


@st.composite
def codes(draw: st.DrawFn) -> str:
    """A quantised element type."""
    bits, signed = draw(st.sampled_from([2, 4, 8])), draw(st.booleans())
    least = -(2 ** (bits - 1)) if signed else 0
    zero_point = draw(st.sampled_from([0, least, least + 1, least + 2 ** (bits - 1)]))
    scale = draw(st.sampled_from([0.125, 0.5, 0.3]))
    return f"!cnn.quant<{'si' if signed else 'ui'}{bits}, {scale}, {zero_point}>"


@dataclass
class Text:
    """A network that grows: its lines, and its float32 values with their shapes."""

    draw: st.DrawFn
    lines: list[str] = field(default_factory=list)
    values: list[tuple[str, Shape]] = field(default_factory=list)
    outputs: list[tuple[str, str]] = field(default_factory=list)

    def append(self, text: str, shape: Shape | None) -> str:
        """Add an operation; its result is a float32 value if it has a shape."""
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        if shape is not None:
            self.values.append((name, shape))
        return name

    def operand(self) -> tuple[str, Shape]:
        """A value, which often is the last one."""
        is_last = self.draw(st.integers(0, 2)) > 0
        return self.values[-1] if is_last else self.draw(st.sampled_from(self.values))

    def quantize(self) -> None:
        """Quantise a value and dequantise it; the codes may become an output."""
        x, shape = self.operand()
        real, quantized = tensor(shape, "f32"), tensor(shape, self.draw(codes()))
        name = self.append(f"cnn.quantize {x} : {real} -> {quantized}", None)
        if self.draw(st.booleans()):
            self.outputs.append((name, quantized))
        self.append(f"cnn.dequantize {name} : {quantized} -> {real}", shape)

    def operator(self, kind: str) -> None:
        """Add an operator on some of the values."""
        if kind == "quantize":
            self.quantize()
            return
        x, shape = self.operand()
        name, t = f"n{len(self.lines)}", tensor(shape, "f32")
        a, b = (self.draw(st.sampled_from([-1.0, 0.0, 0.3, 1.5])) for _ in range(2))
        channels, height, width = shape
        match kind:
            case "pad":
                result = (channels, height + 1, width)
                pads = f"before [0, 1, 0] after [0, 0, 0] value {a}"
                text = f"cnn.pad @{name} {x} {pads} : {t} -> {tensor(result, 'f32')}"
            case "flatten":
                result = (channels, 1, height * width)
                text = f"cnn.flatten {x} : {t} -> {tensor(result, 'f32')}"
            case "transpose":
                result = (height, channels, width)
                text = f"cnn.transpose {x} [1, 0, 2] : {t} -> {tensor(result, 'f32')}"
            case "concat":
                y, other = self.draw(st.sampled_from(self.like(shape, rows_differ=True)))
                result = (channels + other[0], height, width)
                types = f"{t}, {tensor(other, 'f32')} -> {tensor(result, 'f32')}"
                text = f"cnn.concat {x}, {y} : {types}"
            case "add":
                y, result = self.draw(st.sampled_from(self.like(shape)))
                text = f"cnn.add @{name} {x}, {y} : {t}, {t} -> {t}"
            case _:
                result = shape
                c = f"tensor<{channels}xf32>"
                text = UNARY[kind].format(name=name, x=x, t=t, c=c, a=a, b=b)
        if prod(result) <= MAXIMUM_SIZE:
            self.append(text, result)

    def like(self, shape: Shape, *, rows_differ: bool = False) -> list[tuple[str, Shape]]:
        """The values of a shape, or with the same extents behind the first."""
        first = 1 if rows_differ else 0
        return [value for value in self.values if value[1][first:] == shape[first:]]

    def module(self, arguments: str) -> ModuleOp:
        """The network: its results are some codes, the values that nobody reads, and one more."""
        read = set(re.findall(r"%\w+", "".join(line.partition(" = ")[2] for line in self.lines)))
        chosen = {value for value in self.values if value[0] not in read}
        chosen.add(self.draw(st.sampled_from(self.values)))
        outputs = [*self.outputs, *((name, tensor(s, "f32")) for name, s in sorted(chosen))]
        names, types = (", ".join(part) for part in zip(*outputs, strict=True))
        lines = [
            f"cnn.network @net({arguments}) {{",
            *self.lines,
            f"  cnn.output {names} : {types}",
        ]
        return parsed("\n".join([*lines, "}"]))


def tensor(shape: tuple[int, ...], element: str) -> str:
    """A tensor type."""
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


@st.composite
def quantized_networks(draw: st.DrawFn) -> ModuleOp:
    """A network of operators that are defined on codes by their float32 function."""
    shape = (2, 3, 2)
    first, second = tensor(shape, draw(codes())), tensor(shape, draw(codes()))
    text = Text(draw, values=[("%real", shape)])
    for name, code in (("%x", first), ("%y", second)):
        text.append(f"cnn.dequantize {name} : {code} -> {tensor(shape, 'f32')}", shape)
    for kind in draw(st.lists(st.sampled_from(OPERATORS), min_size=5, max_size=15)):
        text.operator(kind)
    return text.module(f"%real: {tensor(shape, 'f32')}, %x: {first}, %y: {second}")


def random_inputs(module: ModuleOp, count: int = 6, seed: int = 3) -> list[NDArray[Any]]:
    """Inputs of a network: all codes alike, or reals that are often halfway between codes."""
    network = network_of(module)
    assert network is not None
    generator = np.random.default_rng(seed)
    arrays: list[NDArray[Any]] = []
    for argument in network.body.block.args:
        shape, code = (count, *shape_of(argument)), quantization_of(argument.type)
        if code is None:
            arrays.append((generator.integers(-64, 64, shape) / 16).astype(np.float32))
        else:
            arrays.append(generator.integers(code.minimum, code.maximum + 1, shape))
    return arrays


def results(
    module: ModuleOp, inputs: list[NDArray[Any]], store: ParameterStore | None = None
) -> list[NDArray[Any]]:
    """The results of a network."""
    return execute(module, inputs, store)
