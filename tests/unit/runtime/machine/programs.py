"""Tiny deployments as IR text, and how to run them on the reference engine.

The text of a deployment has one line per op; `deployment` adds the ops' names and the braces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.interconnect.mesh import MeshParameters
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import Program, program_of
from spatem_ir.universe import register_dialects

TINY = load_accelerator("tiny")


def noc_of(accelerator: Accelerator) -> MeshParameters:
    """The parameters of an accelerator's mesh."""
    assert isinstance(accelerator.noc, MeshParameters)
    return accelerator.noc


def machine(**groups: dict[str, int | float | bool]) -> Accelerator:
    """The accelerator `tiny` with some parameters replaced: `machine(noc={"hop_cycles": 3})`."""
    changed = {name: replace(getattr(TINY, name), **group) for name, group in groups.items()}
    return replace(TINY, **changed)


def row_of_pes(pes: int, **groups: dict[str, int | float | bool]) -> Accelerator:
    """The accelerator `tiny` with its PEs in one row."""
    return machine(chip={"pe_rows": 1, "pe_columns": pes}, **groups)


def dense(
    name: str,
    operand: str,
    types: str,
    *,
    weights: str = "si2",
    hwm: int = 1,
    wwm: int = 1,
    ib: int = 1,
    tile: str = "",
) -> str:
    """A dense layer: `dense("a", "input", "8xui2 -> 4xui8", hwm=2)`."""
    before, after = types.split(" -> ")
    rows, columns = int(before.split("x")[0]), int(after.split("x")[0])
    tile = tile or f"{-(-rows // hwm)}x{-(-columns // wwm)}"
    return (
        f"%{name} = mvm.layer @{name} %{operand} <1x1> "
        f"weights #cnn.seeded<0, tensor<{columns}x{rows}x{weights}>> scale 0.5 "
        f"matrix {rows}x{columns} windows 1 "
        f"grid <hwm = {hwm}, wwm = {wwm}, iw = 1 cyclic, ib = {ib}, tile {tile}> "
        f": tensor<{before}> -> tensor<{after}>"
    )


def convolution(
    name: str,
    operand: str,
    types: str,
    kernel: str,
    *,
    window: str = "",
    weights: str = "si2",
    hwm: int = 1,
    wwm: int = 1,
    iw: str = "1 cyclic",
) -> str:
    """A convolution: `convolution("a", "input", "1x4x4xui8 -> 2x3x3xui8", "2x2")`.

    `window` adds strides and padding to the kernel: `", strides 2x2"`.
    """
    before, after = types.split(" -> ")
    channels = int(before.split("x")[0])
    features, height, width = map(int, after.split("x")[:3])
    rows = channels * prod(map(int, kernel.split("x")))
    return (
        f"%{name} = mvm.layer @{name} %{operand} <{kernel}{window}> "
        f"weights #cnn.seeded<0, tensor<{features}x{channels}x{kernel}x{weights}>> scale 0.5 "
        f"matrix {rows}x{features} windows {height * width} "
        f"grid <hwm = {hwm}, wwm = {wwm}, iw = {iw}, ib = 1, "
        f"tile {-(-rows // hwm)}x{-(-features // wwm)}> : tensor<{before}> -> tensor<{after}>"
    )


def deployment(
    *,
    input: str,
    ops: Sequence[str],
    places: Sequence[str],
    homes: Sequence[str],
    streams: Sequence[str],
    merges: Sequence[str] = (),
    output: str = "",
) -> str:
    """The text of a module at level `ou`.

    By default the last op is the output, and partial sums merge everywhere.
    """
    results = [re.findall(r"tensor<[^>]*>", op)[-1] for op in ops]
    output = output or f"%{ops[-1].split()[0][1:]} : {results[-1]}"
    return "\n".join(
        [
            f"cnn.network @net(%input: tensor<{input}>) {{",
            *ops,
            f"cnn.output {output}",
            "}",
            "pxb.stage 0 {",
            *(f"pxb.place {place}" for place in places),
            *(f"pxb.home {home}" for home in homes),
            "}",
            "ou.stage 0 {",
            *(f"ou.stream {stream}" for stream in streams),
            *(f"ou.merge {merge}" for merge in merges),
            "}",
        ]
    )


def parse(text: str, accelerator: Accelerator = TINY) -> ModuleOp:
    """The verified module of a text, for an accelerator."""
    context = Context()
    register_dialects(context)
    module = Parser(context, text).parse_module()
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    module.verify()
    return module


def program(text: str, accelerator: Accelerator = TINY) -> Program:
    """The program of a text."""
    return program_of(parse(text, accelerator))


def run(
    text: str,
    accelerator: Accelerator = TINY,
    images: int = 1,
    dispatch: Dispatch = Dispatch.STATIC,
) -> Execution:
    """Execute a text on the reference engine."""
    return ReferenceEngine(program(text, accelerator), images, dispatch=dispatch).run()


def arrivals(execution: Execution, pe: int) -> list[tuple[int, int]]:
    """What enters a PE's buffer: (cycle, bytes), in order."""
    return [(time, size) for time, size in execution.buffers.changes[pe] if size > 0]


def departures(execution: Execution, pe: int) -> list[tuple[int, int]]:
    """What leaves a PE's buffer: (cycle, bytes), in order."""
    return [(time, -size) for time, size in execution.buffers.changes[pe] if size < 0]
