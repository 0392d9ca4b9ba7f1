"""One-line mutations of the rules of both engines."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import spatem_ir

PACKAGE = Path(spatem_ir.__file__).parent
MACHINE = "runtime/machine"


class Mutant(NamedTuple):
    """A rule of docs/machine.md, broken in a file of the package: `old` becomes `new`."""

    rule: str
    file: str
    old: str
    new: str

    def source(self) -> str:
        """The file's text with the mutation.

        Raises:
            ValueError: the file does not hold the old text just once.
        """
        text = (PACKAGE / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: '{self.old}' is there {text.count(self.old)} times")
        return text.replace(self.old, self.new)


FAST = (
    Mutant(
        "R1 length of a visit",
        f"{MACHINE}/fast/rules/crossbars.py",
        "core.asked_operations * machine.operation",
        "core.asked_operations * machine.operation + 1",
    ),
    Mutant(
        "R2 two operands fit",
        f"{MACHINE}/fast/rules/crossbars.py",
        "tables.tiles[core.tile].bytes + tile.bytes <= machine.share",
        "tables.tiles[core.tile].bytes + tile.bytes < machine.share",
    ),
    Mutant(
        "R2 same operand again",
        f"{MACHINE}/fast/rules/crossbars.py",
        "core.image != image",
        "core.image != image + 1",
    ),
    Mutant(
        "R2 shared fetches",
        f"{MACHINE}/fast/rules/crossbars.py",
        "state.fetches[other].start >= totals.now",
        "state.fetches[other].start > totals.now",
    ),
    Mutant(
        "R3 ranks within a cycle",
        f"{MACHINE}/fast/rules/events.py",
        "elif state.jobs[server.last].order <= rank:",
        "elif state.jobs[server.last].order >= rank:",
    ),
    Mutant(
        "R3 pieces in the buffer",
        f"{MACHINE}/fast/rules/arrivals.py",
        "image, waiting.first, waiting.entry",
        "image, waiting.first, waiting.entry - 1",
    ),
    Mutant(
        "R4 pipeline",
        f"{MACHINE}/fast/rules/crossbars.py",
        "state.totals[0].now + machine.pipeline, CONTRIBUTE",
        "state.totals[0].now, CONTRIBUTE",
    ),
    Mutant(
        "R5 lone contributions",
        f"{MACHINE}/fast/rules/traffic.py",
        "if tile.at_cu > 1:",
        "if tile.at_cu > 0:",
    ),
    Mutant(
        "R5 cycles of adders",
        f"{MACHINE}/fast/rules/traffic.py",
        "cycles = setup + (tile.values + adders - 1) // adders",
        "cycles = setup + tile.values // adders + 1",
    ),
    Mutant(
        "R6 cycles of units",
        f"{MACHINE}/fast/rules/loop.py",
        "cycles = (values + per_cycle - 1) // per_cycle",
        "cycles = values // per_cycle + 1",
    ),
    Mutant(
        "R7 one packet to all",
        f"{MACHINE}/fast/elaborate/trees.py",
        "if packet == NONE or not multicast:",
        "if packet == NONE:",
    ),
    Mutant(
        "R8 last byte",
        f"{MACHINE}/fast/rules/traffic.py",
        "schedule_job(machine, state, index, head + cycles - 1)",
        "schedule_job(machine, state, index, head + cycles)",
    ),
    Mutant(
        "R8 rows first",
        "hardware/interconnect/mesh.py",
        "along_row = np.where(across > 0, EAST, WEST)[route]",
        "along_row = np.where(across > 0, EAST, NORTH)[route]",
    ),
    Mutant(
        "R8 buses of all PEs",
        "hardware/interconnect/bus.py",
        "sources[moves] % self.parameters.buses",
        "sources[moves] * 0",
    ),
    Mutant(
        "R9 cycles of the port",
        f"{MACHINE}/fast/rules/loop.py",
        "cycles = (size + rate - 1) // rate",
        "cycles = size // rate + 1",
    ),
    Mutant(
        "R10 last read",
        f"{MACHINE}/fast/rules/crossbars.py",
        "if state.reads_left[first + number] == 0:",
        "if state.reads_left[first + number] == 1:",
    ),
    Mutant(
        "R10 waits",
        f"{MACHINE}/fast/rules/waits.py",
        "if state.progress[wait.other].finished < needed:",
        "if state.progress[wait.other].finished < 0:",
    ),
    Mutant(
        "R11 images in turn",
        f"{MACHINE}/fast/rules/free_crossbars.py",
        "state.heads[number] = queue.image * core.visits + place",
        "state.heads[number] = place",
    ),
    Mutant(
        "R11 the operand must fit",
        f"{MACHINE}/fast/rules/free_crossbars.py",
        "not known and not fits(machine, tables, core, tile)",
        "not known and queue.asked < 0",
    ),
    Mutant(
        "R7 packets read a buffer",
        f"{MACHINE}/fast/rules/traffic.py",
        "piece.bytes * piece.sendings",
        "piece.bytes",
    ),
    Mutant(
        "R8 packets write a buffer",
        f"{MACHINE}/fast/rules/loop.py",
        "totals.written_bytes += tables.slots[slot].bytes",
        "totals.written_bytes += 0",
    ),
    Mutant(
        "R8 narrowest link so far",
        f"{MACHINE}/fast/elaborate/trees.py",
        "width = min(width, links[parent].bytes)",
        "width = max(width, links[parent].bytes)",
    ),
    Mutant(
        "R12 the longest visit",
        f"{MACHINE}/lockstep/fast.py",
        "if core.asked_operations > longest:",
        "if longest < 0:",
    ),
    Mutant(
        "R12 equal operands once",
        f"{MACHINE}/lockstep/fast.py",
        "is_new = False",
        "is_new = True",
    ),
    Mutant(
        "R12 first ready first",
        f"{MACHINE}/lockstep/fast.py",
        "if since > other or",
        "if since < other or",
    ),
    Mutant(
        "R13 a vector has one owner",
        f"{MACHINE}/shared_memory/fast.py",
        "if own.owned[key] < turn:",
        "if own.owned[key] + 1 < turn:",
    ),
    Mutant(
        "R13 bytes of a transfer",
        f"{MACHINE}/shared_memory/transfers.py",
        "cycles = (size + tables.kind.sizes[0] - 1) // tables.kind.sizes[0]",
        "cycles = size // tables.kind.sizes[0] + 1",
    ),
    Mutant(
        "R13 the first loads no sum",
        f"{MACHINE}/shared_memory/fast.py",
        "    if turn > 0:\n        ask_for_bus",
        "    if turn >= 0:\n        ask_for_bus",
    ),
    Mutant(
        "R13 the last takes the sum out",
        f"{MACHINE}/shared_memory/fast.py",
        "drain(machine, state, MEMORY, size)",
        "drain(machine, state, MEMORY, size + 1)",
    ),
)

REFERENCE = (
    Mutant(
        "R1 length of a visit",
        f"{MACHINE}/reference/crossbars.py",
        "ends = self.clock.now + units.visit_cycles(visit.operations)",
        "ends = self.clock.now + units.visit_cycles(visit.operations) + 1",
    ),
    Mutant(
        "R2 two operands fit",
        f"{MACHINE}/reference/crossbars.py",
        "return both <= self.components",
        "return both < self.components",
    ),
    Mutant(
        "R2 shared fetches",
        f"{MACHINE}/reference/crossbars.py",
        "size=size, shared=shared",
        "size=size",
    ),
    Mutant(
        "R4 pipeline",
        f"{MACHINE}/reference/crossbars.py",
        "self.clock.at(valid, ",
        "self.clock.at(ends, ",
    ),
    Mutant(
        "R5 lone contributions",
        f"{MACHINE}/reference/merging.py",
        "if expected == 1:",
        "if expected <= 2:",
    ),
    Mutant(
        "R5 sources of a rank",
        f"{MACHINE}/reference/merging.py",
        "rank = (*key, source, PLACES.index(place))",
        "rank = (*key, -source, PLACES.index(place))",
    ),
    Mutant(
        "R6 cycles of units",
        f"{MACHINE}/reference/engine.py",
        "units.serve(key, cycles, ",
        "units.serve(key, cycles + 1, ",
    ),
    Mutant(
        "R7 one packet to all",
        f"{MACHINE}/reference/packets.py",
        "if together else",
        "if not together else",
    ),
    Mutant(
        "R8 last byte",
        f"{MACHINE}/reference/packets.py",
        "at(head + cycles - 1, ",
        "at(head + cycles, ",
    ),
    Mutant(
        "R8 head",
        f"{MACHINE}/reference/packets.py",
        "head = clock.now + self.packets.interconnect.head_cycles",
        "head = clock.now + self.packets.interconnect.head_cycles + 1",
    ),
    Mutant(
        "R9 when a position is there",
        f"{MACHINE}/reference/engine.py",
        "time = self.clock.now + cycles_of(entered) + delay",
        "time = self.clock.now + cycles_of(entered) + delay - 1",
    ),
    Mutant(
        "R10 waits",
        f"{MACHINE}/reference/progress.py",
        "if self.nodes[wait.other].finished < needed:",
        "if self.nodes[wait.other].finished < 0:",
    ),
    Mutant(
        "R11 the first of the stream",
        f"{MACHINE}/reference/free_crossbars.py",
        "min(ready, key=lambda queue: queue.head)",
        "max(ready, key=lambda queue: queue.head)",
    ),
    Mutant(
        "R11 after all events",
        f"{MACHINE}/reference/free_crossbars.py",
        "self.clock.decide(crossbar, partial(self.choose, crossbar))",
        "self.choose(crossbar)",
    ),
    Mutant(
        "R8 narrowest link so far",
        f"{MACHINE}/reference/packets.py",
        "following = max(before, -(-self.size // group.bytes_per_cycle))",
        "following = -(-self.size // group.bytes_per_cycle)",
    ),
    Mutant(
        "R12 operands of all visits",
        f"{MACHINE}/lockstep/reference.py",
        "operation.missing == 0:",
        "operation.missing >= 0:",
    ),
    Mutant(
        "R12 one operation at a time",
        f"{MACHINE}/lockstep/reference.py",
        "state.running is None or self.components.compute_unit.fetches_ahead",
        "True",
    ),
    Mutant(
        "R13 the core waits",
        f"{MACHINE}/shared_memory/reference.py",
        "if self.owned[key] < turn:",
        "if self.owned[key] + 1 < turn:",
    ),
    Mutant(
        "R13 request of a bus",
        f"{MACHINE}/shared_memory/reference.py",
        "self.interconnect.head_cycles + cycles - 1",
        "self.interconnect.head_cycles + cycles",
    ),
    Mutant(
        "R13 in sequence",
        f"{MACHINE}/shared_memory/reference.py",
        "if turns.in_sequence and part > 0:",
        "if turns.in_sequence and part > 1:",
    ),
)
