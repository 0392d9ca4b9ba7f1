"""The `ou` dialect: what every crossbar does, in order, and how results come together.

Level `ou` adds the last decisions: the order in which every crossbar visits its tiles and windows,
the order of operation units (OUs) inside a visit, who merges partial sums and who sends to whom.
A *visit* is one tile, one window and the tile's input bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ArrayAttr, ModuleOp, SymbolRefAttr, UnitAttr
from xdsl.ir import Block, Dialect, Operation, Region
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    opt_prop_def,
    opt_region_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.traits import HasParent, NoTerminator

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.weight_layers import INTEGER, integer
from spatem_ir.dialects.hw import Indices, IndicesAttr
from spatem_ir.dialects.ou.attributes import LOOPS, PLACES, LoopOrderAttr, MergePlacesAttr
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.network.waits import Wait


@irdl_op_definition
class ActivateOp(IRDLOperation):
    """One operation of one OU: `ou.activate bits 0 to 1 rows 0 to 9 columns 0 to 8`.

    The tile's rows and columns (in cells, from the tile's corner) that work at once, and the input
    bits that are sent.
    """

    name = "ou.activate"

    bits = prop_def(IndicesAttr)
    rows = prop_def(IndicesAttr)
    columns = prop_def(IndicesAttr)

    traits = lazy_traits_def(lambda: (HasParent(MvmOp),))

    custom_directives = (Indices,)

    assembly_format = (
        "`bits` custom<Indices>($bits) `rows` custom<Indices>($rows) "
        "`columns` custom<Indices>($columns) attr-dict"
    )

    def __init__(self, bits: range, rows: range, columns: range):
        super().__init__(
            properties={
                "bits": IndicesAttr.of(bits),
                "rows": IndicesAttr.of(rows),
                "columns": IndicesAttr.of(columns),
            }
        )


@irdl_op_definition
class MvmOp(IRDLOperation):
    """A burst of visits: `ou.mvm @conv1 tiles 0 to 96 windows 0 to 6`.

    Crossbar k of the stream visits tile k of the sequence, once for each of the windows, in their
    order.  Windows are counted within the share that the grid deals to the tile's copy, so that the
    same text serves all copies.  A body, made by `expand-ou`, spells out the operations of a single
    visit.
    """

    name = "ou.mvm"

    layer = prop_def(SymbolRefAttr)
    tiles = prop_def(IndicesAttr)
    windows = prop_def(IndicesAttr)
    body = opt_region_def("single_block")

    traits = lazy_traits_def(lambda: (HasParent(StreamOp, InterleaveOp), NoTerminator()))

    custom_directives = (Indices,)

    assembly_format = (
        "$layer `tiles` custom<Indices>($tiles) `windows` custom<Indices>($windows) "
        "attr-dict-with-keyword ($body^)?"
    )

    def __init__(
        self,
        layer: str | SymbolRefAttr,
        tiles: IndexSequence,
        windows: IndexSequence,
        operations: list[ActivateOp] | None = None,
    ):
        body = [] if operations is None else [Region(Block(operations))]
        super().__init__(
            properties={
                "layer": SymbolRefAttr(layer) if isinstance(layer, str) else layer,
                "tiles": IndicesAttr(tiles),
                "windows": IndicesAttr(windows),
            },
            regions=[body],
        )

    @property
    def operations(self) -> list[ActivateOp] | None:
        """The operations of the visit, if `expand-ou` spelled them out."""
        if self.body is None:
            return None
        return [op for op in self.body.block.ops if isinstance(op, ActivateOp)]

    def verify_(self) -> None:
        visits = len(self.tiles.data) * len(self.windows.data)
        if visits == 0:
            fail(self, "names no tile or no window")
        if visits > 1 and self.body is not None:
            fail(self, "has a body but is more than one visit")


@irdl_op_definition
class InterleaveOp(IRDLOperation):
    """Visits of several bursts in turn: `ou.interleave by [0 to 2 …] { ou.mvm …  ou.mvm … }`.

    Entry n of `by` is the number of the burst whose next visit is the n-th; each burst is named as
    often as it has windows.
    """

    name = "ou.interleave"

    by = prop_def(IndicesAttr)
    body = region_def("single_block")

    traits = lazy_traits_def(lambda: (HasParent(StreamOp), NoTerminator()))

    custom_directives = (Indices,)

    assembly_format = "`by` custom<Indices>($by) $body attr-dict"

    def __init__(self, by: IndexSequence, bursts: list[MvmOp]):
        super().__init__(properties={"by": IndicesAttr(by)}, regions=[Region(Block(bursts))])

    @property
    def bursts(self) -> list[MvmOp]:
        """The interleaved bursts."""
        return [op for op in self.body.block.ops if isinstance(op, MvmOp)]

    def verify_(self) -> None:
        import numpy as np

        bursts = self.bursts
        if len(bursts) != len(list(self.body.block.ops)):
            fail(self, "interleaves something else than ou.mvm")
        by = self.by.data
        if len(by) and (by.minimum < 0 or by.maximum >= len(bursts)):
            fail(self, f"names a burst that does not exist; there are {len(bursts)}")
        visits = np.bincount(by.to_array(), minlength=len(bursts)).tolist()
        for number, burst in enumerate(bursts):
            if visits[number] != len(burst.windows.data):
                fail(
                    self,
                    f"names burst {number} {visits[number]} times; it has "
                    f"{len(burst.windows.data)} windows",
                )


@irdl_op_definition
class StreamOp(IRDLOperation):
    """The program of a run of crossbars, written once: `ou.stream crossbars 0 to 96 { … }`.

    Each crossbar of the sequence runs the bursts in order; each burst has one tile per crossbar.
    """

    name = "ou.stream"

    crossbars = prop_def(IndicesAttr)
    body = region_def("single_block")

    traits = lazy_traits_def(lambda: (HasParent(OuStageOp), NoTerminator()))

    custom_directives = (Indices,)

    assembly_format = "`crossbars` custom<Indices>($crossbars) $body attr-dict"

    def __init__(self, crossbars: IndexSequence, body: list[MvmOp | InterleaveOp]):
        super().__init__(
            properties={"crossbars": IndicesAttr(crossbars)}, regions=[Region(Block(body))]
        )

    @property
    def bursts(self) -> list[MvmOp]:
        """All bursts, those inside interleavings included."""
        bursts: list[MvmOp] = []
        for op in self.body.block.ops:
            if isinstance(op, InterleaveOp):
                bursts += op.bursts
            elif isinstance(op, MvmOp):
                bursts.append(op)
        return bursts

    def runs(self) -> Iterator[tuple[MvmOp, list[int]]]:
        """The visits of each crossbar in order: a burst, and the windows it visits in a row."""
        for op in self.body.block.ops:
            if isinstance(op, MvmOp):
                yield op, list(op.windows.data)
            elif isinstance(op, InterleaveOp):
                bursts = op.bursts
                windows = [iter(burst.windows.data) for burst in bursts]
                for number, turns in groupby(op.by.data):
                    yield bursts[number], [next(windows[number]) for _ in turns]

    def verify_(self) -> None:
        for op in self.body.block.ops:
            if not isinstance(op, MvmOp | InterleaveOp):
                fail(self, f"holds {op.name}; only ou.mvm and ou.interleave have a place here")
        for burst in self.bursts:
            if len(burst.tiles.data) != len(self.crossbars.data):
                fail(
                    burst,
                    f"has {len(burst.tiles.data)} tiles on {len(self.crossbars.data)} crossbars",
                )


@irdl_op_definition
class MergeOp(IRDLOperation):
    """Where a layer's partial sums are merged (rule R5): `ou.merge @conv1 through <cu, pe, home>`.

    A place that is left out passes contributions on one by one.
    """

    name = "ou.merge"

    layer = prop_def(SymbolRefAttr)
    places = prop_def(MergePlacesAttr)

    traits = lazy_traits_def(lambda: (HasParent(OuStageOp),))

    assembly_format = "$layer `through` $places attr-dict"

    def __init__(self, layer: str, places: tuple[str, ...] = PLACES):
        super().__init__(
            properties={"layer": SymbolRefAttr(layer), "places": MergePlacesAttr(places)}
        )


@irdl_op_definition
class SendOp(IRDLOperation):
    """Who reads a feature map (rule R7): `ou.send @pool1 to [@conv2]`.

    A finished piece goes at once from its home to every PE at which one of the readers needs it.
    """

    name = "ou.send"

    node = prop_def(SymbolRefAttr)
    readers = prop_def(ArrayAttr[SymbolRefAttr])

    traits = lazy_traits_def(lambda: (HasParent(OuStageOp),))

    assembly_format = "$node `to` $readers attr-dict"

    def __init__(self, node: str, readers: list[str]):
        super().__init__(
            properties={
                "node": SymbolRefAttr(node),
                "readers": ArrayAttr([SymbolRefAttr(reader) for reader in readers]),
            }
        )

    @property
    def reader_names(self) -> list[str]:
        """The names of the readers."""
        return [reader.string_value() for reader in self.readers]


@irdl_op_definition
class WaitOp(IRDLOperation):
    """What keeps buffers from overflowing (rule R10): `ou.wait @conv1 for @pool1 until -4 to 60`.

    Position p of `node` waits until `until[p]` positions of `other` are finished, counted in raster
    order from the first of the same image; a negative number leaves so many positions of the image
    before unfinished.  There is one entry for each position of `node`.
    """

    name = "ou.wait"

    node = prop_def(SymbolRefAttr)
    other = prop_def(SymbolRefAttr)
    until = prop_def(IndicesAttr)

    traits = lazy_traits_def(lambda: (HasParent(OuStageOp),))

    custom_directives = (Indices,)

    assembly_format = "$node `for` $other `until` custom<Indices>($until) attr-dict"

    def __init__(self, node: str, other: str, until: IndexSequence):
        super().__init__(
            properties={
                "node": SymbolRefAttr(node),
                "other": SymbolRefAttr(other),
                "until": IndicesAttr(until),
            }
        )

    def wait(self, dataflow: Dataflow) -> Wait:
        """What the op says of the nodes of a network."""
        from spatem_ir.geometry.network.waits import Wait

        node, other = (dataflow.by_name[name.string_value()] for name in (self.node, self.other))
        return Wait(node.number, other.number, self.until.data.to_array())


@irdl_op_definition
class OuStageOp(IRDLOperation):
    """The program of the chip during one stage: `ou.stage 0 operations <bit, column, row> { … }`.

    Tiles sit where the `pxb.stage` of the same number places them.  `operations` is the loop nest
    over the OUs of every visit, outermost loop first.  A program that is `unbounded` may need
    larger buffers than the machine has: for finding out how large they would have to be.
    """

    name = "ou.stage"

    number = prop_def(INTEGER)
    loops = prop_def(LoopOrderAttr)
    unbounded = opt_prop_def(UnitAttr)
    body = region_def("single_block")

    traits = traits_def(HasParent(ModuleOp), NoTerminator())

    assembly_format = "$number `operations` $loops (`unbounded` $unbounded^)? $body attr-dict"

    def __init__(
        self,
        number: int,
        ops: list[Operation],
        loops: tuple[str, ...] = LOOPS,
        *,
        unbounded: bool = False,
    ):
        super().__init__(
            properties={
                "number": integer(number),
                "loops": LoopOrderAttr(loops),
                "unbounded": UnitAttr() if unbounded else None,
            },
            regions=[Region(Block(ops))],
        )

    @property
    def streams(self) -> list[StreamOp]:
        """The streams, in order."""
        return [op for op in self.body.block.ops if isinstance(op, StreamOp)]

    @property
    def merges(self) -> dict[str, tuple[str, ...]]:
        """Where the partial sums of each layer are merged, by layer name."""
        ops = (op for op in self.body.block.ops if isinstance(op, MergeOp))
        return {op.layer.string_value(): op.places.data for op in ops}

    @property
    def sends(self) -> dict[str, list[str]]:
        """The readers of each node, by name."""
        ops = (op for op in self.body.block.ops if isinstance(op, SendOp))
        return {op.node.string_value(): op.reader_names for op in ops}

    @property
    def waits(self) -> list[WaitOp]:
        """What waits for what, for the sake of the buffers."""
        return [op for op in self.body.block.ops if isinstance(op, WaitOp)]

    def verify_(self) -> None:
        from spatem_ir.dialects.ou.verifier import verify_stage

        verify_stage(self)


OU = Dialect(
    "ou",
    [OuStageOp, StreamOp, InterleaveOp, MvmOp, ActivateOp, MergeOp, SendOp, WaitOp],
    [LoopOrderAttr, MergePlacesAttr],
)
