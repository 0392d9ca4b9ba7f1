"""Transpositions move until they meet their inverses, and change no value."""

from __future__ import annotations

import random
from itertools import permutations

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import applied, parsed
from unit.passes.quantized_values import results, tensor
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn import TransposeOp
from spatem_ir.passes.sink_transposes import SinkTransposesPass

ORDERS = sorted(permutations(range(3)))


class Drawn:
    """The lines of a network of random operators on float32."""

    def __init__(self, seed: int, *, last: int):
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.values: list[tuple[str, tuple[int, ...]]] = [("%x", (3, 4, 5))]
        for _ in range(last):
            self.append()

    def append(self) -> None:
        """One more operator, on some earlier value."""
        name, shape = self.random.choice(self.values[-3:])
        kind = self.random.choice(["transpose"] * 3 + ["relu", "pad", "gather", "add", "affine"])
        operands, types, result = name, tensor(shape, "f32"), shape
        number = len(self.values)
        match kind:
            case "transpose":
                order = self.random.choice(ORDERS)
                result = tuple(shape[axis] for axis in order)
                text = f"cnn.transpose {name} {list(order)}"
            case "pad":
                before = [self.random.randrange(2) for _ in shape]
                result = tuple(map(sum, zip(before, shape, strict=True)))
                text = f"cnn.pad @n{number} {name} before {before} after [0, 0, 0] value 0.5"
            case "gather":
                axis = self.random.randrange(3)
                result = (*shape[:axis], 1, *shape[axis + 1 :])
                last = shape[axis] - 1
                text = f"cnn.gather {name} dimension {axis} indices {last} to {last + 1}"
            case "add":
                fits = [v for v in self.values if v[1] == shape or sorted(v[1])[:2] == [1, 1]]
                fits = [
                    v for v in fits if all(a in (1, b) for a, b in zip(v[1], shape, strict=True))
                ]
                if not fits:
                    return
                other, extents = self.random.choice(fits)
                types = f"{types}, {tensor(extents, 'f32')}"
                text = f"cnn.add @n{number} {operands}, {other}"
            case "affine":
                numbers = [self.random.choice([2.0, 2.0, 0.5]) for _ in range(shape[0])]
                if self.random.random() < 0.5:
                    numbers = [2.0] * shape[0]
                values = f"dense<{numbers}> : {tensor(shape[:1], 'f32')}"
                text = f"cnn.affine @n{number} {name} scale {values} shift {values}"
            case _:
                text = f"cnn.relu @n{number} {name}"
        self.lines.append(f"  %v{number} = {text} : {types} -> {tensor(result, 'f32')}")
        self.values.append((f"%v{number}", result))

    def module(self) -> ModuleOp:
        """The network; its outputs are the last three values."""
        outputs = self.values[-3:]
        names = ", ".join(name for name, _ in outputs)
        types = ", ".join(tensor(shape, "f32") for _, shape in outputs)
        lines = ["cnn.network @net(%x: tensor<3x4x5xf32>) {", *self.lines]
        return parsed("\n".join([*lines, f"  cnn.output {names} : {types}", "}"]))


@examples(100)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_no_value_changes(seed: int, operators: int) -> None:
    module = Drawn(seed, last=operators).module()
    images = [np.random.default_rng(seed).normal(size=(2, 3, 4, 5)).astype(np.float32)]
    before = results(module, images)
    after = results(applied(module, [SinkTransposesPass()]), images)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


MAPS, TURNED = "tensor<4x5x6xf32>", "tensor<5x6x4xf32>"


@pytest.mark.parametrize(
    "operators",
    [
        [f"cnn.relu @f %t : {TURNED} -> {TURNED}"],
        [f"cnn.leaky_relu @f %t slope 0.1 : {TURNED} -> {TURNED}"],
        [f"cnn.add @f %t, %t : {TURNED}, {TURNED} -> {TURNED}"],
        [
            f"cnn.pad @f %t before [1, 0, 0] after [0, 0, 0] value 0.0 : {TURNED} -> "
            "tensor<6x6x4xf32>"
        ],
    ],
)
def test_a_pair_around_an_operator_is_gone(operators: list[str]) -> None:
    extents = "6x6" if "pad" in operators[0] else "5x6"
    types = f"tensor<{extents}x4xf32> -> tensor<4x{extents}xf32>"
    text = [
        f"cnn.network @net(%x: {MAPS}) {{",
        f"  %m = cnn.sigmoid @m %x : {MAPS} -> {MAPS}",
        f"  %n = cnn.add @n %m, %m : {MAPS}, {MAPS} -> {MAPS}",
        f"  %t = cnn.transpose %n [1, 2, 0] : {MAPS} -> {TURNED}",
        *(f"  %y = {operator}" for operator in operators),
        f"  %z = cnn.transpose %y [2, 0, 1] : {types}",
        f"  cnn.output %z : tensor<4x{extents}xf32>",
        "}",
    ]
    module = applied(parsed("\n".join(text)), [SinkTransposesPass()])
    assert not any(isinstance(op, TransposeOp) for op in module.walk())
