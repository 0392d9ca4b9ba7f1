"""The stepped simulator with crossbars in lockstep, written from rule R12 of docs/machine.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from unit.runtime.machine.stepped import Stepped
from unit.runtime.machine.stepped_tables import Tables, Visit

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.compute_unit.lockstep import LockstepParameters


@dataclass
class Bundle:
    """What one fetch brings for a CU."""

    size: int


class SteppedLockstep(Stepped):
    """Every cycle all CUs are looked at; operations are (image, layer, position, turn)."""

    def __init__(self, tables: Tables, accelerator: Accelerator, images: int = 1):
        super().__init__(tables, accelerator, images)
        assert isinstance(accelerator.cu, LockstepParameters)
        self.cu = accelerator.cu
        layers = {name: number for number, name in enumerate(tables.by_position)}
        self.steps: dict[int, dict[tuple[int, ...], list[tuple[int, int]]]] = defaultdict(dict)
        for crossbar, core in self.cores.items():
            seen: Counter[tuple[int, ...]] = Counter()
            for number, visit in enumerate(core.visits):
                name, position = tables.at[visit.piece]
                place = number // len(tables.streams[crossbar]), layers[name], position
                step = (*place, seen[place])
                seen[place] += 1
                of_unit = self.steps[crossbar // accelerator.cu.crossbars]
                of_unit.setdefault(step, []).append((crossbar, number))
        self.since: dict[tuple[int, tuple[int, ...]], int] = {}
        self.taken: dict[int, tuple[int, ...]] = {}
        self.with_operands: set[int] = set()
        self.runs: dict[int, tuple[tuple[int, ...], int]] = {}

    def visits(self, unit: int, step: tuple[int, ...]) -> list[tuple[int, Visit]]:
        """The crossbars of an operation with their visits."""
        return [(c, self.cores[c].visits[number]) for c, number in self.steps[unit][step]]

    def cores_go_on(self) -> bool:
        return any([self.unit_goes_on(unit) for unit in self.steps])

    def unit_goes_on(self, unit: int) -> bool:
        """Everything that a CU can do now, but for taking up; whether that was anything."""
        before = (self.runs.get(unit), unit in self.with_operands, len(self.since))
        if unit in self.runs and self.runs[unit][1] == self.now:
            step, _ = self.runs.pop(unit)
            for crossbar, visit in self.visits(unit, step):
                self.cores[crossbar].ended += 1
                self.contribute(crossbar, step[0], visit.piece)
        if unit in self.with_operands and unit not in self.runs:
            self.with_operands.discard(unit)
            step = self.taken.pop(unit)
            visits = self.visits(unit, step)
            longest = max(visit.cycles for _, visit in visits)
            self.runs[unit] = step, self.now + longest + self.accelerator.ou.pipeline_cycles
            for crossbar, _ in visits:
                self.cores[crossbar].started += 1
                self.cores[crossbar].starts.append(self.now)
        for step, members in self.steps[unit].items():
            is_next = all(self.cores[crossbar].asked == number for crossbar, number in members)
            if is_next and (unit, step) not in self.since and self.is_ready(unit, step):
                self.since[unit, step] = self.now
        return before != (self.runs.get(unit), unit in self.with_operands, len(self.since))

    def is_ready(self, unit: int, step: tuple[int, ...]) -> bool:
        return all(
            self.has(self.pe_of(crossbar), step[0], visit.reads)
            and self.may_begin(step[0], visit.piece)
            for crossbar, visit in self.visits(unit, step)
        )

    def grant(self) -> None:
        """CUs take up operations before anything is granted."""
        for unit in self.steps:
            if unit in self.taken or (unit in self.runs and not self.cu.double_buffered):
                continue
            ready = [
                (since, step)
                for (of, step), since in self.since.items()
                if of == unit
                and self.cores[self.steps[unit][step][0][0]].asked == self.steps[unit][step][0][1]
            ]
            if ready:
                self.take_up(unit, min(ready)[1])
        super().grant()

    def take_up(self, unit: int, step: tuple[int, ...]) -> None:
        visits = self.visits(unit, step)
        held = dict.fromkeys(self.cores, 0)
        if unit in self.runs:
            held.update((c, visit.size) for c, visit in self.visits(unit, self.runs[unit][0]))
        share = self.cu.input_register_bytes // self.cu.crossbars
        if any(held[c] and held[c] + visit.size > share for c, visit in visits):
            return
        self.taken[unit] = step
        for crossbar, _ in visits:
            self.cores[crossbar].asked += 1
        size = sum({visit.operand: visit.size for _, visit in visits}.values())
        lowest, number = self.steps[unit][step][0]
        what = (unit, Bundle(size), step)
        server = ("fetch", self.pe_of(lowest))
        self.wait(server, (lowest, number), self.cu.fetch_cycles, what)
        for other, members in self.steps[unit].items():
            is_next = all(self.cores[crossbar].asked == number for crossbar, number in members)
            if is_next and (unit, other) not in self.since and self.is_ready(unit, other):
                self.since[unit, other] = self.now

    def end_fetch(self, number: int, visit: Any, image: Any) -> None:
        """The fetch of CU `number` is over; `image` is the operation that it is for."""
        self.with_operands.add(number)
        for crossbar, each in self.visits(number, image):
            self.cores[crossbar].loaded += 1
            self.read(self.pe_of(crossbar), image[0], each.reads)
