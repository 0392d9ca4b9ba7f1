"""From a deployment to its execution without IR, by the functions that the usual passes use.

It leaves out what does not change the cycles: corners of tiles are looked for, so that there is
room, and nothing is written down or verified.  The winner of a search goes through the passes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.ou.programs import due_programs_of
from spatem_ir.geometry.packing.spreads import spread_placements
from spatem_ir.geometry.placing.homes import home_tables
from spatem_ir.geometry.placing.poolings import pooled_by_rows
from spatem_ir.geometry.scheduling.sequencing import Due
from spatem_ir.hardware.port import PORT_PE
from spatem_ir.runtime.machine.fast.elaborate.program import elaborated
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.machine.fast.elaborate.program import FastProgram
    from spatem_ir.runtime.machine.fast.elaborate.rows import KnownRows

Ints = NDArray[np.int64]


def spread_program(
    dataflow: Dataflow,
    network: Callable[[Collection[str]], Dataflow],
    accelerator: Accelerator,
    pes: Mapping[str, Ints],
    dues: Mapping[str, Due],
    known: KnownRows,
) -> FastProgram:
    """The program of tiles on given PEs, by name of layer, whose windows are due at given times.

    `network` is the `dataflow` in which the poolings of some names work by rows.

    Raises:
        SpatemError: a tile finds no room in its PE.
    """
    layers = [node.layer for node in dataflow.layers if node.layer is not None]
    grids = [node.grid for node in dataflow.layers if node.grid is not None]
    names = [layer.name for layer in layers]
    placed = spread_placements(layers, grids, [pes[name] for name in names], accelerator)
    if placed is None:
        raise SpatemError("search: a tile finds no room in its PE")
    placements = dict(zip(names, placed, strict=True))

    def homes_of(network: Dataflow) -> dict[str, Ints]:
        return home_tables(network, placements, accelerator.crossbars_per_pe, pool_at_home=False)

    dataflow, tables = pooled_by_rows(dataflow, network, homes_of, accelerator)
    homes = {
        node.number: tables[node.name]
        if node.name in tables
        else np.full((len(node.slices), node.positions), PORT_PE)
        for node in dataflow.nodes
    }
    return elaborated(
        dataflow,
        accelerator,
        homes=homes,
        programs=due_programs_of(dataflow, placements, dues),
        merges=dict.fromkeys(names, accelerator.components.accumulation.places),
        waits=[],
        known=known,
    )
