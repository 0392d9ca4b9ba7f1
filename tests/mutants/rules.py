"""One-line mutations of the rules of both engines."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import spatem_ir.runtime.machine

MACHINE = Path(spatem_ir.runtime.machine.__file__).parent


class Mutant(NamedTuple):
    """A rule of docs/machine.md, broken in a file of the machine: `old` becomes `new`."""

    rule: str
    file: str
    old: str
    new: str

    def source(self) -> str:
        """The file's text with the mutation.

        Raises:
            ValueError: the file does not hold the old text just once.
        """
        text = (MACHINE / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: '{self.old}' is there {text.count(self.old)} times")
        return text.replace(self.old, self.new)


FAST = (
    Mutant(
        "R1 length of a visit",
        "fast/rules/crossbars.py",
        "ends = now + core.asked_operations * machine.ou_cycles",
        "ends = now + core.asked_operations * machine.ou_cycles + 1",
    ),
    Mutant(
        "R2 two operands fit",
        "fast/rules/crossbars.py",
        "before.bytes + tile.bytes > machine.share",
        "before.bytes + tile.bytes >= machine.share",
    ),
    Mutant(
        "R2 same operand again",
        "fast/rules/crossbars.py",
        "core.image == image",
        "core.image == image + 1",
    ),
    Mutant(
        "R2 shared fetches",
        "fast/rules/crossbars.py",
        "state.fetches[other].start >= totals.now",
        "state.fetches[other].start > totals.now",
    ),
    Mutant(
        "R3 ranks within a cycle",
        "fast/rules/events.py",
        "elif state.jobs[server.last].order <= rank:",
        "elif state.jobs[server.last].order >= rank:",
    ),
    Mutant(
        "R3 pieces in the buffer",
        "fast/rules/crossbars.py",
        "image, waiting.entry + 1, waiting.stop",
        "image, waiting.entry + 2, waiting.stop",
    ),
    Mutant(
        "R4 pipeline",
        "fast/rules/crossbars.py",
        "state.totals[0].now + machine.pipeline, CONTRIBUTE",
        "state.totals[0].now, CONTRIBUTE",
    ),
    Mutant(
        "R5 lone contributions", "fast/rules/traffic.py", "if tile.at_cu > 1:", "if tile.at_cu > 0:"
    ),
    Mutant(
        "R5 cycles of adders",
        "fast/rules/traffic.py",
        "cycles = (tile.values + machine.cu_adders - 1) // machine.cu_adders",
        "cycles = tile.values // machine.cu_adders + 1",
    ),
    Mutant(
        "R6 cycles of units",
        "fast/rules/loop.py",
        "cycles = (values + per_cycle - 1) // per_cycle",
        "cycles = values // per_cycle + 1",
    ),
    Mutant(
        "R7 one packet to all",
        "fast/elaborate/trees.py",
        "if packet == NONE or not multicast:",
        "if packet == NONE:",
    ),
    Mutant(
        "R8 last byte",
        "fast/rules/traffic.py",
        "schedule_job(machine, state, index, head + cycles - 1)",
        "schedule_job(machine, state, index, head + cycles)",
    ),
    Mutant(
        "R8 rows first",
        "fast/elaborate/trees.py",
        "if here_column < column:",
        "if here_column < column and here // columns >= target // columns:",
    ),
    Mutant(
        "R9 cycles of the port",
        "fast/rules/loop.py",
        "cycles = (size + machine.io - 1) // machine.io",
        "cycles = size // machine.io + 1",
    ),
    Mutant(
        "R10 last read",
        "fast/rules/crossbars.py",
        "if state.reads_left[first + number] == 0:",
        "if state.reads_left[first + number] == 1:",
    ),
    Mutant(
        "R10 waits",
        "fast/rules/waits.py",
        "if state.progress[wait.other].finished < needed:",
        "if state.progress[wait.other].finished < 0:",
    ),
)

REFERENCE = (
    Mutant(
        "R1 length of a visit",
        "reference/crossbars.py",
        "ends = self.clock.now + visit.operations * self.accelerator.ou.cycles",
        "ends = self.clock.now + visit.operations * self.accelerator.ou.cycles + 1",
    ),
    Mutant(
        "R2 two operands fit",
        "reference/crossbars.py",
        "before.operand_bytes + visit.operand_bytes > share",
        "before.operand_bytes + visit.operand_bytes >= share",
    ),
    Mutant("R2 shared fetches", "reference/crossbars.py", "size=size, shared=shared", "size=size"),
    Mutant(
        "R4 pipeline", "reference/crossbars.py", "self.clock.at(valid, ", "self.clock.at(ends, "
    ),
    Mutant(
        "R5 lone contributions", "reference/merging.py", "if expected == 1:", "if expected <= 2:"
    ),
    Mutant(
        "R5 sources of a rank",
        "reference/merging.py",
        "rank = (*key, source, PLACES.index(place))",
        "rank = (*key, -source, PLACES.index(place))",
    ),
    Mutant(
        "R6 cycles of units",
        "reference/engine.py",
        "units.serve(key, -(-values // per_cycle),",
        "units.serve(key, values // per_cycle + 1,",
    ),
    Mutant(
        "R7 one packet to all",
        "reference/noc.py",
        "if self.parameters.multicast else",
        "if not self.parameters.multicast else",
    ),
    Mutant("R8 last byte", "reference/noc.py", "at(head + cycles - 1, ", "at(head + cycles, "),
    Mutant(
        "R8 head",
        "reference/noc.py",
        "head = self.noc.clock.now + self.noc.parameters.hop_cycles",
        "head = self.noc.clock.now + self.noc.parameters.hop_cycles + 1",
    ),
    Mutant(
        "R9 when a position is there",
        "reference/engine.py",
        "time = self.clock.now - (-entered // bandwidth)",
        "time = self.clock.now + entered // bandwidth",
    ),
    Mutant(
        "R10 waits",
        "reference/progress.py",
        "if self.nodes[wait.other].finished < needed:",
        "if self.nodes[wait.other].finished < 0:",
    ),
)
