"""Grids of all layers under one shared resource: the cells of a crossbar.

Each layer takes of its candidates the one that costs least, where every cycle for which a resource
works has a price and so have cells.  The price of cells is raised until the layers stand in a
crossbar together: a Lagrangian relaxation of a knapsack with one item of each layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from spatem_ir.geometry.estimate.loads import CandidateLoads, candidate_loads
from spatem_ir.geometry.packing.floor_plan import FloorPlan, floor_plan_of
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.hardware.accelerator import Accelerator

LOWEST_PRICE, HIGHEST_PRICE = 1e-3, 1e9
"""Cycles of a crossbar for one of its cells: what makes no difference, and what is as good as any
higher price."""

PRECISION = 1.05
"""By what factor the price of cells may be higher than it need be."""


class Prices(NamedTuple):
    """What a cycle of each resource costs, in cycles of a crossbar.

    `visit` is the price of a cycle of a single visit: what a layer takes to fill and to drain.
    """

    fetch: float
    adders: float
    packets: float
    links: float
    visit: float


@dataclass(frozen=True)
class Chosen:
    """A grid for each layer, and the floor plan in which their tiles stand.

    `costs` are those of the layers without the price of cells.
    """

    numbers: tuple[int, ...]
    grids: tuple[Grid, ...]
    plan: FloorPlan
    costs: tuple[float, ...] = ()


@dataclass(frozen=True)
class PlanChooser:
    """Chooses grids for layers whose tiles are spread over so many crossbars.

    `loads` are those of each layer's candidates.
    """

    accelerator: Accelerator
    crossbars: int
    layers: tuple[Layer, ...]
    loads: tuple[CandidateLoads, ...]

    @staticmethod
    def of(layers: Sequence[Layer], accelerator: Accelerator, crossbars: int) -> PlanChooser:
        """What chooses among all candidates of some layers that fit into a crossbar alone."""
        tables: dict[Layer, CandidateLoads] = {}
        loads = []
        for layer in layers:
            nameless = replace(layer, name="")
            if nameless not in tables:
                table = candidate_loads(layer, accelerator, crossbars)
                fitting = table.select(table.cells <= accelerator.cells_per_crossbar)
                tables[nameless] = undominated(fitting)
            loads.append(tables[nameless])
        return PlanChooser(accelerator, crossbars, tuple(layers), tuple(loads))

    def choose(self, prices: Prices) -> Chosen | None:
        """The grids that cost least of those that have a floor plan; None if none are found."""
        if not all(map(len, self.loads)):
            return None
        costs = [
            load.busy
            + prices.fetch * load.fetch
            + prices.adders * load.adders
            + prices.packets * load.packets
            + prices.links * load.links
            + prices.visit * load.visit
            for load in self.loads
        ]

        def at(cell_price: float) -> tuple[int, ...]:
            return tuple(
                int(np.argmin(cost + cell_price * load.cells))
                for cost, load in zip(costs, self.loads, strict=True)
            )

        found = self.cheapest(at)
        if found is None:
            return None
        of_layers = zip(costs, found.numbers, strict=True)
        return replace(found, costs=tuple(float(cost[number]) for cost, number in of_layers))

    def cheapest(self, at: Callable[[float], tuple[int, ...]]) -> Chosen | None:
        """The plan of candidates `at` the lowest price of cells, to :data:`PRECISION`."""
        low, high = 0.0, LOWEST_PRICE
        best = self.planned(at(low))
        if best is not None:
            return best
        while (best := self.planned(at(high))) is None:
            low, high = high, high * 8
            if high > HIGHEST_PRICE:
                return None
        while high > low * PRECISION + LOWEST_PRICE / 8:
            middle = (low * high) ** 0.5 if low else high / 4
            found = self.planned(at(middle))
            low, high, best = (low, middle, found) if found else (middle, high, best)
        return best

    def planned(self, numbers: tuple[int, ...]) -> Chosen | None:
        """Candidates by their numbers, with a floor plan; None if none is found."""
        grids = [load.grid(number) for load, number in zip(self.loads, numbers, strict=True)]
        plan = floor_plan_of(self.layers, grids, self.accelerator, self.crossbars)
        return None if plan is None else Chosen(numbers, tuple(grids), plan)


def undominated(loads: CandidateLoads) -> CandidateLoads:
    """Of the candidates that differ in their copies alone, with as many laps, the least busy."""
    rows, columns, windows, bits = loads.choices.T
    order = np.lexsort((-windows, loads.busy, loads.laps, bits, columns, rows, loads.kind))
    keys = np.stack([loads.kind, rows, columns, bits, loads.laps])[:, order]
    is_first = np.ones(len(loads), bool)
    is_first[1:] = (np.diff(keys, axis=1) != 0).any(axis=0)
    return loads.select(np.sort(order[is_first]))
