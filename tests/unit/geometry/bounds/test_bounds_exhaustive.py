"""Lower bounds against the best of all deployments of tiny networks on tiny machines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.geometry.bounds.exhaustive import latencies, partitioned

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.geometry.bounds.bounds import LowerBounds, lower_bounds
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator

TINY = load_accelerator("tiny")


def chip(pes: int = 1, units: int = 1, crossbars: int = 1, wordlines: int = 4) -> Accelerator:
    """A row of PEs, of `units` CUs of some crossbars each, with OUs of some wordlines."""
    return replace(
        TINY,
        chip=replace(TINY.chip, pe_rows=1, pe_columns=pes),
        pe=replace(TINY.pe, compute_units=units),
        cu=replace(TINY.cu, crossbars=crossbars),
        ou=replace(TINY.ou, wordlines=wordlines),
    )


def one_cell(crossbars: int) -> Accelerator:
    """A chip of some crossbars of one cell each."""
    machine = chip(crossbars=crossbars, wordlines=1)
    cell = replace(machine.crossbar, wordlines=1, bitlines=1)
    return replace(machine, crossbar=cell, ou=replace(machine.ou, bitlines=1))


def dense(*features: int, bits: int = 1) -> str:
    """Dense layers one after the other: the features of the input and of every layer."""
    types = [f"tensor<{count}xui{bits}>" for count in features]
    ops = [
        f"%v{n} = cnn.dense @fc{n} %v{n - 1} weights #cnn.seeded<0, "
        f"tensor<{features[n]}x{features[n - 1]}xsi2>> scale 0.5 : {types[n - 1]} -> {types[n]}"
        for n in range(1, len(features))
    ]
    return network(types[0], ops, f"%v{len(features) - 1} : {types[-1]}")


def network(argument: str, ops: list[str], output: str) -> str:
    return "\n".join([f"cnn.network @net(%v0: {argument}) {{", *ops, f"cnn.output {output}", "}"])


def convolution(shape: str, kernel: str, result: str) -> str:
    """One channel of one bit in and out."""
    before, after = (f"tensor<1x{size}xui1>" for size in (shape, result))
    return (
        f"%v1 = cnn.conv @conv %v0 <{kernel}> weights #cnn.seeded<0, tensor<1x1x{kernel}xsi2>> "
        f"scale 0.5 : {before} -> {after}"
    )


ROW = network("tensor<1x1x3xui1>", [convolution("1x3", "1x1", "1x3")], "%v1 : tensor<1x1x3xui1>")
SQUARE = network("tensor<1x2x2xui1>", [convolution("2x2", "2x2", "1x1")], "%v1 : tensor<1x1x1xui1>")
POOLED = network(
    "tensor<1x1x3xui1>",
    [
        convolution("1x3", "1x1", "1x3"),
        "%v2 = cnn.max_pool @pool %v1 <1x2> : tensor<1x1x3xui1> -> tensor<1x1x2xui1>",
    ],
    "%v2 : tensor<1x1x2xui1>",
)
UNREAD = network(
    "tensor<1x1x3xui1>",
    [
        convolution("1x3", "1x1", "1x3"),
        "%v2 = cnn.max_pool @pool %v1 <1x2, strides 1x2> : tensor<1x1x3xui1> -> tensor<1x1x1xui1>",
    ],
    "%v2 : tensor<1x1x1xui1>",
)
"""Of three windows the pooling reads two."""
FLATTENED = network(
    "tensor<1x1x2xui1>",
    [
        convolution("1x2", "1x1", "1x2"),
        "%v2 = cnn.flatten %v1 : tensor<1x1x2xui1> -> tensor<2xui1>",
        "%v3 = cnn.dense @fc %v2 weights #cnn.seeded<0, tensor<1x2xsi2>> scale 0.5 : "
        "tensor<2xui1> -> tensor<1xui1>",
    ],
    "%v3 : tensor<1xui1>",
)


FULL = network(
    "tensor<1x1x3xui1>",
    [
        convolution("1x3", "1x1", "1x3"),
        "%v2 = cnn.max_pool @pool %v1 <1x3> : tensor<1x1x3xui1> -> tensor<1x1x1xui1>",
        "%v3 = cnn.flatten %v2 : tensor<1x1x1xui1> -> tensor<1xui1>",
        "%v4 = cnn.dense @fc %v3 weights #cnn.seeded<0, tensor<1x1xsi2>> scale 0.5 : "
        "tensor<1xui1> -> tensor<1xui1>",
    ],
    "%v4 : tensor<1xui1>",
)
"""Two layers of one weight each."""


def bounds_of(text: str, machine: Accelerator) -> LowerBounds:
    """The bounds of a network, which hold for every partition of it."""
    return lower_bounds(dataflow_of(next(partitioned(text, machine))), machine)


def bounded(text: str, machine: Accelerator) -> tuple[str, int, int]:
    """The name of the best bound, the bound, and the least latency of all deployments."""
    bounds = bounds_of(text, machine)
    best = min(latencies(text, machine))
    too_high = {name: bound for name, bound in bounds.by_name.items() if bound > best}
    assert not too_high, f"the best of all deployments takes {best} cycles"
    return bounds.name, bounds.largest, best


@pytest.mark.parametrize(
    ("name", "text", "machine"),
    [
        ("path", dense(2, 1, bits=2), chip()),
        ("path", dense(2, 1, bits=2), chip(crossbars=2)),
        ("path", dense(2, 1, bits=2), chip(units=2)),
        ("path", dense(3, 1), chip(crossbars=3, wordlines=1)),
        ("path", dense(2, 1, 1), chip(crossbars=2)),
        ("activation", dense(2, 2), chip()),
        ("crossbars", ROW, chip()),
        ("crossbars", ROW, chip(crossbars=2)),
        ("crossbars", ROW, chip(pes=2)),
        ("path", SQUARE, chip(crossbars=2)),
        ("crossbars", POOLED, chip()),
        ("crossbars", POOLED, chip(crossbars=2)),
        ("crossbars", UNREAD, chip()),
        ("crossbars", FLATTENED, chip()),
        ("activation", FLATTENED, chip(crossbars=2)),
        ("copies", FULL, one_cell(2)),
        ("path", dense(1, 1, 1, bits=2), chip()),
        ("path", dense(2, 1, 1, bits=2), chip(wordlines=1)),
    ],
)
def test_the_best_deployment_takes_as_long_as_the_bound(
    name: str, text: str, machine: Accelerator
) -> None:
    """No bound is too high, and one more cycle would be."""
    found, bound, best = bounded(text, machine)
    assert (found, bound) == (name, best)


DEPTHWISE = network(
    "tensor<2x1x2xui1>",
    [
        "%v1 = cnn.conv @conv %v0 <1x1> groups 2 weights #cnn.seeded<0, tensor<2x1x1x1xsi2>> "
        "scale 0.5 : tensor<2x1x2xui1> -> tensor<2x1x2xui1>",
    ],
    "%v1 : tensor<2x1x2xui1>",
)


@pytest.mark.parametrize("machine", [chip(), chip(crossbars=2)])
def test_no_bound_is_too_high_where_matrices_are_joined(machine: Accelerator) -> None:
    grids = [layer.grid for m in partitioned(DEPTHWISE, machine) for layer in dataflow_of(m).layers]
    assert {grid.joined for grid in grids if grid is not None} == {1, 2}
    _, bound, best = bounded(DEPTHWISE, machine)
    assert bound <= best


@pytest.mark.parametrize(
    ("text", "machine", "bound", "best"),
    [
        # Two PEs are no faster than one; the bound knows of no way between them.
        (dense(2, 1, bits=2), chip(pes=2), 11, 13),
        (dense(1, 2, bits=2), chip(pes=2), 12, 14),
        # One activation unit takes two cycles for two values, the second of which is late.
        (dense(2, 2, 1), chip(wordlines=1), 24, 25),
    ],
)
def test_the_bound_may_be_out_of_reach(
    text: str, machine: Accelerator, bound: int, best: int
) -> None:
    assert bounded(text, machine)[1:] == (bound, best)
