"""Simulated annealing over the cuts and places of single layers.

Where latency is a chain of fetches, visits, sums and hops rather than work, what counts is how each
layer is cut and on which PEs it stands.  A design says both, layer by layer; a move changes one of
them, and what comes of it is simulated (Kirkpatrick, Gelatt, Vecchi, Science 1983).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, product
from math import exp
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatem_ir.geometry.estimate.candidates import joined_candidates, layer_candidates
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.search.chains import shortest_chain
from spatem_ir.search.evaluator import Candidate
from spatem_ir.search.pacing import Lead
from spatem_ir.search.spreads import PlacedTiles, TilePart, TileSpread, pe_orders

if TYPE_CHECKING:
    from spatem_ir.geometry.estimate.candidates import LayerCandidates
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

HOTTEST, COLDEST = 0.003, 0.0005
"""The relative loss that is accepted with probability 1 / e, at the beginning and at the end."""

CUT_MOVES = 0.5
"""The share of moves that change cuts; others change how windows are dealt, or PEs."""

CHAIN_MOVES = 0.15
"""The share of moves that give a layer a short chain."""

MIDDLE, BRANCHES = 1, 2
"""The numbers of the orders of PEs from the middle and, from which on, of branches."""

SHARES = 16
"""Into how many shares tiles are divided between two parts."""


class LayerDesign(NamedTuple):
    """The cuts of a layer, by number of its candidates and of the cut of each axis; its PEs."""

    kind: int
    cuts: tuple[int, ...]
    deal: Deal
    spread: TileSpread | PlacedTiles


class Design(NamedTuple):
    """The design of each layer, and the depth of its :class:`spatem_ir.search.pacing.Lead`."""

    layers: tuple[LayerDesign, ...]
    depth: float


@dataclass
class DesignSpace:
    """The designs of some layers on an accelerator; `entering` are those that read the input.

    All have at most so many visits.
    """

    layers: Sequence[Layer]
    accelerator: Accelerator
    entering: Sequence[bool]
    most_visits: int
    kinds: list[tuple[LayerCandidates, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.orders = pe_orders(self.accelerator)
        self.kinds = [
            (
                layer_candidates(layer, self.accelerator, narrow=True),
                *joined_candidates(layer, self.accelerator),
            )
            for layer in self.layers
        ]

    def grids(self, design: Design) -> tuple[Grid, ...]:
        """The grids of a design."""
        return tuple(
            kinds[own.kind].grid(own.cuts, own.deal)
            for kinds, own in zip(self.kinds, design.layers, strict=True)
        )

    def is_possible(self, design: Design) -> bool:
        """Whether all grids cut the layers, into no more tiles than there are crossbars."""
        visits = 0
        for grid, layer in zip(self.grids(design), self.layers, strict=True):
            if grid.problem(layer, self.accelerator) is not None:
                return False
            if grid.tiles(layer) > self.accelerator.crossbars:
                return False
            visits += grid.matrices(layer) * layer.windows * grid.tiles_per_copy
        return visits <= self.most_visits

    def candidate(self, design: Design) -> Candidate:
        """What is evaluated."""
        grids = self.grids(design)
        spreads = tuple(
            IndexSequence.of(own.spread.pes(layer, grid, self.orders))
            for own, layer, grid in zip(design.layers, self.layers, grids, strict=True)
        )
        return Candidate(grids, None, 0, None, (Lead(None, design.depth),), spreads)

    def starts(self, depth: float) -> Iterator[Design]:
        """Possible designs to begin with: chains as short as can be, for some weights of work.

        The layers follow each other by distance from the port; those that read the input are
        divided between the branches, if there are any, in neighbouring parts of the map, copies of
        so many windows in a row.
        """
        pes = self.accelerator.pes
        most = max(pes - 1, 1)
        for work, stretch in product(WORKS, STRETCHES):
            designs, first = [], pes - most
            for layer, kinds, enters in zip(self.layers, self.kinds, self.entering, strict=True):
                if enters and len(self.orders) > BRANCHES and layer.windows > 1:
                    designs.append(self.divided(layer, kinds[0], work, stretch))
                    continue
                cuts, own, divided = shortest_chain(kinds[0], self.accelerator, most, work)
                part = TilePart(MIDDLE, 0, own, SHARES)
                whole = TileSpread((part,), by_copy=False, in_turn=True, divided=divided)
                designs.append(LayerDesign(0, cuts, Deal.CYCLIC, whole))
                first = (first + own) % pes
            design = Design(tuple(designs), depth)
            if self.is_possible(design):
                yield design

    def placed(
        self, grids: Sequence[Grid], places: Sequence[IndexSequence], depth: float
    ) -> Iterator[Design]:
        """The design with these grids and PEs of tiles, if cuts of candidates make the grids."""
        designs = []
        for kinds, grid, pes in zip(self.kinds, grids, places, strict=True):
            found = ((number, kind.cuts_of(grid)) for number, kind in enumerate(kinds))
            made = next(((number, cuts) for number, cuts in found if cuts is not None), None)
            if made is None:
                return
            designs.append(LayerDesign(*made, grid.deal, PlacedTiles(pes)))
        design = Design(tuple(designs), depth)
        if self.is_possible(design):
            yield design

    def divided(
        self, layer: Layer, candidates: LayerCandidates, work: float, stretch: int
    ) -> LayerDesign:
        """A layer whose map is divided between the branches, copies of `stretch` windows dealt.

        Its windows come one after the other, so the chain is that of one of them.
        """
        near = min(
            range(len(candidates.windows)),
            key=lambda n: abs(candidates.windows[n].extent - stretch),
        )
        fixed = replace(candidates, windows=(candidates.windows[near],))
        cuts, *_ = shortest_chain(fixed, self.accelerator, layer.windows * layer.matrices, work)
        branches = range(BRANCHES, len(self.orders))
        most = max(layer.output_size[1] // 4, 1)
        share = SHARES // len(branches)
        parts = (TilePart(n, 0, min(most, len(self.orders[n])), share) for n in branches)
        spread = TileSpread(tuple(parts), by_copy=True, in_turn=True)
        return LayerDesign(0, (*cuts[:2], near, cuts[3]), Deal.BLOCKS, spread)

    def moved(self, design: Design, draw: Random) -> Design:
        """A design that differs in one decision."""
        if draw.random() < 1 / (8 * len(self.layers)):
            return design._replace(depth=design.depth * 10 ** draw.gauss(0, 0.25))
        number = draw.randrange(len(self.layers))
        own = design.layers[number]
        if draw.random() < CHAIN_MOVES:
            own = self.rechained(number, own, draw)
        elif draw.random() < CUT_MOVES:
            own = self.recut(number, own, draw)
        elif draw.random() < 1 / 8:
            own = own._replace(deal=draw.choice(list(Deal)))
        else:
            own = own._replace(spread=self.respread(own.spread, draw))
        layers = (*design.layers[:number], own, *design.layers[number + 1 :])
        return design._replace(layers=layers)

    def rechained(self, number: int, own: LayerDesign, draw: Random) -> LayerDesign:
        """A layer with the shortest chain, for some weight of work, on some PEs."""
        work = 10 ** draw.uniform(-2, 1)
        most = max(round(self.accelerator.pes * 2 ** -draw.uniform(0, 4)), 1)
        chain = shortest_chain(self.kinds[number][0], self.accelerator, most, work)
        spread = self.movable(own.spread, draw)
        if len(spread.parts) == 1:
            (part,) = spread.parts
            part = part._replace(pes=min(chain.pes, len(self.orders[part.order])))
            spread = spread._replace(parts=(part,))
        spread = spread._replace(divided=chain.divided)
        return own._replace(kind=0, cuts=chain.cuts, spread=spread)

    def recut(self, number: int, own: LayerDesign, draw: Random) -> LayerDesign:
        """A layer with other cuts along one axis or two, mostly near the present ones."""
        kinds = self.kinds[number]
        if len(kinds) > 1 and draw.random() < 1 / 8:
            kind = draw.randrange(len(kinds))
            sizes = map(len, kinds[kind].axes)
            cuts = tuple(min(cut, size - 1) for cut, size in zip(own.cuts, sizes, strict=True))
            return own._replace(kind=kind, cuts=cuts)
        sizes = [len(axis) for axis in kinds[own.kind].axes]
        free = [axis for axis, size in enumerate(sizes) if size > 1]
        cuts = list(own.cuts)
        for axis in draw.sample(free, min(len(free), draw.choice((1, 1, 2)))):
            if draw.random() < 0.8:
                cut = cuts[axis] + draw.choice((-4, -2, -1, -1, 1, 1, 2, 4))
            else:
                cut = draw.randrange(sizes[axis])
            cuts[axis] = min(max(cut, 0), sizes[axis] - 1)
        return own._replace(cuts=tuple(cuts))

    def movable(self, spread: TileSpread | PlacedTiles, draw: Random) -> TileSpread:
        """A spread of parts; of tiles with given PEs one on as many PEs anywhere."""
        if isinstance(spread, TileSpread):
            return spread
        part = self.drawn_part(len(np.unique(spread.tiles.to_array())), draw)
        return TileSpread((part,), by_copy=draw.random() < 0.5, in_turn=draw.random() < 0.5)

    def respread(self, own: TileSpread | PlacedTiles, draw: Random) -> TileSpread:
        """Other PEs for a layer."""
        spread = self.movable(own, draw)
        if spread is not own:
            return spread
        choice = draw.random()
        if choice < 0.1:
            return spread._replace(by_copy=not spread.by_copy)
        if choice < 0.2:
            return spread._replace(in_turn=not spread.in_turn)
        if choice < 0.3:
            divided = round(spread.divided * 2 ** draw.gauss(0, 1))
            return spread._replace(divided=min(max(divided, 1), self.accelerator.pes))
        parts = list(spread.parts)
        number = draw.randrange(len(parts))
        part = parts[number]
        if choice < 0.35 and len(parts) == 1:
            return spread._replace(parts=(part, self.drawn_part(max(part.pes // 2, 1), draw)))
        if choice < 0.35:
            return spread._replace(parts=(part,))
        length = len(self.orders[part.order])
        if choice < 0.45:
            part = self.drawn_part(part.pes, draw)
        elif choice < 0.65:
            step = draw.choice((-16, -8, -4, -2, -1, 1, 2, 4, 8, 16))
            part = part._replace(first=(part.first + step) % length)
        elif choice < 0.9:
            pes = round(part.pes * 2 ** draw.gauss(0, 0.7))
            part = part._replace(pes=min(max(pes, 1), length))
        else:
            part = part._replace(share=draw.randrange(1, SHARES + 1))
        parts[number] = part
        return spread._replace(parts=tuple(parts))

    def drawn_part(self, pes: int, draw: Random) -> TilePart:
        """Some PEs anywhere."""
        order = draw.randrange(len(self.orders))
        length = len(self.orders[order])
        first, share = draw.randrange(length), draw.randrange(1, SHARES + 1)
        return TilePart(order, first, min(pes, length), share)


WORKS = (0.5, 0.1, 1.0)
"""Weights of a crossbar's working time beside that of a chain, for the designs to begin with."""


STRETCHES = (2, 1, 4)
"""How many windows of the map a copy has of layers that are divided between branches: with strides
of 2, two neighbours are pooled together, and a row is dealt to a quarter as many PEs as it is long,
so that all that a window of the pooling reads is in one PE."""


@dataclass
class Annealing:
    """A walk from design to design; `current` is where it is, and its value.

    What is drawn in a step depends on the `seed` and the number of the step, not on those before.
    """

    space: DesignSpace
    seed: int
    current: tuple[Design, float]
    step: int = 0

    def design(self, ahead: int = 0) -> Design:
        """Where to look next; or so many steps later, if it stays where it is until then."""
        draw = Random(f"{self.seed} {self.step + ahead}")
        while True:
            design = self.space.moved(self.current[0], draw)
            if design != self.current[0] and self.space.is_possible(design):
                return design

    def foreseen(self) -> Iterator[Design]:
        """Where it looks in the steps after the next one, as long as it stays where it is."""
        return map(self.design, count(1))

    def accept(self, design: Design, value: float, progress: float) -> None:
        """Go to a design, if it is better or worse by no more than chance has it.

        The chance falls with the `progress` of the search, from 0 to 1.
        """
        temperature = HOTTEST * (COLDEST / HOTTEST) ** min(progress, 1.0)
        loss = value / self.current[1] - 1
        chance = Random(f"{self.seed} {self.step} accept").random()
        if loss <= 0 or chance < exp(-loss / temperature):
            self.current = design, value
        self.step += 1
