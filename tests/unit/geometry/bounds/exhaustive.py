"""All deployments of a tiny network on a tiny machine, executed one by one.

Every grid, every assignment of tiles to crossbars, every choice of homes and of the places that
merge, every order of visits.  Tiles that share a crossbar sit one below the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

from differential.deployments import PlacedTile, cells_of_tile, one, place_op
from unit.passes.deployed import parsed
from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

from spatem_ir.dialects.cnn import ConvOp, DenseOp
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.mvm import LayerOp, layer_ops
from spatem_ir.dialects.ou import DueOp, MergeOp, OuStageOp
from spatem_ir.dialects.pxb import HOMELESS, HomeOp, PxbPlaceOp, PxbStageOp
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import Program, program_of
from spatem_ir.support.errors import SpatemError

MERGES = (("home",), ("cu", "home"), ("pe", "home"), ("cu", "pe", "home"))
"""All choices of places that merge partial sums."""


def all_grids(layer: Layer, machine: Accelerator) -> list[Grid]:
    """Every partition of a layer that the machine can hold."""
    grids = [
        Grid(
            hwm=-(-layer.rows // rows),
            wwm=-(-layer.columns // columns),
            iw=copies,
            ib=bits,
            tile_rows=rows,
            tile_columns=columns,
            deal=deal,
            joined=joined,
        )
        for joined in range(1, layer.groups + 1)
        for rows in range(1, layer.rows + 1)
        for columns in range(1, layer.columns + 1)
        for copies in range(1, layer.windows + 1)
        for bits in range(1, layer.input_bits + 1)
        for deal in (Deal if 1 < copies < layer.windows else [Deal.CYCLIC])
    ]
    return [grid for grid in grids if grid.problem(layer, machine) is None]


def partitioned(text: str, machine: Accelerator) -> Iterator[ModuleOp]:
    """The network under every combination of grids."""
    layers = [op.layer for op in parsed(text, machine).walk() if isinstance(op, ConvOp | DenseOp)]
    for grids in product(*(all_grids(layer, machine) for layer in layers)):
        module = parsed(text, machine)
        ops = [op for op in module.walk() if isinstance(op, ConvOp | DenseOp)]
        for op, grid in zip(ops, grids, strict=True):
            Rewriter.replace_op(op, LayerOp.from_cnn(op, grid))
        yield module


def placed(module: ModuleOp, machine: Accelerator) -> Iterator[list[PlacedTile]]:
    """Every assignment of all tiles to crossbars that have wordlines enough."""
    tiles = [(op, tile) for op in layer_ops(module) for tile in range(op.grid.data.tiles(op.layer))]
    extents = [cells_of_tile(op, tile, machine) for op, tile in tiles]
    for crossbars in product(range(machine.crossbars), repeat=len(tiles)):
        used = [0] * machine.crossbars
        places = []
        for (op, tile), crossbar, extent in zip(tiles, crossbars, extents, strict=True):
            places.append(PlacedTile(op, tile, crossbar, (used[crossbar], 0), extent))
            used[crossbar] += extent[0]
        if max(used) <= machine.crossbar.wordlines:
            yield places


def programs(module: ModuleOp, machine: Accelerator) -> Iterator[Program]:
    """Every placement, home and choice of merges of a partitioned network, in some order."""
    dataflow = dataflow_of(module)
    homed = [node for node in dataflow.nodes if node.kind not in HOMELESS]
    pieces = [len(node.slices) * node.positions for node in homed]
    names = [op.sym_name.data for op in layer_ops(module)]
    contributions = any(op.grid.data.hwm * op.grid.data.ib > 1 for op in layer_ops(module))
    merges = MERGES if contributions else MERGES[:1]
    for places in placed(module, machine):
        for pes in product(*(product(range(machine.pes), repeat=count) for count in pieces)):
            for merged in product(merges, repeat=len(names)):
                deployed = module.clone()
                homes = [
                    HomeOp(node.name, IndexSequence.of(list(own)))
                    for node, own in zip(homed, pes, strict=True)
                ]
                tiles = [place_op(PxbPlaceOp, place) for place in places]
                deployed.body.block.add_op(PxbStageOp(0, [*tiles, *homes]))
                ops = [MergeOp(name, through) for name, through in zip(names, merged, strict=True)]
                dues = [DueOp(name, one(0)) for name in names]
                deployed.body.block.add_op(OuStageOp(0, [*dues, *ops]))
                yield program_of(deployed)


def latencies(text: str, machine: Accelerator) -> Iterator[int]:
    """The latency of every deployment that does not deadlock."""
    for module in partitioned(text, machine):
        for program in programs(module, machine):
            visits = dict(program.streams)
            for orders in product(*(permutations(own) for own in visits.values())):
                program.streams = {
                    crossbar: list(order) for crossbar, order in zip(visits, orders, strict=True)
                }
                try:
                    yield ReferenceEngine(program).run().finished[0]
                except SpatemError:
                    continue
