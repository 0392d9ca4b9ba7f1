"""Merging of partial sums (rules R4 and R5): in the CU, in the PE, at the home PE."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial

from spatem_ir.hardware.accumulation.accumulation import PLACES
from spatem_ir.runtime.machine.buffers import BufferOccupancy
from spatem_ir.runtime.machine.reference.clock import Action, Clock, Resource
from spatem_ir.runtime.machine.reference.packets import Packets
from spatem_ir.runtime.machine.reference.program import DigitalTask, Key, Program
from spatem_ir.runtime.machine.steps import ResourceKind


class PartialSums:
    """The adders of CUs and PEs, and the contributions on their way home.

    `completed(pe, key)` is called when all contributions to a piece have been merged at a PE.
    """

    def __init__(
        self,
        program: Program,
        clock: Clock,
        packets: Packets,
        buffers: BufferOccupancy,
        completed: Callable[[int, Key], None],
    ):
        self.program = program
        self.accelerator = program.accelerator
        self.clock = clock
        self.packets = packets
        self.buffers = buffers
        self.completed = completed
        self.accumulation = self.accelerator.components.accumulation
        self.sum_bytes = self.accumulation.sum_bytes
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
        self.go_on(crossbar, 1, key, 0)

    def load(self, task: DigitalTask, key: Key, loaded: Action) -> None:
        """R6: what a digital operator reads is in the buffer of its PE."""
        loaded()

    def store(self, pe: int, key: Key, stored: Action) -> None:
        """R6: what a PE makes is in its buffer at once."""
        stored()

    def go_on(self, source: int, crossbars: int, key: Key, index: int) -> None:
        """R5: what comes from a source of so many crossbars goes on to the place of an index."""
        places = self.program.contributors[key[1]].places
        if index == len(places):
            self.completed(self.program.home[key[1]], key)
        elif places[index] == "home":
            self.send_home(source * crossbars // self.accelerator.crossbars_per_pe, key, source)
        else:
            number = source * crossbars // self.accumulation.crossbars_at(places[index])
            self.meet(places[index], number, key, source)

    def meet(self, place: str, number: int, key: Key, source: int) -> None:
        """R5: a contribution meets others in CU, PE or home `number`; a lone one passes free."""
        values = self.program.contributors[key[1]].values
        expected = self._expected(place, number, key[1])
        if expected == 1:
            self.pass_on(place, number, key)
            return
        self.additions += values
        if self.accumulation.adders(place).in_buffer:
            self.buffers.fill(self._pe(place, number), self.clock.now, values * self.sum_bytes)
            self.buffers.written_bytes += values * self.sum_bytes
        adders = self.cu_adders[number] if place == "cu" else self.pe_adders[number]
        rank = (*key, source, PLACES.index(place))
        merged = partial(self.merge, place, number, key, expected)
        adders.serve(rank, self.accumulation.cycles(place, values), merged)

    def merge(self, place: str, number: int, key: Key, expected: int) -> None:
        """R5: a contribution has been added; the last one completes the sum of this place."""
        meeting = (place, number, key)
        self.merged[meeting] += 1
        if self.merged[meeting] < expected:
            return
        del self.merged[meeting]
        if self.accumulation.adders(place).in_buffer:
            size = expected * self.program.contributors[key[1]].values * self.sum_bytes
            self.buffers.drain(self._pe(place, number), self.clock.now, size)
            self.buffers.read_bytes += size
        self.pass_on(place, number, key)

    def pass_on(self, place: str, number: int, key: Key) -> None:
        """R5: the sum of a place goes on to the next: CU, PE, home."""
        following = self.program.contributors[key[1]].places.index(place) + 1
        self.go_on(number, self.accumulation.crossbars_at(place), key, following)

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
        counts: Counter[tuple[str, int]] = Counter()
        sources, crossbars = list(contributors.crossbars), 1
        for place in contributors.places:
            if place == "home":
                counts[place, self.program.home[piece]] = len(sources)
                continue
            shared = self.accumulation.crossbars_at(place)
            where = [source * crossbars // shared for source in sources]
            counts.update((place, number) for number in where)
            sources, crossbars = list(dict.fromkeys(where)), shared
        return counts

    def _pe(self, place: str, number: int) -> int:
        """The PE of a CU, PE or home."""
        if place == "home":
            return number
        return number * self.accumulation.crossbars_at(place) // self.accelerator.crossbars_per_pe
