"""The seam holds: kinds of accumulation, compute unit and memory that only this file knows.

They say of themselves what the first kinds say, and no other file is told: programs are compiled,
verified, estimated, bounded and executed by both engines with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from differential.deployments import add_waits
from unit.runtime.machine import random_programs
from unit.runtime.machine.programs import TINY, dense, deployment, parse
from unit.runtime.machine.random_programs import at_random, random_machine, through_the_passes

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.accumulation.accumulation import Accumulation, Adders
from spatem_ir.hardware.component import Actions, Changes, Part
from spatem_ir.hardware.components import ACCUMULATIONS, COMPUTE_UNITS, MEMORIES
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.hardware.loader import accelerator_from_table
from spatem_ir.hardware.memory.memory import Memory
from spatem_ir.hardware.parameters import ComputeUnit, KindParameters, parameter
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.critical_path import critical_path
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.engine import executor
from spatem_ir.runtime.metrics.register import metrics_of
from spatem_ir.support.errors import SpatemError

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

TREES = Part("trees", "merging", "adder trees")
BANKS = Part("banks", "PEs", "banks")
DECODERS = Part("decoders", "CUs", "decoders")


@dataclass(frozen=True)
class TreeParameters(KindParameters):
    """The table `[accumulation]` of trees."""

    inputs: int = parameter("values that a tree adds per cycle")
    depth: int = parameter("cycles until the first sum", minimum=0)
    in_pe: bool = parameter("whether PEs have trees, or only homes")


class Trees(Accumulation):
    """Adder trees in PEs that keep sums of 24 bits in registers of their own; CUs add nothing."""

    Parameters = TreeParameters
    energies = (TREES,)
    areas = (TREES,)

    @property
    def parameters(self) -> TreeParameters:
        assert isinstance(self.description.accumulation, TreeParameters)
        return self.description.accumulation

    @property
    def sum_bits(self) -> int:
        return 24

    @property
    def places(self) -> tuple[str, ...]:
        return ("pe", "home") if self.parameters.in_pe else ("home",)

    def adders(self, place: str) -> Adders:
        own = self.parameters
        return Adders(own.inputs, own.depth + (place == "home"), in_buffer=place == "home")

    @property
    def values_per_cycle(self) -> int:
        return self.parameters.inputs * self.description.pes

    def most_merged(
        self, contributions: int, transit: int, spacing: int, together: int
    ) -> list[int]:
        """Any number takes a cycle: nothing is proven of what is faster."""
        return [1, contributions]

    def speeds(self) -> Mapping[str, Changes]:
        return {}

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        return {TREES: actions.additions * 3.0}

    def area_mm2(self) -> dict[Part, float]:
        return {TREES: self.description.pes * 0.5}


@dataclass(frozen=True)
class DecodedParameters(ComputeUnit):
    """The table `[cu]` of decoded compute units."""

    decode_cycles: int = parameter("cycles of a crossbar before a visit")


class Decoded(ComputeUnits):
    """CUs whose wordlines are decoded before a visit; each crossbar has a register of its own.

    Operations overlap conversion, so that they take half as long, and a third more in the end.
    """

    Parameters = DecodedParameters
    energies = (DECODERS,)
    areas = (DECODERS,)

    @property
    def parameters(self) -> DecodedParameters:
        assert isinstance(self.description.cu, DecodedParameters)
        return self.description.cu

    @property
    def crossbars_per_cu(self) -> int:
        return self.parameters.crossbars

    @property
    def cus_per_pe(self) -> int:
        return self.description.pe.compute_units

    @property
    def operation_cycles(self) -> int:
        return -(-self.description.ou.cycles // 2)

    @property
    def setup_cycles(self) -> int:
        return self.parameters.decode_cycles

    @property
    def pipeline_cycles(self) -> int:
        return self.description.ou.pipeline_cycles + self.description.ou.cycles // 3

    @property
    def operand_bytes(self) -> int:
        return self.parameters.input_register_bytes

    @property
    def operand_key(self) -> str:
        return "cu.input_register_bytes"

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        return {DECODERS: actions.dac_conversions * 5.0}

    def area_mm2(self) -> dict[Part, float]:
        return {DECODERS: self.description.crossbars * 0.25}


@dataclass(frozen=True)
class BankParameters(KindParameters):
    """The table `[memory]` of banks."""

    bank_bytes: int = parameter("bytes of a bank")
    banks: int = parameter("banks of a PE, each of a byte per cycle")
    access_cycles: int = parameter("cycles before the first byte", minimum=0)


class Banks(Memory):
    """Banks that are slow to start; `[pe]` says nothing of them."""

    Parameters = BankParameters
    energies = (BANKS,)

    @property
    def parameters(self) -> BankParameters:
        assert isinstance(self.description.memory, BankParameters)
        return self.description.memory

    @property
    def buffer_bytes(self) -> int:
        return self.parameters.bank_bytes * self.parameters.banks

    @property
    def buffer_key(self) -> str:
        return "memory.bank_bytes · memory.banks"

    @property
    def port_bytes_per_cycle(self) -> int:
        return self.parameters.banks

    @property
    def setup_cycles(self) -> int:
        return self.parameters.access_cycles

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        return {BANKS: actions.fetched_bytes * 7.0}


def with_trees(random: Random, machine: Accelerator) -> Accelerator:
    in_pe = random.random() < 0.7
    trees = TreeParameters(random.choice([1, 2, 8]), random.randint(0, 3), in_pe)
    return replace(machine, accumulation=trees)


def with_decoders(random: Random, machine: Accelerator) -> Accelerator:
    cu = machine.cu
    return replace(
        machine,
        cu=DecodedParameters(
            cu.crossbars, cu.input_register_bytes, cu.adders_per_cycle, random.randint(1, 5)
        ),
    )


def with_banks(random: Random, machine: Accelerator) -> Accelerator:
    banks = BankParameters(1 << 10, random.choice([1, 2, 4]), random.randint(0, 3))
    return replace(machine, memory=banks, pe=replace(machine.pe, buffer_bytes=1))


def with_all(random: Random, machine: Accelerator) -> Accelerator:
    return with_trees(random, with_decoders(random, with_banks(random, machine)))


KINDS: dict[str, Callable[[Random, Accelerator], Accelerator]] = {
    "trees": with_trees,
    "decoded": with_decoders,
    "banks": with_banks,
    "all": with_all,
}


@pytest.fixture(autouse=True)
def other_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line in a table for each kind."""
    monkeypatch.setitem(ACCUMULATIONS, "trees", Trees)
    monkeypatch.setitem(COMPUTE_UNITS, "decoded", Decoded)
    monkeypatch.setitem(MEMORIES, "banks", Banks)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Random machines have components of this kind."""

    def machine(random: Random) -> Accelerator:
        return KINDS[request.param](random, random_machine(random))

    monkeypatch.setattr(random_programs, "random_machine", machine)
    return request.param


def expect_all_of(module: ModuleOp, images: int) -> None:
    """Equal events, however crossbars choose, and metrics that fit together."""
    expect_equal_engines(module, images, Dispatch.FREE)
    execution = expect_equal_engines(module, images)
    if execution is None or images > 1:
        return
    metrics = metrics_of(module, execution)
    assert metrics.latency_cycles is not None
    assert max(metrics.lower_bounds_cycles.values()) <= metrics.latency_cycles
    assert metrics.computation_parallelism <= metrics.crossbars_used
    parts = metrics.energy_parts_nj
    assert parts is not None
    own = {
        "trees": execution.additions * 3.0,
        "decoders": sum(layer.dac_conversions for layer in metrics.layers) * 5.0,
        "banks": execution.fetched_bytes * 7.0,
    }
    for key in own.keys() & parts.keys():
        assert parts[key] == round(own[key] / 1000, 6)
    assert metrics.energy_nj == pytest.approx(sum(parts.values()), abs=1e-3)
    assert metrics.area_mm2 == pytest.approx(sum(metrics.area_parts_mm2.values()))
    assert metrics.buffer_bytes == accelerator_of(module).components.memory.buffer_bytes
    path = critical_path(execution, module)
    assert path.total.total == execution.finished[0] <= metrics.latency_cycles


@pytest.mark.parametrize("seed", range(8))
def test_programs_of_the_passes(kind: str, seed: int) -> None:
    random = Random(seed)
    module = through_the_passes(random)
    VerifyDeploymentPass().apply(None, module)  # type: ignore[arg-type]
    assert lower_bounds(dataflow_of(module), accelerator_of(module)).largest > 0
    expect_all_of(module, random.choice([1, 1, 2]))


@pytest.mark.parametrize("seed", range(8))
def test_programs_made_at_random(kind: str, seed: int) -> None:
    random = Random(seed)
    module = at_random(random)
    if random.random() < 0.5:
        add_waits(random, module)
        module.verify()
    expect_all_of(module, random.choice([1, 1, 2]))


TWO_ROW_PARTS = deployment(
    input="8xui8",
    ops=[dense("a", "input", "8xui8 -> 3xui8", hwm=2)],
    places=["@a tiles 0 to 2 crossbars [0, 2] at [0, 0]"],
    homes=["@a pes 0"],
    streams=["crossbars [0, 2] { ou.mvm @a windows 0 }"],
)
"""The two row parts of a matrix are in the two CUs of PE 0."""


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_by_hand(engine: str) -> None:
    """8 bytes enter by 2.  Two banks deliver 4 bytes in 2 cycles, after 3: at 7 and at 12.

    8 operations take 2 cycles each, after 5, and the pipeline 2: valid at 30 and 35.  A tree adds 2
    values per cycle after one: 3 values in 3, so that the sum is complete at 38, activated at 41.
    """
    machine = replace(
        TINY,
        accumulation=TreeParameters(inputs=2, depth=1, in_pe=True),
        cu=DecodedParameters(2, 64, 2, decode_cycles=5),
        memory=BankParameters(bank_bytes=64, banks=2, access_cycles=3),
    )
    module = parse(TWO_ROW_PARTS, machine)
    execution = executor(engine, module, source="kinds", trace=True)(1)
    assert execution.visit_starts == ({0: [7], 2: [12]} if engine == "reference" else {})
    assert execution.finished == [38 + 3 + 1]
    assert execution.additions == 2 * 3
    # Sums are in registers: only the input is in the buffer.
    assert execution.buffers.peaks()[0] == 8


def test_places_that_the_machine_has_not() -> None:
    machine = replace(TINY, accumulation=TreeParameters(1, 0, in_pe=False))
    text = TWO_ROW_PARTS.replace("ou.stage 0 {", "ou.stage 0 {\n ou.merge @a at <pe, home>", 1)
    with pytest.raises(Exception, match="names the place pe; the accelerator adds in home"):
        parse(text, machine)


def test_messages_name_the_parameters_of_the_kind() -> None:
    machine = replace(TINY, memory=BankParameters(bank_bytes=2, banks=3, access_cycles=0))
    module = parse(TWO_ROW_PARTS, machine)
    with pytest.raises(SpatemError, match=r"memory.bank_bytes · memory.banks is 6"):
        executor("reference", module, source="kinds")(1)


def test_the_description_says_its_kinds() -> None:
    machine = with_all(Random(0), TINY)
    for group, kind in (("accumulation", "trees"), ("cu", "decoded"), ("memory", "banks")):
        assert machine.tables[group]["kind"] == kind
    assert accelerator_from_table({"name": "tiny", **machine.tables}, "kinds.toml") == machine
