"""Turns in the IR (R13): what synchronize and expand-ou write, and corrupted programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from unit.runtime.machine.programs import TINY
from unit.runtime.machine.shared_machines import with_shared_memory
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.hardware.interconnect.bus import BusParameters
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.expand_ou import ExpandOuPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.passes.synchronize import SCHEMES, SynchronizePass
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.critical_path import PathPart, critical_path
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.machine.engine import executor
from spatem_ir.universe import register_dialects

MACHINE = with_shared_memory(
    replace(
        TINY,
        noc=BusParameters(bytes_per_cycle=4, request_cycles=1),
        cu=replace(TINY.cu, input_register_bytes=32),
    )
)
"""Crossbars of 16 × 16 cells in a row of PEs on a bus of 4 bytes."""

NETWORK = """
cnn.network @net(%x: tensor<40x1x3xui8>) {
  %a = cnn.conv @a %x <1x1> weights #cnn.seeded<0, tensor<4x40x1x1xsi2>> scale 0.01 :
    tensor<40x1x3xui8> -> tensor<4x1x3xui8>
  cnn.output %a : tensor<4x1x3xui8>
}
"""
"""A convolution of 40 rows, 3 parts of at most 16, over 3 positions."""


def read(text: str) -> ModuleOp:
    context = Context()
    register_dialects(context)
    module = Parser(context, text).parse_module()
    module.attributes.setdefault(ACCELERATOR_ATTRIBUTE, AcceleratorAttr(MACHINE))
    return module


def deployed(scheme: str, *, spelled_out: bool = False) -> ModuleOp:
    """The network on crossbars 0, 4 and 8, one for each part."""
    module = read(NETWORK)
    passes = [
        PartitionPass(strategy="minimum"),
        PackPass(method="exclusive"),
        AssignPass(method="sequential"),
        SynchronizePass(scheme=scheme),
        OrderPass(),
    ]
    for each in [*passes, *([ExpandOuPass()] if spelled_out else [])]:
        each.apply(Context(), module)
    module.verify()
    return module


def steps(module: ModuleOp) -> list[list[str]]:
    """What cores do, visit by visit, with `mvm` for all operations of one."""
    visits = []
    for text in str(module).split("ou.mvm")[1:]:
        found = re.findall(r"ou\.core (\w+ \d+)|ou\.(activate)", text)
        words = [core or "mvm" for core, _ in found]
        visits.append([w for n, w in enumerate(words) if w != "mvm" or words[n - 1] != "mvm"])
    return visits


def test_a_linear_program_is_spelled_out() -> None:
    """LOAD, MVM, then in turn LOAD, ADD, STORE and CALL; WAIT stands between MVM and LOAD."""
    first, middle, last = (steps(deployed("linear", spelled_out=True))[n] for n in (1, 4, 7))
    assert first == ["load_operand 14", "mvm", "add 4", "store_sums 16", "call 1"]
    load, add = ["load_operand 14", "mvm", "wait 2", "load_sums 16"], ["add 4"]
    assert middle == [*load, *add, "store_sums 16", "call 2"]
    assert last == ["load_operand 12", *load[1:], *add, "activate 4", "store_results 4"]


def test_a_cyclic_program_rotates() -> None:
    """Parts begin with windows 0, 1 and 2; each is the first owner of its own, and the last."""
    module = deployed("cyclic", spelled_out=True)
    assert "pxb.turns @a from 0 to 3" in str(module)
    assert re.findall(r"windows (\d)", str(module).split("ou.stage")[1]) == list("012120201")
    visits = steps(module)
    assert [visit[-1] for visit in visits[:3]] == ["call 2", "call 2", "store_results 4"]
    assert [any(step.startswith("wait") for step in visit) for visit in visits[:3]] == [
        False,
        True,
        True,
    ]


def test_a_sequential_program_waits_before_it_loads() -> None:
    visits = steps(deployed("sequential", spelled_out=True))
    assert visits[0][0] == "load_operand 14"
    assert visits[1][0] == "wait 1"
    assert visits[3][0] == "wait 1"
    assert visits[6][-1] == "call 0"
    assert visits[8][-1] == "store_results 4"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_values_and_cycles_stay(scheme: str) -> None:
    """All levels compute the same; spelled out, a program takes as long."""
    inputs = [np.arange(120, dtype=np.uint8).reshape(1, 40, 1, 3)]
    expected = execute(read(NETWORK), inputs)
    module, spelled_out = deployed(scheme), deployed(scheme, spelled_out=True)
    VerifyDeploymentPass().apply(Context(), module)
    for each in (module, spelled_out):
        assert (execute(each, inputs)[0] == expected[0]).all()
    runs = [executor("reference", m, source="net")(1).finished for m in (module, spelled_out)]
    assert runs[0] == runs[1]


Change = Callable[[str], str]


def replaced(old: str, new: str, count: int = 1) -> Change:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, count)

    return change


CORRUPTED: dict[str, tuple[Change, str]] = {
    "a WAIT is missing": (
        replaced("ou.core wait 1\n", "\n"),
        "step 3 of the core is load_sums 16; by its turn it must be wait 1",
    ),
    "a WAIT for too few CALLs": (
        replaced("ou.core wait 2", "ou.core wait 1"),
        "is wait 1; by its turn it must be wait 2",
    ),
    "no partial sum is loaded": (
        replaced("ou.core load_sums 16\n", "\n"),
        "is add 4; by its turn it must be load_sums 16",
    ),
    "nothing is added": (
        replaced("ou.core add 4\n", "\n"),
        "is store_sums 16; by its turn it must be add 4",
    ),
    "the sum is stored as a result": (
        replaced("ou.core store_sums 16", "ou.core store_results 4"),
        "is store_results 4; by its turn it must be store_sums 16",
    ),
    "the wrong core is called": (
        replaced("ou.core call 1", "ou.core call 2"),
        "is call 2; by its turn it must be call 1",
    ),
    "nobody is called": (
        replaced("ou.core call 1\n", "\n"),
        "step 5 of the core is nothing; by its turn it must be call 1",
    ),
    "the last owner activates nothing": (
        replaced("ou.core activate 4\n", "\n"),
        "is store_results 4; by its turn it must be activate 4",
    ),
    "the operand is not loaded whole": (
        replaced("ou.core load_operand 14", "ou.core load_operand 8"),
        "is load_operand 8; by its turn it must be load_operand 14",
    ),
    "an unknown step": (
        replaced("ou.core add 4", "ou.core think 4"),
        "'think' is no step of a core",
    ),
    "no turns": (
        lambda text: re.sub(r"pxb\.turns.*\n", "\n", text),
        "its pxb.stage has no pxb.turns",
    ),
    "turns of another layer": (
        replaced("pxb.turns @a", "pxb.turns @b"),
        "names a layer of which the stage places no tile",
    ),
    "turns twice": (
        replaced("pxb.turns @a from 0\n", "pxb.turns @a from 0\npxb.turns @a from 0\n"),
        "is the second pxb.turns of its layer",
    ),
    "too few starts": (
        replaced("pxb.turns @a from 0", "pxb.turns @a from [0, 1]"),
        "has 2 entries for 3 parts",
    ),
    "a start beyond the windows": (
        replaced("pxb.turns @a from 0", "pxb.turns @a from 3"),
        "begins with a window that does not exist; there are 3",
    ),
    "a rotation in sequence": (
        replaced("pxb.turns @a from 0", "pxb.turns @a from [0, 1, 2] in sequence"),
        "in sequence, all parts begin with window 0",
    ),
}
"""Programs that break one rule each, and what is said of it."""


@pytest.mark.parametrize("what", CORRUPTED)
def test_corrupted_programs_are_rejected(what: str) -> None:
    change, message = CORRUPTED[what]
    text = str(deployed("linear", spelled_out=True))
    with pytest.raises(VerifyException, match=re.escape(message)):
        read(change(text)).verify()


def test_two_owners_at_a_time_are_a_deadlock() -> None:
    """Two crossbars that visit in orders against their turns wait for each other."""
    module = deployed("linear")
    text = re.sub(r"ou\.due.*\n", "\n", str(module))
    streams = "".join(
        f"ou.stream crossbars {crossbar} {{ ou.mvm @a windows {windows} }}\n"
        for crossbar, windows in ((0, "[0, 1, 2]"), (1, "[0, 1, 2]"), (2, "[1, 0, 2]"))
    )
    fine = read(text.replace("ou.stage 0 {", f"ou.stage 0 {{\n{streams}"))
    VerifyDeploymentPass().apply(Context(), fine)
    against = text.replace("ou.stage 0 {", f"ou.stage 0 {{\n{streams}")
    against = against.replace("1 { ou.mvm @a windows [0, 1, 2]", "1 { ou.mvm @a windows [2, 1, 0]")
    against = against.replace("0 { ou.mvm @a windows [0, 1, 2]", "0 { ou.mvm @a windows [0, 2, 1]")
    VerifyDeploymentPass().apply(Context(), read(against))
    rotated = against.replace("pxb.turns @a from 0", "pxb.turns @a from [0, 2, 1]")
    with pytest.raises(VerifyException, match="the program deadlocks: crossbar"):
        VerifyDeploymentPass().apply(Context(), read(rotated))


def test_sequence_registers_are_counted() -> None:
    """Two parts in one crossbar take two; a lone part takes none."""
    text = str(deployed("linear")).replace("crossbars 0 to 3 at", "crossbars [0, 0, 1] at")
    text = text.replace("at [0, 0]", "at [0, [0, 8, 0]]")
    read(text).verify()
    few = text.replace("sequence_registers = 1000", "sequence_registers = 1")
    with pytest.raises(VerifyException, match="crossbar 0 has 2 tiles that take turns"):
        read(few).verify()


ONE_POSITION = NETWORK.replace("40x1x3", "32x1x1").replace("4x1x3", "4x1x1").replace("4x40", "4x32")
"""Two parts of 16 rows, one position."""


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_two_cores_by_hand(engine: str) -> None:
    """32 bytes enter by 8; a core loads 16 by 13, the other, after 4 cycles of the bus, by 17.

    An MVM takes 128 cycles and the pipeline 1: results at 142 and 146.  The first core adds its 4
    values to nothing by 146, stores 16 bytes by 151 and calls by 153.  The other one, which waits
    since 146, loads them by 158, adds by 162, activates by 166 and stores 4 bytes by 168; they are
    out at 169.
    """
    if engine == "fast":
        pytest.importorskip("numba")
    module = read(ONE_POSITION)
    for each in (PartitionPass(strategy="minimum"), PackPass(method="exclusive"), AssignPass()):
        each.apply(Context(), module)
    OrderPass().apply(Context(), module)
    execution = executor(engine, module, source="net", trace=True)(1)
    assert execution.finished == [169]
    assert execution.injected_bytes == {
        "inputs": 0,
        "activations": 16 + 16 + 4,
        "partial_sums": 16 + 16,
        "calls": 4,
    }
    assert execution.additions == 2 * 4
    assert (execution.fetched_bytes, execution.byte_hops) == (32, 72)
    assert execution.buffers.peaks() == {0: 32}
    path = critical_path(execution, module).total
    assert path.total == 169
    assert path.cycles[PathPart.CROSSBARS] == 128
