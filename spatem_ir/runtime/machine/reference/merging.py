"""Merging of partial sums (rules R4 and R5): in the CU, in the PE, at the home PE."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial

from spatem_ir.dialects.ou import PLACES
from spatem_ir.runtime.machine.buffers import BufferOccupancy
from spatem_ir.runtime.machine.reference.clock import Clock, Resource
from spatem_ir.runtime.machine.reference.packets import Packets
from spatem_ir.runtime.machine.reference.program import Key, Program
from spatem_ir.runtime.machine.steps import ResourceKind


class PartialSums:
    """The adders of CUs and PEs, and the contributions on their way home.

    `completed` is called when all contributions to a piece have been merged at home.
    """

    def __init__(
        self,
        program: Program,
        clock: Clock,
        packets: Packets,
        buffers: BufferOccupancy,
        completed: Callable[[Key], None],
    ):
        self.program = program
        self.accelerator = program.accelerator
        self.clock = clock
        self.packets = packets
        self.buffers = buffers
        self.completed = completed
        self.sum_bytes = self.accelerator.components.accumulation.sum_bytes
        self.additions = 0
        self.cu_adders: dict[int, Resource] = defaultdict(
            lambda: Resource(clock, ResourceKind.CU_ADDERS)
        )
        self.pe_adders: dict[int, Resource] = defaultdict(
            lambda: Resource(clock, ResourceKind.PE_ADDERS)
        )
        self.merged: Counter[tuple[str, int, Key]] = Counter()
        self._meetings: dict[int, Counter[tuple[str, int]]] = {}

    def contribute(self, crossbar: int, key: Key) -> None:
        """R4, R5: a visit's results are valid and go to the first place that merges them."""
        pe, cu, _ = self.accelerator.address(crossbar)
        places = self.program.contributors[key[1]].places
        if "cu" in places:
            self.meet("cu", pe * self.accelerator.pe.compute_units + cu, key, crossbar)
        elif "pe" in places:
            self.meet("pe", pe, key, crossbar)
        else:
            self.send_home(pe, key, crossbar)

    def meet(self, place: str, number: int, key: Key, source: int) -> None:
        """R5: a contribution meets others in CU, PE or home `number`; a lone one passes free."""
        contributors = self.program.contributors[key[1]]
        expected = self._expected(place, number, key[1])
        if expected == 1:
            self.pass_on(place, number, key)
            return
        in_cu = place == "cu"
        adders = self.cu_adders[number] if in_cu else self.pe_adders[number]
        self.additions += contributors.values
        if not in_cu:
            self.buffers.fill(number, self.clock.now, contributors.values * self.sum_bytes)
        cycles = self.accelerator.components.accumulation.cycles(place, contributors.values)
        rank = (*key, source, PLACES.index(place))
        adders.serve(rank, cycles, partial(self.merge, place, number, key, expected))

    def merge(self, place: str, number: int, key: Key, expected: int) -> None:
        """R5: a contribution has been added; the last one completes the sum of this place."""
        meeting = (place, number, key)
        self.merged[meeting] += 1
        if self.merged[meeting] < expected:
            return
        del self.merged[meeting]
        if place != "cu":
            size = expected * self.program.contributors[key[1]].values * self.sum_bytes
            self.buffers.drain(number, self.clock.now, size)
        self.pass_on(place, number, key)

    def pass_on(self, place: str, number: int, key: Key) -> None:
        """R5: the sum of a place goes on to the next: CU, PE, home."""
        if place == "home":
            self.completed(key)
            return
        pe = number if place == "pe" else number // self.accelerator.pe.compute_units
        if place == "cu" and "pe" in self.program.contributors[key[1]].places:
            self.meet("pe", pe, key, number)
        else:
            self.send_home(pe, key, number)

    def send_home(self, pe: int, key: Key, source: int) -> None:
        """R5: a PE that is not home sends one packet of partial sums."""
        image, piece = key
        home = self.program.home[piece]
        if pe == home:
            self.meet("home", home, key, source)
            return
        size = self.program.contributors[piece].values * self.sum_bytes
        self.packets.send(
            "partial_sums",
            pe,
            [home],
            size,
            (image, piece, 0, source),
            lambda there: self.meet("home", there, key, source),
        )

    def _expected(self, place: str, number: int, piece: int) -> int:
        """How many contributions to a piece meet at a place."""
        counts = self._meetings.get(piece)
        if counts is None:
            counts = self._meetings[piece] = self._count_meetings(piece)
        return counts[place, number]

    def _count_meetings(self, piece: int) -> Counter[tuple[str, int]]:
        """How many contributions to a piece meet in each CU, PE and at home."""
        contributors = self.program.contributors[piece]
        sources = [("crossbar", crossbar) for crossbar in contributors.crossbars]
        counts: Counter[tuple[str, int]] = Counter()
        for place in contributors.places:
            where = [(place, self._where(place, source, piece)) for source in sources]
            counts.update(where)
            sources = list(dict.fromkeys(where))
        return counts

    def _where(self, place: str, source: tuple[str, int], piece: int) -> int:
        """The number of the CU, PE or home to which a contribution goes."""
        if place == "home":
            return self.program.home[piece]
        kind, number = source
        per_unit = self.accelerator.cu.crossbars
        unit = number // per_unit if kind == "crossbar" else number
        return unit if place == "cu" else unit // self.accelerator.pe.compute_units
