"""What each candidate grid of a layer asks of the machine's resources.

One array per kind of resource over all candidates at once, each in digital cycles of one unit if
the work is spread evenly over all units of the chip; so a price in cycles per cycle can weigh them.
Tiles are taken to follow each other on the chip, copy-major, as in a floor plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.estimate.candidates import joined_candidates, layer_candidates
from spatem_ir.geometry.packing.bands import InLine
from spatem_ir.geometry.shapes.grid import Deal, ou_operations

if TYPE_CHECKING:
    from spatem_ir.geometry.estimate.candidates import LayerCandidates
    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CandidateLoads:
    """Candidate grids of a layer and their loads: arrays [candidates].

    Attributes:
        kinds: the candidates without and with several matrices in a tile.
        kind: of which of them each is.
        choices: its cuts there, [candidates, axes].
        tiles: how many tiles there are.
        laps: how many of them the busiest crossbar holds.
        cells: the cells that they take of it.
        busy: the cycles for which it works.
        visit: the cycles of one visit.
        fetch: the cycles of a PE's port.
        adders: the cycles of the busiest kind of adders.
        packets: the cycles of links into a PE, for packets of partial sums.
        links: the cycles of the busiest link, for packets of results on their way to a PE, and of
            what is read to all PEs that read it.
    """

    kinds: tuple[LayerCandidates, ...]
    kind: Ints
    choices: Ints
    tiles: Ints
    laps: Ints
    cells: Ints
    busy: Ints
    visit: Ints
    fetch: Floats
    adders: Floats
    packets: Floats
    links: Floats

    def __len__(self) -> int:
        return len(self.choices)

    def grid(self, number: int, deal: Deal = Deal.CYCLIC) -> Grid:
        """The grid of a candidate."""
        return self.kinds[self.kind[number]].grid(tuple(self.choices[number].tolist()), deal)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by name."""
        return {name: value for name, value in vars(self).items() if name != "kinds"}

    def select(self, chosen: Ints | NDArray[np.bool_]) -> CandidateLoads:
        """Some of the candidates."""
        arrays = {name: value[chosen] for name, value in self.arrays().items()}
        return CandidateLoads(self.kinds, **arrays)


def candidate_loads(layer: Layer, accelerator: Accelerator, crossbars: int) -> CandidateLoads:
    """The loads of all candidate grids of a layer whose tiles are spread over so many crossbars.

    Raises:
        SpatemError: a single weight or activation exceeds a crossbar or its input register.
    """
    single = layer_candidates(layer, accelerator)
    kinds = (single, *joined_candidates(layer, accelerator))
    parts = [
        _loads(candidates, number, accelerator, crossbars).arrays()
        for number, candidates in enumerate(kinds)
    ]
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return CandidateLoads(kinds, **arrays)


def _loads(
    candidates: LayerCandidates, kind: int, accelerator: Accelerator, crossbars: int
) -> CandidateLoads:
    """The loads of candidates of one kind."""
    layer, joined = candidates.layer, candidates.joined
    components = accelerator.components
    choices = candidates.choices
    (h, w, i, b), (rows, columns, windows, bits) = candidates.cuts
    width = columns * accelerator.cells_per_weight(layer.weight_bits)
    operations = ou_operations(accelerator, rows, columns, layer.weight_bits, bits)
    visit = np.asarray(components.compute_unit.visit_cycles(joined * operations))
    matrices = -(-layer.matrices // joined)
    tiles = matrices * h * w * i * b
    laps = -(-tiles // crossbars)

    share = np.minimum(tiles, crossbars) / accelerator.crossbars
    pes, all_windows, values = accelerator.pes * share, matrices * layer.windows, joined * columns
    units, memory = components.compute_unit, components.memory
    fetch = np.asarray(units.fetch_cycles(-(-joined * rows * bits // 8), memory))
    packet = np.asarray(components.interconnect.packet_cycles(values * sum_bytes(accelerator)))
    line = InLine(layer, accelerator, crossbars, joined, h, w, i, b, values)
    sending, readers = line.sending(line.bands), line.reading(line.bands)
    adders = adder_cycles(h * b, line.band_rows * b, values, accelerator)
    interconnect = components.interconnect
    sent = all_windows * w * np.asarray(interconnect.packet_cycles(values))
    further = interconnect.tree_load(readers) - interconnect.tree_load(np.ones_like(readers))
    return CandidateLoads(
        (candidates,),
        np.full(len(choices), kind),
        choices,
        tiles,
        laps,
        laps * joined * rows * width,
        laps * visit * windows,
        visit,
        all_windows * h * w * b * fetch / (pes * units.fetched_together),
        all_windows * w * adders / share,
        all_windows * w * (sending - 1) * packet / pes,
        sent * interconnect.mean_hops * interconnect.busiest_share + line.input_cycles * further,
    )


def sum_bytes(accelerator: Accelerator) -> int:
    """The bytes of a partial sum."""
    return accelerator.components.accumulation.sum_bytes


def adder_cycles(parts: Ints, together: Ints, columns: Ints, accelerator: Accelerator) -> Floats:
    """The cycles that merging `parts` contributions to `columns` values takes all adders of a kind.

    Of the kind that it takes longest.  So many parts are `together` on neighbouring crossbars, the
    others meet these at the last place.
    """
    accumulation, crossbars = accelerator.components.accumulation, accelerator.crossbars
    by_units: dict[int, Floats] = {}
    groups = -(-parts // together)
    for place in accumulation.places:
        size = accumulation.crossbars_at(place)
        if place == accumulation.places[-1]:
            units, groups, together = accelerator.pes, np.ones_like(parts), groups * together
        else:
            units = crossbars // size
        arriving, together = together, -(-together // size)
        merged = groups * np.where(arriving > together, arriving, 0)
        cycles = merged * np.asarray(accumulation.cycles(place, columns)) / units
        by_units[units] = by_units.get(units, 0) + cycles
    return np.max([*by_units.values()], axis=0)
