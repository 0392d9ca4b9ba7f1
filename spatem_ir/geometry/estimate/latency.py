"""Latency estimates of one layer, for every combination of partition degrees at once.

The estimate is compute plus communication [P: SPATEM counts both; R: its formulas are not
published].  A layer works in rounds, one window per copy.  Its tiles are taken to stand side by
side on the chip, copy by copy, so that the row and bit parts of a column block are neighbours;
tiles beyond the chip's crossbars share crossbars.  A round passes these stations, each as long as
the place with most work:

* compute: the OU operations of a visit (R1), of all the layer's tiles in a crossbar;
* operand fetch: the operands of all crossbars of a PE over its port (R3); tiles that differ only in
  their column share a fetch inside a CU (R2); part of compute where nothing is fetched ahead;
* merging in a CU, and merging in a PE and at home: partial sums per cycle of the adders (R5);
* partial-sum packets: the contributions of the PEs of a column block over a link to its home (R8);
* activation: the values of the column blocks of a PE over its activation units (R6).

Where crossbars add to sums in a shared memory in turns (R13), each does one thing after the other:
its loads, additions and stores are part of compute, and in place of packets there are the transfers
of all tiles over the buses.

Rounds follow each other as the longest station allows, and the last one passes all of them.  The
latency of a network is the sum over its layers: layers do not overlap, and share nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.geometry.estimate.candidates import Cut, LayerCandidates
from spatem_ir.hardware.accumulation.accumulation import PLACES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.geometry.shapes.grid import Grid
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator


def layer_latencies(candidates: LayerCandidates, accelerator: Accelerator) -> NDArray[np.int64]:
    """Estimated latency of a layer, digital cycles: shape [rows, columns, windows, bits]."""
    layer, ou, components = candidates.layer, accelerator.ou, accelerator.components
    degrees = [np.array([cut.degree for cut in axis], np.int64) for axis in candidates.axes]
    extents = [np.array([cut.extent for cut in axis], np.int64) for axis in candidates.axes]
    h, w, _, b = np.ix_(*degrees)
    rows, columns, windows, bits = np.ix_(*extents)
    cells = columns * accelerator.cells_per_weight(layer.weight_bits)
    values = candidates.joined * columns
    per_cu, per_pe = accelerator.crossbars_per_cu, accelerator.crossbars_per_pe

    tiles = candidates.parts
    crowd = -(-tiles // accelerator.crossbars)
    visit = -(-rows // ou.wordlines) * -(-cells // ou.bitlines) * -(-bits // ou.dac_bits)
    compute = crowd * components.compute_unit.visit_cycles(candidates.joined * visit)

    block = h * b
    tiles_per_pe = crowd * np.minimum(tiles, per_pe)
    sharing = np.minimum(w, np.maximum(per_cu // block, 1))
    operand_bytes = -(-candidates.joined * rows * bits // 8)
    units = components.compute_unit
    sharing = sharing * units.fetched_together
    fetch = -(-tiles_per_pe // sharing) * units.fetch_cycles(operand_bytes, components.memory)
    if not units.fetches_ahead:
        compute, fetch = compute + fetch, fetch * 0

    accumulation = components.accumulation
    per_place = per_cu if "cu" in accumulation.places else 1
    sums = -(-block // per_place)
    pes = -(-block // per_pe)
    in_cu = np.minimum(block, per_place)
    blocks_per_cu = np.maximum(np.minimum(tiles, per_cu) // block, 1) * crowd
    blocks_per_pe = np.maximum(tiles_per_pe // block, 1)
    sums_in_pe = np.minimum(sums, per_pe // per_place)
    arriving = pes if "pe" in accumulation.places else sums
    add_in_cu, add_in_pe, add_at_home = (accumulation.cycles(at, values) for at in PLACES)
    merge_cu = np.where(in_cu > 1, in_cu * blocks_per_cu * add_in_cu, 0)
    merge_pe = np.where(sums > 1, sums_in_pe * blocks_per_pe * add_in_pe, 0)
    merge_home = np.where(arriving > 1, arriving * blocks_per_pe * add_at_home, 0)
    interconnect = components.interconnect
    packet = interconnect.packet_cycles(values * accumulation.sum_bytes)
    homes = np.minimum(tiles // block, accelerator.pes)
    packets = np.where(pes > 1, interconnect.most_packets(arriving, homes) * packet, 0)
    activate = blocks_per_pe * components.digital.cycles(values, pooling=False)
    if accumulation.takes_turns:
        loaded = units.fetch_cycles(operand_bytes, components.memory)
        kept = units.fetch_cycles(values * accumulation.sum_bytes, components.memory)
        compute = compute + crowd * (loaded + np.where(block > 1, 2 * kept + add_at_home, 0))
        moved = interconnect.packet_cycles(operand_bytes) + np.where(block > 1, 2 * packet, 0)
        packets = interconnect.most_packets(tiles, np.ones_like(tiles)) * moved
        fetch, merge_cu, merge_pe, merge_home = (fetch * 0 for _ in range(4))

    stations = np.broadcast_arrays(
        compute, fetch, merge_cu, merge_pe + merge_home, packets, activate
    )
    longest = np.maximum.reduce(stations)
    return (windows - 1) * longest + sum(stations) + components.compute_unit.pipeline_cycles


def grid_latency(layer: Layer, grid: Grid, accelerator: Accelerator) -> int:
    """Estimated latency of a layer that is cut by a grid, digital cycles."""
    only = LayerCandidates(
        layer,
        rows=(Cut(grid.hwm, grid.tile_rows),),
        columns=(Cut(grid.wwm, grid.tile_columns),),
        windows=(Cut(grid.iw, grid.windows_per_copy(layer)),),
        bits=(Cut(grid.ib, grid.tile_bits(layer)),),
        joined=grid.joined,
    )
    return layer_latencies(only, accelerator).item()
