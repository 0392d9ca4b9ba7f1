"""A second simulator of the machine: every cycle it looks at everything.

It shares nothing with the reference engine, neither code nor structure: no event queue, no
callbacks.  Each cycle ends what ends, lets crossbars and tasks go on until nothing changes, and
then gives free servers to those who wait.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from typing import Any

from unit.runtime.machine.programs import noc_of
from unit.runtime.machine.stepped_network import Network
from unit.runtime.machine.stepped_state import Core, Job, Packet, Server
from unit.runtime.machine.stepped_tables import Tables, Visit, ceiling
from unit.runtime.machine.stepped_waiting import Waiting

from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.accumulation.home import HomeParameters


class Stuck(Exception):
    """Nothing moves any more, and not all outputs have left."""


class Stepped(Waiting, Network):
    """The machine; `run` fills `finished` and the counters."""

    def __init__(self, tables: Tables, accelerator: Accelerator, images: int = 1):
        self.tables, self.accelerator, self.images = tables, accelerator, images
        self.now = 0
        self.servers: dict[tuple[Any, ...], Server] = defaultdict(Server)
        self.cores = {n: Core(visits * images) for n, visits in tables.streams.items()}
        self.there: dict[tuple[int, int], set[int]] = defaultdict(set)
        self.valid: list[tuple[int, int, int, int]] = []
        self.entering: list[tuple[int, int, int]] = []
        self.added: Counter[tuple[str, int, int, int]] = Counter()
        self.tasks_left = [(image, task) for image in range(images) for task in tables.tasks]
        assert isinstance(accelerator.accumulation, HomeParameters)
        self.sum_bytes = ceiling(accelerator.accumulation.sum_bits, 8)
        self.outputs_left = Counter(i for i, task in self.tasks_left if task.unit == "port")
        self.finished = [0] * images
        self.fetched = self.additions = 0
        self.changes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.reads: Counter[tuple[int, int]] = Counter()
        for number, visits in tables.streams.items():
            self.reads.update((self.pe_of(number), p) for v in visits for p in v.reads)
        self.reads.update((task.pe, p) for task in tables.tasks for p in task.reads)
        self.reads_done: Counter[tuple[int, int, int]] = Counter()
        self.expected = {p: self.meetings(p) for p in tables.values}
        Waiting.__init__(self, tables, images)
        Network.__init__(self, accelerator)
        self.portion: tuple[int, int] | None = (0, 0)

    def pe_of(self, crossbar: int) -> int:
        return crossbar // (self.accelerator.pe.compute_units * self.accelerator.cu.crossbars)

    def meetings(self, piece: int) -> Counter[tuple[str, int]]:
        """How many contributions to a piece meet where."""
        places, counts = self.tables.merge[piece], Counter[tuple[str, int]]()
        units = [
            n // self.accelerator.cu.crossbars
            for n, visits in self.tables.streams.items()
            for visit in visits
            if visit.piece == piece
        ]
        if "cu" in places:
            counts.update(("cu", unit) for unit in units)
            units = list(set(units))
        units = [unit // self.accelerator.pe.compute_units for unit in units]
        if "pe" in places:
            counts.update(("pe", unit) for unit in units)
            units = list(set(units))
        counts["home", self.tables.home[piece]] = len(units)
        return counts

    def run(self) -> None:
        """Step until nothing moves.

        Raises:
            Stuck: nothing moves, and not all outputs have left.
        """
        self.step()
        while not self.rests():
            self.now += 1
            self.step()
        if any(self.outputs_left.values()):
            raise Stuck

    def step(self) -> None:
        """One cycle: what ends, what follows from it, who gets what is free."""
        self.end_jobs()
        self.end_entries()
        self.end_flights()
        for _, crossbar, image, piece in self.take("valid"):
            self.contribute(crossbar, image, piece)
        while self.cores_go_on() or self.tasks_go_on() or self.input_goes_on():
            pass
        self.grant()

    def rests(self) -> bool:
        """Whether nothing moves."""
        moving = self.heads or self.tails or self.valid or self.entering
        working = any(server.jobs for server in self.servers.values())
        return not moving and not working and all(c.ended == c.started for c in self.cores.values())

    def take(self, what: str) -> list[Any]:
        """Remove and return what is due now, of a list of tuples that begin with a cycle."""
        everything = getattr(self, what)
        setattr(self, what, [item for item in everything if item[0] > self.now])
        return [item for item in everything if item[0] == self.now]

    # Servers

    def wait(
        self,
        server: tuple[Any, ...],
        order: tuple[int, ...],
        cycles: int,
        what: Any,
        alike: Hashable = None,
    ) -> None:
        self.servers[server].waiting.append(Job(self.now, order, cycles, what, alike))

    def grant(self) -> None:
        for name, server in list(self.servers.items()):
            if not server.waiting or server.end > self.now:
                continue
            first = min(server.waiting, key=lambda job: (job.arrival, job.order))
            alike = [j for j in server.waiting if j.alike == first.alike and j.alike is not None]
            server.jobs = alike or [first]
            server.waiting = [job for job in server.waiting if job not in server.jobs]
            server.end = self.now + first.cycles
            if name[0] == "link":
                self.enter_link(first, name[2])
            elif name[0] == "fetch":
                self.fetched += first.what[1].size
            elif name[0] == "port" and first.what[0] == "input":
                self.enter(*first.what[1:])

    def end_jobs(self) -> None:
        ends: dict[str, Callable[..., None]] = {
            "fetch": self.end_fetch,
            "adders": self.end_addition,
            "activation": self.end_unit,
            "pool": self.end_unit,
            "port": self.end_port,
            "link": lambda *_: None,
        }
        for name, server in list(self.servers.items()):
            if server.jobs and server.end == self.now:
                jobs, server.jobs = server.jobs, []
                for job in jobs:
                    ends[name[0]](*job.what)

    # The port

    def input_goes_on(self) -> bool:
        """Queue the next portion of the input if it may enter."""
        if self.portion is None or not self.may_begin(
            self.portion[0], self.portions[self.portion[1]][0]
        ):
            return False
        image, number = self.portion
        pieces = self.portions[number]
        size = sum(self.tables.size[piece] for piece in pieces)
        cycles = ceiling(size, self.accelerator.io.bytes_per_cycle)
        self.wait(("port",), (image, pieces[0]), cycles, ("input", image, number))
        self.portion = None
        return True

    def enter(self, image: int, number: int) -> None:
        entered = 0
        for piece in self.portions[number]:
            entered += self.tables.size[piece]
            cycles = ceiling(entered, self.accelerator.io.bytes_per_cycle)
            self.entering.append((self.now + cycles, image, piece))

    def end_entries(self) -> None:
        for _, image, piece in self.take("entering"):
            self.spread(image, piece, "inputs")

    def end_port(self, kind: str, image: int, what: Any) -> None:
        if kind == "output":
            self.read(what.pe, image, what.reads)
            self.outputs_left[image] -= 1
            self.finished[image] = self.now
            self.done.add((image, what.piece))
        elif what + 1 < len(self.portions):
            self.portion = (image, what + 1)
        elif image + 1 < self.images:
            self.portion = (image + 1, 0)

    # Buffers and the network

    def spread(self, image: int, piece: int, kind: str = "activations") -> None:
        """A piece is finished at its home."""
        self.done.add((image, piece))
        home, size = self.tables.home[piece], self.tables.size[piece]
        readers = sorted({pe for pe, read in self.reads if read == piece})
        if home in readers:
            self.put(home, image, piece)
        others = [pe for pe in readers if pe != home]
        groups = [others] if noc_of(self.accelerator).multicast else [[pe] for pe in others]
        for group in filter(None, groups):
            order = (image, piece, home, group[0])
            self.send(kind, Packet("piece", (image, piece), home, group, size, order))

    def put(self, pe: int, image: int, piece: int) -> None:
        self.there[pe, image].add(piece)
        self.changes[pe].append((self.now, self.tables.size[piece]))

    def read(self, pe: int, image: int, pieces: frozenset[int]) -> None:
        for piece in pieces:
            self.reads_done[pe, image, piece] += 1
            if self.reads_done[pe, image, piece] == self.reads[pe, piece]:
                self.changes[pe].append((self.now, -self.tables.size[piece]))

    def has(self, pe: int, image: int, pieces: frozenset[int]) -> bool:
        return pieces <= self.there[pe, image]

    def end_flights(self) -> None:
        for pe, packet in self.move_packets():
            if packet.kind == "piece":
                self.put(pe, *packet.what)
            else:
                self.meet("home", pe, *packet.what)

    # Crossbars

    def cores_go_on(self) -> bool:
        return any([self.core_goes_on(number, core) for number, core in self.cores.items()])

    def core_goes_on(self, number: int, core: Core) -> bool:
        """Everything that a crossbar can do now; whether that was anything."""
        before = (core.asked, core.loaded, core.started, core.ended, core.wants)
        pe = self.pe_of(number)
        if core.ended < core.started and core.end == self.now:
            core.ended += 1
        if core.started == core.ended and core.started < core.loaded:
            visit = core.visits[core.started]
            image = core.started // len(self.tables.streams[number])
            core.end = self.now + visit.cycles
            valid = core.end + self.accelerator.ou.pipeline_cycles
            self.valid.append((valid, number, image, visit.piece))
            core.starts.append(self.now)
            core.started += 1
        if core.asked == core.loaded and core.asked < len(core.visits) and self.room(number, core):
            core.wants = True
        if core.wants:
            self.ask(pe, number, core)
        return before != (core.asked, core.loaded, core.started, core.ended, core.wants)

    def room(self, number: int, core: Core) -> bool:
        """Whether the register has room for the operand of the next visit without one."""
        if core.asked == core.ended:
            return True
        if core.asked > core.started:
            return False
        last, following = core.visits[core.asked - 1], core.visits[core.asked]
        share = self.accelerator.cu.input_register_bytes // self.accelerator.cu.crossbars
        return self.reuses(number, core) or last.size + following.size <= share

    def reuses(self, number: int, core: Core) -> bool:
        visits = len(self.tables.streams[number])
        return (
            core.asked > core.ended
            and core.visits[core.asked].operand == core.visits[core.asked - 1].operand
            and core.asked // visits == (core.asked - 1) // visits
        )

    def ask(self, pe: int, number: int, core: Core) -> None:
        """Take the operand over from the visit before, or queue for it when it is in the buffer."""
        visit = core.visits[core.asked]
        image = core.asked // len(self.tables.streams[number])
        if self.reuses(number, core):
            core.asked, core.loaded, core.wants = core.asked + 1, core.loaded + 1, False
            self.read(pe, image, visit.reads)
        elif self.has(pe, image, visit.reads) and self.may_begin(image, visit.piece):
            cycles = ceiling(visit.size, self.accelerator.pe.port_bytes_per_cycle)
            alike = (number // self.accelerator.cu.crossbars, image, visit.operand)
            what = (number, visit, image)
            self.wait(("fetch", pe), (number, core.asked), cycles, what, alike)
            core.asked, core.wants = core.asked + 1, False

    def end_fetch(self, number: int, visit: Visit, image: int) -> None:
        self.cores[number].loaded += 1
        self.read(self.pe_of(number), image, visit.reads)

    # Partial sums

    def contribute(self, crossbar: int, image: int, piece: int) -> None:
        places, cu = self.tables.merge[piece], crossbar // self.accelerator.cu.crossbars
        if "cu" in places:
            self.meet("cu", cu, image, piece, crossbar)
        elif "pe" in places:
            self.meet("pe", self.pe_of(crossbar), image, piece, crossbar)
        else:
            self.go_home(self.pe_of(crossbar), image, piece, crossbar)

    def meet(self, place: str, unit: int, image: int, piece: int, source: int) -> None:
        if self.expected[piece][place, unit] == 1:
            self.go_on(place, unit, image, piece)
            return
        values, in_cu = self.tables.values[piece], place == "cu"
        adders = (self.accelerator.cu if in_cu else self.accelerator.pe).adders_per_cycle
        self.additions += values
        if not in_cu:
            self.changes[unit].append((self.now, self.sum_bytes * values))
        order = (image, piece, source, place == "home")
        what = (place, unit, image, piece)
        self.wait(("adders", in_cu, unit), order, ceiling(values, adders), what)

    def end_addition(self, place: str, unit: int, image: int, piece: int) -> None:
        self.added[place, unit, image, piece] += 1
        expected = self.expected[piece][place, unit]
        if self.added[place, unit, image, piece] == expected:
            if place != "cu":
                size = self.sum_bytes * self.tables.values[piece] * expected
                self.changes[unit].append((self.now, -size))
            self.go_on(place, unit, image, piece)

    def go_on(self, place: str, unit: int, image: int, piece: int) -> None:
        if place == "home":
            values, pe = self.tables.values[piece], self.tables.home[piece]
            cycles = ceiling(values, self.accelerator.pe.activations_per_cycle)
            self.wait(("activation", pe), (image, piece), cycles, (image, piece))
            return
        pe = unit if place == "pe" else unit // self.accelerator.pe.compute_units
        if place == "cu" and "pe" in self.tables.merge[piece]:
            self.meet("pe", pe, image, piece, unit)
        else:
            self.go_home(pe, image, piece, unit)

    def go_home(self, pe: int, image: int, piece: int, source: int) -> None:
        home, size = self.tables.home[piece], self.sum_bytes * self.tables.values[piece]
        if pe == home:
            self.meet("home", home, image, piece, source)
            return
        order, what = (image, piece, source, home), (image, piece, source)
        self.send("partial_sums", Packet("sum", what, pe, [home], size, order))

    # Poolings, activations, outputs

    def tasks_go_on(self) -> bool:
        ready = [
            (image, task)
            for image, task in self.tasks_left
            if self.has(task.pe, image, task.reads) and self.may_begin(image, task.piece)
        ]
        self.tasks_left = [item for item in self.tasks_left if item not in ready]
        for image, task in ready:
            order = (image, task.piece)
            if task.unit == "port":
                bandwidth = self.accelerator.io.bytes_per_cycle
                cycles = ceiling(self.tables.size[task.piece], bandwidth)
                self.wait(("port",), order, cycles, ("output", image, task))
                continue
            if not task.values:
                self.spread(image, task.piece)
                continue
            pe = self.accelerator.pe
            units = pe.poolings_per_cycle if task.unit == "pool" else pe.activations_per_cycle
            what = (image, task.piece, task)
            self.wait((task.unit, task.pe), order, ceiling(task.values, units), what)
        return bool(ready)

    def end_unit(self, image: int, piece: int, task: Any = None) -> None:
        """A piece is activated or pooled; an operator has then read its inputs."""
        if task is not None:
            self.read(task.pe, image, task.reads)
        self.spread(image, piece)
