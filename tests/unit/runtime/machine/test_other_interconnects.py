"""The seam holds: an interconnect that only this file knows runs in both engines and in all passes.

A star has a link from each PE to a switch in the middle, and narrower ones from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from differential.deployments import add_waits
from unit.runtime.machine import random_programs
from unit.runtime.machine.programs import TINY, parse
from unit.runtime.machine.random_programs import at_random, random_machine, through_the_passes

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import AcceleratorAttr, accelerator_of
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.component import Actions, Part
from spatem_ir.hardware.components import INTERCONNECTS
from spatem_ir.hardware.interconnect.interconnect import (
    Changes,
    Interconnect,
    LinkGroup,
    PortCut,
)
from spatem_ir.hardware.loader import accelerator_from_table
from spatem_ir.hardware.parameters import KindParameters, parameter
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.critical_path import critical_path
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.metrics.register import metrics_of

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.hardware.interconnect.interconnect import Ints

WIRES = Part("wires", "network", "wires")
DRIVERS = Part("drivers", "network", "drivers")


@dataclass(frozen=True)
class StarParameters(KindParameters):
    """The table `[noc]` of a star."""

    up: int = parameter("bytes per cycle to the switch")
    down: int = parameter("bytes per cycle from the switch")


class Star(Interconnect):
    """A link from every PE to the switch, and one from the switch to every PE."""

    Parameters = StarParameters
    energies = (WIRES,)
    areas = (DRIVERS,)

    @property
    def pes(self) -> int:
        return self.description.chip.pe_rows * self.description.chip.pe_columns

    @property
    def cuts(self) -> tuple[PortCut, ...]:
        return (PortCut(1, 1, self.groups[0]),) if self.pes > 1 else ()

    def widths(self) -> Mapping[str, Changes]:
        return {}

    def sizes(self) -> Mapping[str, Changes]:
        return {}

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        return {WIRES: actions.link_bytes * 2.0}

    def area_mm2(self) -> dict[Part, float]:
        return {DRIVERS: self.links * 0.5}

    @property
    def groups(self) -> tuple[LinkGroup, ...]:
        own, pes = self.description.noc, self.pes
        assert isinstance(own, StarParameters)
        return (LinkGroup("up", pes, own.up), LinkGroup("down", pes, own.down))

    @property
    def head_cycles(self) -> int:
        return 2

    @property
    def is_multicast(self) -> bool:
        return True

    def route(self, source: int, destination: int) -> list[int]:
        return [source, self.pes + destination]

    def most_packets(self, packets: Ints, pes: Ints) -> Ints:
        return packets


def random_star(random: Random) -> KindParameters:
    return StarParameters(random.choice([1, 2, 8]), random.choice([1, 2, 8]))


@pytest.fixture(autouse=True)
def star(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line in a table; random machines have PEs that are connected in this way."""
    monkeypatch.setitem(INTERCONNECTS, "star", Star)

    def machine(random: Random) -> Accelerator:
        return replace(random_machine(random), noc=random_star(random))

    monkeypatch.setattr(random_programs, "random_machine", machine)


def expect_all_of(module: ModuleOp, images: int) -> Execution | None:
    """Equal events, a deployment that is proven safe, and metrics that fit together."""
    execution = expect_equal_engines(module, images)
    if execution is None or images > 1:
        return execution
    metrics = metrics_of(module, execution)
    assert metrics.latency_cycles is not None
    assert max(metrics.lower_bounds_cycles.values()) <= metrics.latency_cycles
    parts = metrics.energy_parts_nj
    assert parts is not None
    assert parts["wires"] == round(execution.byte_hops * 2.0 / 1000, 6)
    assert metrics.energy_nj == pytest.approx(sum(parts.values()), abs=1e-3)
    links = accelerator_of(module).components.interconnect.links
    assert metrics.area_parts_mm2["drivers"] == links * 0.5
    assert metrics.area_mm2 == pytest.approx(sum(metrics.area_parts_mm2.values()))
    path = critical_path(execution, module)
    assert path.total.total == execution.finished[0] <= metrics.latency_cycles
    return execution


@pytest.mark.parametrize("seed", range(20))
def test_programs_of_the_passes(seed: int) -> None:
    random = Random(seed)
    module = through_the_passes(random)
    assert expect_all_of(module, random.choice([1, 1, 2])) is not None
    VerifyDeploymentPass().apply(None, module)  # type: ignore[arg-type]
    dataflow = dataflow_of(module)
    assert lower_bounds(dataflow, accelerator_of(module)).largest > 0


@pytest.mark.parametrize("seed", range(20))
def test_programs_made_at_random(seed: int) -> None:
    random = Random(seed)
    module = at_random(random)
    if random.random() < 0.5:
        add_waits(random, module)
        module.verify()
    expect_all_of(module, random.choice([1, 1, 2]))


def test_the_description_says_its_kind() -> None:
    star = replace(TINY, noc=StarParameters(2, 3))
    assert star.tables["noc"] == {"kind": "star", "up": 2, "down": 3}
    assert accelerator_from_table({"name": "tiny", **star.tables}, "star.toml") == star
    text = f"builtin.module attributes {{hw.accelerator = {AcceleratorAttr(star)}}} {{}}"
    assert "noc {kind = star, up = 2, " in text
    assert accelerator_of(parse(text, star)) == star


def test_distances() -> None:
    interconnect = replace(TINY, noc=StarParameters(1, 1)).components.interconnect
    assert interconnect.hops.tolist() == (2 * (1 - np.eye(4, dtype=int))).tolist()
    assert interconnect.pes_by_distance.tolist() == [0, 1, 2, 3]
