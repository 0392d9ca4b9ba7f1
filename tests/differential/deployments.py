"""Random legal deployments, made without the passes: irregular in every way that the IR allows.

Grids of any degrees, tiles anywhere in crossbars shared by all layers, one stage or several,
crossbars anywhere on the chip, homes and merge places at random, visits in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.rewriter import Rewriter

from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.mvm import LayerOp, layer_ops, network_of
from spatem_ir.dialects.ou import (
    ActivateOp,
    DueOp,
    InterleaveOp,
    MergeOp,
    MvmOp,
    OuStageOp,
    StreamOp,
    WaitOp,
)
from spatem_ir.dialects.pxb import HOMELESS, HomeOp, PxbPlaceOp, PxbStageOp
from spatem_ir.dialects.stages import is_staged, number_of, stages_in_turn
from spatem_ir.dialects.vxb import VxbPlaceOp, VxbStageOp
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.passes.partition.cutting import Units, put_stages
from spatem_ir.passes.synchronize import SCHEMES, SynchronizePass

MOST_PARTS = 3
"""Most parts into which a grid cuts an axis beyond what the crossbar's size demands."""


def one(index: int) -> IndexSequence:
    return IndexSequence.of([index])


def parts(random: Random, extent: int, largest: int) -> int:
    """The size of the parts of an axis: at most `largest`, few more parts than necessary."""
    fewest = -(-extent // largest)
    most = min(extent, fewest + MOST_PARTS)
    return min(largest, -(-extent // random.randint(fewest, most)))


def random_grid(random: Random, layer: Layer, machine: Accelerator) -> Grid:
    """A grid that cuts `layer` into tiles for the machine, each cut with some freedom."""
    bitlines = machine.crossbar.bitlines // machine.cells_per_weight(layer.weight_bits)
    joined = random_joined(random, layer, machine)
    rows = layer.rows if joined > 1 else parts(random, layer.rows, machine.crossbar.wordlines)
    columns = layer.columns if joined > 1 else parts(random, layer.columns, bitlines)
    bits = parts(random, layer.input_bits, layer.input_bits)
    windows = parts(random, layer.windows, layer.windows)
    return Grid(
        hwm=-(-layer.rows // rows),
        wwm=-(-layer.columns // columns),
        iw=-(-layer.windows // windows),
        ib=-(-layer.input_bits // bits),
        tile_rows=rows,
        tile_columns=columns,
        deal=random.choice(list(Deal)),
        joined=joined,
    )


def random_joined(random: Random, layer: Layer, machine: Accelerator) -> int:
    """How many matrices of a layer are joined in a tile: any number that fits, often none."""
    whole = Grid(1, 1, 1, 1, layer.rows, layer.columns)
    fitting = [
        joined
        for joined in range(2, layer.groups + 1)
        if replace(whole, joined=joined).problem(layer, machine) is None
    ]
    return random.choice(fitting) if fitting and random.randrange(4) else 1


def to_mvm(random: Random, module: ModuleOp, machine: Accelerator) -> None:
    """Partition every weight layer by a random grid."""
    for op in list(module.walk()):
        if isinstance(op, ConvOp | DenseOp | LocalOp):
            layer = LayerOp.from_cnn(op, random_grid(random, op.layer, machine))
            Rewriter.replace_op(op, layer)


@dataclass(frozen=True)
class PlacedTile:
    """A tile of a layer, where it sits, and the cells that it covers."""

    layer: LayerOp
    tile: int
    crossbar: int
    corner: tuple[int, int]
    extent: tuple[int, int]

    def overlaps(self, other: PlacedTile) -> bool:
        return self.crossbar == other.crossbar and all(
            a < b + size_b and b < a + size_a
            for a, size_a, b, size_b in zip(
                self.corner, self.extent, other.corner, other.extent, strict=True
            )
        )

    def on(self, crossbar: int) -> PlacedTile:
        return PlacedTile(self.layer, self.tile, crossbar, self.corner, self.extent)


def random_places(random: Random, module: ModuleOp, machine: Accelerator) -> list[PlacedTile]:
    """A place for every tile: somewhere in one of the crossbars so far, or in a new one."""
    placed: list[PlacedTile] = []
    tiles = [(op, tile) for op in layer_ops(module) for tile in range(op.grid.data.tiles(op.layer))]
    random.shuffle(tiles)
    crossbars = 1
    for op, tile in tiles:
        extent = cells_of_tile(op, tile, machine)
        for _ in range(4):
            corner = (
                random.randint(0, machine.crossbar.wordlines - extent[0]),
                random.randint(0, machine.crossbar.bitlines - extent[1]),
            )
            place = PlacedTile(op, tile, random.randrange(crossbars), corner, extent)
            if not any(place.overlaps(other) for other in placed):
                break
        else:
            place = PlacedTile(op, tile, crossbars, (0, 0), extent)
            crossbars += 1
        placed.append(place)
    return placed


def cells_of_tile(op: LayerOp, tile: int, machine: Accelerator) -> tuple[int, int]:
    """Wordlines and bitlines that a tile covers."""
    layer, grid = op.layer, op.grid.data
    rows, columns = grid.extents(layer, grid.coordinates(tile))
    return rows, columns * machine.cells_per_weight(layer.weight_bits)


def to_stages(random: Random, module: ModuleOp) -> None:
    """Often cut a partitioned network anywhere that it can be cut."""
    network = network_of(module)
    assert network is not None
    units = Units.of(network)
    begins = [unit for unit in units.begins if unit == 0 or random.randrange(3)]
    if random.randrange(3):
        put_stages(module, units.names(begins))


def each_stage(module: ModuleOp) -> Iterator[tuple[int, ModuleOp]]:
    """Each stage alone, to be worked on; the module itself if nothing cuts it."""
    if is_staged(module):
        yield from stages_in_turn(module)
    else:
        yield 0, module


def to_vxb(module: ModuleOp, placed: list[PlacedTile]) -> None:
    """Add the stage of virtual crossbars."""
    places = [place_op(VxbPlaceOp, place) for place in placed]
    module.body.block.add_op(VxbStageOp(0, places))


def place_op(
    op_type: type[VxbPlaceOp] | type[PxbPlaceOp], place: PlacedTile
) -> VxbPlaceOp | PxbPlaceOp:
    return op_type(
        place.layer.sym_name.data,
        one(place.tile),
        one(place.crossbar),
        one(place.corner[0]),
        one(place.corner[1]),
    )


def to_pxb(
    random: Random, module: ModuleOp, placed: list[PlacedTile], machine: Accelerator
) -> list[PlacedTile]:
    """Replace virtual by physical crossbars anywhere on the chip, and add homes."""
    for op in list(module.ops):
        if isinstance(op, VxbStageOp):
            op.detach()
    used = 1 + max(place.crossbar for place in placed)
    physical = random.sample(range(machine.crossbars), used)
    moved = [place.on(physical[place.crossbar]) for place in placed]
    slices = random_slices(random, module)
    nodes = dataflow_of(module, slices=slices).nodes
    ops: list[Operation] = [place_op(PxbPlaceOp, place) for place in moved]
    for node in nodes:
        if node.kind not in HOMELESS:
            entries = len(node.slices) * random.randint(1, node.positions)
            pes = [random.randrange(machine.pes) for _ in range(entries)]
            given = slices.get(node.name)
            own = None if given is None else IndexSequence.of(given)
            ops.append(HomeOp(node.name, IndexSequence.of(pes), own))
    module.body.block.add_op(PxbStageOp(0, ops))
    if machine.components.accumulation.takes_turns:
        SynchronizePass(scheme=random.choice(SCHEMES)).apply(Context(), module)
    return moved


def random_slices(random: Random, module: ModuleOp) -> dict[str, tuple[int, ...]]:
    """Any channel slices for some digital operators, by name."""
    slices = {}
    for node in dataflow_of(module).nodes:
        if node.kind in (NodeKind.POOL, NodeKind.ACTIVATE) and not random.randrange(3):
            others = range(1, node.shape[0])
            slices[node.name] = (0, *sorted(random.sample(others, random.randint(0, len(others)))))
    return slices


def to_ou(random: Random, module: ModuleOp, placed: list[PlacedTile], machine: Accelerator) -> None:
    """Add programs: a crossbar's visits in any order, or any times at which they are due."""
    crossbars = sorted({place.crossbar for place in placed})
    due = {crossbar for crossbar in crossbars if not random.randrange(3)}
    ops: list[Operation] = [
        StreamOp(
            one(crossbar),
            program(random, [p for p in placed if p.crossbar == crossbar], machine),
        )
        for crossbar in crossbars
        if crossbar not in due
    ]
    for op in layer_ops(module):
        name = op.sym_name.data
        on_due = (place for place in placed if place.crossbar in due)
        if any(place.layer.sym_name.data == name for place in on_due) or random.randrange(2):
            ops.append(random_due(random, op))
        if random.randrange(3):
            on_the_way = machine.components.accumulation.places[:-1]
            places = [place for place in on_the_way if random.randrange(2)]
            ops.append(MergeOp(name, (*places, "home")))
    (stage,) = (op for op in module.ops if isinstance(op, PxbStageOp))
    module.body.block.add_op(OuStageOp(number_of(stage), ops))


def random_due(random: Random, op: LayerOp) -> DueOp:
    """Any times at which windows of a layer are due: for all, for those of one or all matrices."""
    layer = op.layer
    matrices = op.grid.data.matrices(layer)
    entries = random.choice([1, layer.windows, layer.windows * matrices])
    times = IndexSequence.of([random.randrange(9) for _ in range(entries)])
    return DueOp(layer.name, times, by_tile=not random.randrange(3))


def add_waits(random: Random, module: ModuleOp) -> None:
    """Let more nodes wait for others, readers of theirs or any: most lets the program end."""
    dataflow = dataflow_of(module)
    (stage,) = (op for op in module.ops if isinstance(op, OuStageOp))
    numbers = {name: node.number for name, node in dataflow.by_name.items()}
    pairs = {
        (numbers[op.node.string_value()], numbers[op.other.string_value()]) for op in stage.waits
    }
    for _ in range(random.randint(1, 4)):
        node = random.choice(dataflow.nodes)
        readers = dataflow.readers(node)
        other = random.choice(readers if readers and random.randrange(4) else [*dataflow.nodes])
        if (node.number, other.number) not in pairs:
            pairs.add((node.number, other.number))
            until = random_until(random, node.positions, other.positions)
            stage.body.block.add_op(WaitOp(node.name, other.name, until))


def random_until(random: Random, positions: int, others: int) -> IndexSequence:
    """How many positions of another node each position of a node waits for."""
    lag = random.randint(others // 4, others)
    until = [position * others // positions - lag for position in range(positions)]
    if random.randrange(2):
        grain = random.randint(1, positions)
        until = [until[position // grain * grain] for position in range(positions)]
    if not random.randrange(4):
        random.shuffle(until)
    return IndexSequence.of([max(count, -others) for count in until])


def program(
    random: Random, places: list[PlacedTile], machine: Accelerator
) -> list[MvmOp | InterleaveOp]:
    """All visits of some tiles: bursts in any order, some of them in turn, some spelled out."""
    bursts = []
    for name in sorted({place.layer.sym_name.data for place in places}):
        own = [place for place in places if place.layer.sym_name.data == name]
        for ordinal, place in enumerate(sorted(own, key=fewest_windows)):
            bursts += random_bursts(random, place, ordinal, machine)
    random.shuffle(bursts)
    ops: list[MvmOp | InterleaveOp] = []
    while bursts:
        together = [bursts.pop() for _ in range(min(random.randint(1, 3), len(bursts)))]
        if len(together) == 1:
            ops += together
            continue
        turns = [n for n, burst in enumerate(together) for _ in burst.windows.data]
        random.shuffle(turns)
        ops.append(InterleaveOp(IndexSequence.of(turns), together))
    return ops


def fewest_windows(place: PlacedTile) -> tuple[int, int]:
    """The order in which the tiles of a layer on a crossbar are counted."""
    layer, grid = place.layer.layer, place.layer.grid.data
    return len(grid.copy_windows(layer, grid.coordinates(place.tile).copy)), place.tile


def random_bursts(
    random: Random, place: PlacedTile, ordinal: int, machine: Accelerator
) -> list[MvmOp]:
    """The visits of one tile: its windows in any order, cut into bursts."""
    layer, grid = place.layer.layer, place.layer.grid.data
    windows = list(range(len(grid.copy_windows(layer, grid.coordinates(place.tile).copy))))
    random.shuffle(windows)
    name, bursts = place.layer.sym_name.data, []
    while windows:
        count = random.randint(1, len(windows))
        own, windows = windows[:count], windows[count:]
        operations = None
        if count == 1 and random.randrange(2):
            bits = grid.bit_range(layer, grid.coordinates(place.tile).bit)
            operations = random_operations(random, place, bits, machine)
        bursts.append(MvmOp(name, IndexSequence.of(own), operations, tile=ordinal))
    return bursts


def random_operations(
    random: Random, place: PlacedTile, bits: tuple[int, int], machine: Accelerator
) -> list[ActivateOp]:
    """Operations that cover a tile's cells and bits once, block by block, in any order."""
    ou, (height, width) = machine.ou, place.extent
    block = min(height, place.layer.layer.rows)
    operations = [
        ActivateOp(
            range(bit, min(bit + ou.dac_bits, bits[1])),
            range(row, min(row + ou.wordlines, first + block)),
            range(column, min(column + ou.bitlines, width)),
        )
        for bit in range(*bits, ou.dac_bits)
        for first in range(0, height, block)
        for row in range(first, first + block, ou.wordlines)
        for column in range(0, width, ou.bitlines)
    ]
    random.shuffle(operations)
    return operations
