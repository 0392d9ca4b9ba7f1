"""Floor plans of parts of the chip: each layer stands in one region, each region has a floor plan.

A region serves layers of all depths, so that it has work from the first byte to the last.  What a
PE reads, keeps and merges is that of its region's layers alone, and crossbars that hold fewer
layers have room for larger tiles, so that there are fewer visits.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.packing.bands import InLine
from spatem_ir.geometry.packing.regions import Regions
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.search.pacing import Lead
from spatem_ir.search.prices import Chosen, PlanChooser, Prices
from spatem_ir.search.strips import STRIPS, StripFlow

MOVES = 1000
"""Changes of an arrangement that are tried."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DEPTHS = (0.2, 0.1, 0.05, 0.02, 0.01)
"""Depths (:class:`spatem_ir.search.pacing.Lead`) of which an arrangement has the best."""

EVENTS_PER_VISIT = 3
"""Simulated events: an operand is fetched, the crossbar is free, sums are made."""

LEADS = (STRIPS // 4, STRIPS // 8, STRIPS // 16, 2, 1)
"""Strips of the inputs that are tried as leads where buffers do not suffice for what is best."""


class Served(NamedTuple):
    """What the coarse simulation says of a lead: the cycles, and the most bytes in a buffer."""

    lead: Lead
    cycles: float
    held: float


class RegionPlan(NamedTuple):
    """A grid for each layer and the region in which it stands.

    `lead` is the one with which they are served best, `held` are the most bytes that are expected
    in a buffer then, `cycles` those that are expected (:meth:`RegionChooser.penalised`), and
    `events` about as many as are simulated.
    """

    grids: tuple[Grid, ...]
    regions: Regions
    lead: Lead
    held: float
    cycles: float
    events: float


class Arrangement(NamedTuple):
    """Regions, the depth with which they are served best, and the cycles that are expected."""

    regions: Regions
    depth: float
    cycles: float


@dataclass(frozen=True)
class RegionChooser:
    """Chooses regions and grids for layers on so many PEs of an accelerator.

    `flow` says what the layers need of each other; a PE's buffer has `room` for so many bytes.
    """

    layers: tuple[Layer, ...]
    accelerator: Accelerator
    pes: int
    flow: StripFlow
    room: float
    choosers: dict[tuple[tuple[int, ...], int], PlanChooser] = field(default_factory=dict)
    plans: dict[tuple[tuple[int, ...], int, Prices], Chosen | None] = field(default_factory=dict)
    arrangements: dict[int, Regions | None] = field(default_factory=dict)

    def choose(self, prices: Prices, count: int) -> RegionPlan | None:
        """The grids that cost least on so many regions; None if no floor plans are found."""
        regions = self.arranged(count, prices)
        if regions is None:
            return None
        grids: dict[int, Grid] = {}
        costs = np.zeros(len(self.layers))
        for region, pes in enumerate(regions.pes):
            here = regions.layers(region)
            if not here:
                continue
            chosen = self.chosen(tuple(here), pes, prices)
            if chosen is None:
                return None
            grids.update(zip(here, chosen.grids, strict=True))
            costs[here] = chosen.costs
        in_order = tuple(grids[n] for n in range(len(self.layers)))
        of_layer, readers = np.array(regions.of_layer), self.readers(in_order, regions)
        packets, sizes = self.packets(in_order)
        moves = self.moves(packets, sizes, readers)
        shares = readers / np.array(regions.pes)[of_layer]

        def served(depth: float, strips: int) -> Served:
            ends = self.flow.ends(costs, of_layer, depth, moves, strips)
            lead = Lead(None if strips == STRIPS else strips / STRIPS, depth)
            held = self.flow.held(ends, of_layer, shares, strips)
            return Served(lead, float(ends.max()), held)

        found = [served(depth, STRIPS) for depth in DEPTHS]
        if min(found, key=lambda each: each.cycles).held > self.room:
            found += [served(depth, strips) for strips in LEADS for depth in DEPTHS]
        best = self.best(found)
        arrivals = self.flow.residence.arrivals(packets * readers, of_layer)
        events = EVENTS_PER_VISIT * visits(in_order, self.layers) + arrivals
        cycles = self.penalised(best.cycles, best.held)
        return RegionPlan(in_order, regions, best.lead, best.held, cycles, events)

    def best(self, found: Sequence[Served]) -> Served:
        """That of the fewest cycles, penalised; to a hundredth, the first."""
        cycles = [self.penalised(each.cycles, each.held) for each in found]
        return next(
            each for each, own in zip(found, cycles, strict=True) if own <= 1.01 * min(cycles)
        )

    def penalised(self, cycles: float, held: float) -> float:
        """Cycles, so many times as often as a buffer holds what is to be in it."""
        return cycles * max(held / self.room, 1)

    def readers(self, grids: Sequence[Grid], regions: Regions) -> Floats:
        """At how many PEs a value of what each layer reads is read, about: [layers]."""
        found = []
        for layer, grid, region in zip(self.layers, grids, regions.of_layer, strict=True):
            crossbars = regions.pes[region] * self.accelerator.crossbars_per_pe
            line = InLine.of(layer, grid, self.accelerator, crossbars)
            found.append(float(line.reading(line.bands)))
        return np.array(found)

    def packets(self, grids: Sequence[Grid]) -> tuple[Ints, Ints]:
        """In how many packets comes what each layer reads, of how many bytes: [layers].

        They are as large as the results of the layer before.
        """
        counts, sizes = [], []
        for number, layer in enumerate(self.layers):
            before = self.flow.nearest(number)
            channels, height, width = layer.input_shape
            values = channels if before is None else min(grids[before].results, channels)
            counts.append(height * width * -(-channels // values))
            sizes.append(-(-values * layer.input_bits // 8))
        return np.array(counts), np.array(sizes)

    def moves(self, counts: Ints, sizes: Ints, readers: Floats) -> Floats:
        """The cycles that what each layer reads holds the busiest link: [layers].

        It comes in so many packets of such sizes to so many `readers`.
        """
        interconnect = self.accelerator.components.interconnect
        cycles = counts * np.array([interconnect.packet_cycles(int(size)) for size in sizes])
        return cycles * interconnect.tree_load(readers)

    def arranged(self, count: int, prices: Prices) -> Regions | None:
        """The arrangement of so many regions, the same for all prices; None if there is none.

        `prices` are those of the first time.
        """
        if count not in self.arrangements:
            whole = self.chosen(tuple(range(len(self.layers))), self.pes, prices)
            costs = None if whole is None else np.array(whole.costs) * self.pes
            self.arrangements[count] = None if costs is None else self.arrange(count, costs)
        return self.arrangements[count]

    def arrange(self, count: int, work: Floats) -> Regions:
        """The best of :data:`MOVES` changes of regions that are dealt out in turn.

        `work` is what each layer takes of the chip, in cycles of a PE.
        """
        draw = random.Random(count)
        pes = tuple(self.pes // count + (region < self.pes % count) for region in range(count))
        regions = Regions(pes, dealt(work, count))
        best = self.served(regions, work)
        for _ in range(MOVES if count > 1 else 0):
            changed = moved(best.regions, draw)
            if not self.has_room(changed):
                continue
            cycles = self.expected(changed, work, best.depth, best.cycles)
            if cycles <= best.cycles:
                best = Arrangement(changed, best.depth, cycles)
        return best.regions

    def served(self, regions: Regions, work: Floats) -> Arrangement:
        """Regions with the depth with which they are served best; to a hundredth, the largest."""
        cycles = [self.expected(regions, work, depth) for depth in DEPTHS]
        found = zip(DEPTHS, cycles, strict=True)
        return next(Arrangement(regions, *each) for each in found if each[1] <= 1.01 * min(cycles))

    def expected(
        self,
        regions: Regions,
        work: Floats,
        depth: float,
        most: float = float("inf"),
    ) -> float:
        """The cycles of regions, if layers take of any PE what they take of all.

        Not penalised if they are more than `most` anyway.
        """
        of_layer = np.array(regions.of_layer)
        ends = self.flow.ends(work / np.array(regions.pes)[of_layer], of_layer, depth)
        cycles = float(ends.max())
        if cycles > most:
            return cycles
        return self.penalised(cycles, self.flow.held(ends, of_layer, np.ones(len(self.layers))))

    def has_room(self, regions: Regions) -> bool:
        """Whether the cells of each region suffice for its weights."""
        taken = np.bincount(regions.of_layer, self.cells, len(regions.pes))
        per_pe = self.accelerator.crossbars_per_pe * self.accelerator.cells_per_crossbar
        return bool((taken <= np.array(regions.pes) * per_pe).all())

    @cached_property
    def cells(self) -> list[int]:
        """The cells of the weights of each layer."""
        of_weight = self.accelerator.cells_per_weight
        return [layer.weights * of_weight(layer.weight_bits) for layer in self.layers]

    def chosen(self, layers: tuple[int, ...], pes: int, prices: Prices) -> Chosen | None:
        """The grids of some layers, by number, that cost least on so many PEs."""
        where, plan = (layers, pes), (layers, pes, prices)
        if where not in self.choosers:
            crossbars = pes * self.accelerator.crossbars_per_pe
            own = [self.layers[n] for n in layers]
            self.choosers[where] = PlanChooser.of(own, self.accelerator, crossbars)
        if plan not in self.plans:
            self.plans[plan] = self.choosers[where].choose(prices)
        return self.plans[plan]


def visits(grids: Sequence[Grid], layers: Sequence[Layer]) -> int:
    """How many visits all crossbars run together."""
    tiles = zip(grids, layers, strict=True)
    return sum(grid.tiles(layer) * grid.windows_per_copy(layer) for grid, layer in tiles)


def dealt(work: Floats, count: int) -> tuple[int, ...]:
    """The region of each layer: in network order, the one that has least to do so far."""
    loads = np.zeros(count)
    regions = []
    for cycles in work:
        region = int(np.argmin(loads))
        loads[region] += cycles
        regions.append(region)
    return tuple(regions)


def moved(regions: Regions, draw: random.Random) -> Regions:
    """A layer elsewhere, two layers exchanged, or a PE that another region has."""
    pes, of_layer = list(regions.pes), list(regions.of_layer)
    kind = draw.randrange(3)
    if kind == 0:
        of_layer[draw.randrange(len(of_layer))] = draw.randrange(len(pes))
    elif kind == 1:
        one, other = draw.randrange(len(of_layer)), draw.randrange(len(of_layer))
        of_layer[one], of_layer[other] = of_layer[other], of_layer[one]
    else:
        giving, taking = draw.randrange(len(pes)), draw.randrange(len(pes))
        given = min(1, pes[giving] - 1)
        pes[giving] -= given
        pes[taking] += given
    return Regions(tuple(pes), tuple(of_layer))
