"""Networks in stages on a chip that is too small: written by each strategy, and computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.writing.blocks import chip_slots
from spatem_ir.geometry.writing.mapping import FAST, Effort
from spatem_ir.geometry.writing.schedule import (
    StageBlocks,
    StageWriting,
    WriteSchedule,
    lower_bound,
    scheduled,
    stage_sizes,
)
from spatem_ir.hardware.component import Actions
from spatem_ir.hardware.loader import named_preset
from spatem_ir.study.gao.networks import IMAGENET, layers_of
from spatem_ir.study.gao.weights import (
    NetworkBlocks,
    WeightSource,
    network_blocks,
    trained_matrices,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.writing.blocks import CellSlots, Ints
    from spatem_ir.hardware.accelerator import Accelerator

INPUT_BITS = 8
"""Bits of activations, which are sent one after the other."""

IMAGES_PER_SECOND = 30
"""The rate for which the life time is given."""

BASELINE = "sequential"

PICO_PER_NANO, SECONDS_PER_DAY = 1000, 86400


@dataclass(frozen=True)
class GaoCase:
    """A network on a chip, with one set of weights."""

    network: str
    data: str = IMAGENET
    preset: str = "gao-32mb"
    columns: int = 8
    layout: str = "bit-plane"
    distribution: str = "student"
    segment: int = 8
    ratio: float = 70.0
    is_trained: bool = False

    @property
    def machine(self) -> Accelerator:
        """The preset with operation units, segments and distances of this case."""
        preset = named_preset(self.preset)
        return replace(
            preset,
            ou=replace(preset.ou, bitlines=self.columns),
            write=replace(preset.write, segment_cells=self.segment, reset_ratio=self.ratio),
        )


@dataclass(frozen=True)
class StrategyRun:
    """What one strategy makes of a case; times in digital cycles, for an image.

    `seconds` is the CPU time of finding the places and measuring them; the life is that of the cell
    that changes most often, at :data:`IMAGES_PER_SECOND`.
    """

    strategy: str
    stages: tuple[StageWriting, ...]
    compute: int
    seconds: float
    energy_nj: float
    life_days: float

    @property
    def programming(self) -> int:
        """Cycles of writing all stages."""
        return sum(stage.cycles for stage in self.stages)

    @property
    def overall(self) -> int:
        """Cycles of writing and computing, one after the other."""
        return self.programming + self.compute

    def total(self, count: str) -> int:
        """The sum of a count over stages."""
        return sum(getattr(stage, count) for stage in self.stages)

    @property
    def changed_share(self) -> float:
        """Cells that change, by cells that are written."""
        return self.total("changed") / self.total("cells")

    @property
    def unit_share(self) -> float:
        """SETs and RESETs of units by twice the units: a unit may need both."""
        pulses = self.total("set_units") + self.total("reset_units")
        return pulses / (2 * self.total("units"))


@dataclass(frozen=True)
class CaseResult:
    """All strategies on one case, and the bound of one stage.

    `bound` is what a block of the second stage costs at least, by what it costs in the baseline,
    both in the mean over writers; `bound_error` its standard error; None for a single stage.
    """

    case: GaoCase
    slots: int
    blocks: int
    runs: dict[str, StrategyRun]
    bound: float | None
    bound_error: float | None
    table_bytes: int

    @property
    def stages(self) -> int:
        """Stages of the baseline."""
        return len(self.runs[BASELINE].stages)

    def less(self, strategy: str, what: str = "programming") -> float:
        """By how much a strategy is lower than the baseline, as a share of it."""
        base, own = (getattr(self.runs[name], what) for name in (BASELINE, strategy))
        return 1 - own / base if base else 0.0


class CaseRunner:
    """Runs strategies on a case; blocks of the network are made once."""

    def __init__(self, case: GaoCase, source: WeightSource):
        self.case = case
        self.source = source
        self.machine = case.machine
        self.layers = layers_of(case.network, case.data)

    @cached_property
    def slots(self) -> CellSlots:
        """All slots of the chip."""
        return chip_slots(self.machine)

    @cached_property
    def blocks(self) -> NetworkBlocks:
        """All blocks of the network."""
        return network_blocks(self.layers, self.source, self.slots.shape, self.case.layout)

    def stages(self, strategy: str) -> tuple[list[StageBlocks], int]:
        """The stages of a strategy, and the cycles in which all of them compute."""
        windows = np.array([layer.windows for layer in self.layers])
        stages, compute, first = [], 0, 0
        for size in stage_sizes(len(self.blocks.codes), len(self.slots), strategy):
            part = slice(first, first + size)
            layers = self.blocks.layers[part]
            present, classes = np.unique(layers, return_inverse=True)
            assert len(present) <= len(self.layers)
            stages.append(StageBlocks(self.blocks.codes[part], classes.reshape(-1)))
            compute += self._compute(windows[layers])
            first += size
        return stages, compute

    def _compute(self, windows: Ints) -> int:
        """The cycles of the crossbar with most operations of a stage, of blocks in their order."""
        crossbars = np.arange(len(windows)) % self.slots.crossbar_count
        operations = np.bincount(crossbars, windows) * INPUT_BITS
        return int(operations.max()) * self.machine.components.compute_unit.operation_cycles

    def run(self, strategy: str, effort: Effort) -> tuple[StrategyRun, WriteSchedule]:
        """Find places and measure what writing takes."""
        stages, compute = self.stages(strategy)
        start = process_time()
        found = scheduled(stages, self.slots, strategy, effort)
        seconds = process_time() - start
        cells = self.machine.components.cells
        actions = Actions(
            set_pulses=sum(stage.set_pulses for stage in found.stages),
            reset_pulses=sum(stage.reset_pulses for stage in found.stages),
        )
        energy = sum(cells.energy_pj(actions).values()) / PICO_PER_NANO
        life = cells.life_seconds(found.most_cell_writes, IMAGES_PER_SECOND) / SECONDS_PER_DAY
        return StrategyRun(strategy, found.stages, compute, seconds, energy, life), found

    def result(self, strategies: Sequence[str], effort: Effort = FAST) -> CaseResult:
        """The baseline and other strategies; the bound is found beside the last one."""
        base, last = self.run(BASELINE, effort)
        runs = {BASELINE: base}
        for name in strategies:
            runs[name], last = self.run(name, effort)
        bound, error = self._bound(strategies[-1], last, base)
        return CaseResult(
            self.case,
            len(self.slots),
            len(self.blocks.codes),
            runs,
            bound,
            error,
            self._table_bytes(),
        )

    def _bound(
        self, strategy: str, found: WriteSchedule, base: StrategyRun
    ) -> tuple[float | None, float | None]:
        """The bound of the second stage by the baseline's mean, both for each block."""
        stages, _ = self.stages(strategy)
        if len(stages) == 1:
            return None, None
        contents = np.zeros((len(self.slots), self.slots.shape.units), np.uint8)
        for number in (*range(1, len(stages)), 0):
            contents[found.places[number]] = stages[number].codes
        least, error = lower_bound(contents, stages[1].codes, self.slots)
        usual = base.stages[1].mean / base.stages[1].blocks
        scale = len(stages[1].codes) * usual
        return least / scale, error / scale

    def _table_bytes(self) -> int:
        """Mapping table and scheduler table of a full stage.

        A block for each slot, and a slot for each operation unit in the order of activation.
        """
        entry = (len(self.slots) - 1).bit_length()
        return 2 * -(-len(self.slots) * entry // 8)


def result_of(
    case: GaoCase, strategies: Sequence[str], effort: Effort, trained: str | None
) -> CaseResult:
    """Run strategies on a case; with a file of trained weights where the case wants them."""
    matrices = trained_matrices(trained) if trained is not None and case.is_trained else ()
    return CaseRunner(case, WeightSource(case.distribution, matrices)).result(strategies, effort)
