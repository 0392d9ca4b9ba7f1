"""Programs of crossbars that are written out: streams of bursts of visits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.dialects.builtin import SymbolRefAttr
from xdsl.ir import Block, Region
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_region_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.traits import NoTerminator

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.weight_layers import INTEGER, integer
from spatem_ir.dialects.hw import Indices, IndicesAttr
from spatem_ir.dialects.ou.cores import CoreOp
from spatem_ir.dialects.traits import HasParentNamed
from spatem_ir.geometry.network.core_program import CoreInstruction, CoreStep
from spatem_ir.geometry.shapes.index_sequence import IndexSequence


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

    traits = traits_def(HasParentNamed("ou.mvm"))

    custom_directives = (Indices,)

    assembly_format = (
        "`bits` custom<Indices>($bits) `rows` custom<Indices>($rows) "
        "`columns` custom<Indices>($columns) attr-dict"
    )

    def __init__(self, bits: Iterable[int], rows: Iterable[int], columns: Iterable[int]):
        super().__init__(
            properties={
                "bits": IndicesAttr.of(bits),
                "rows": IndicesAttr.of(rows),
                "columns": IndicesAttr.of(columns),
            }
        )


@irdl_op_definition
class MvmOp(IRDLOperation):
    """A burst of visits: `ou.mvm @conv1 windows 0 to 6`, `ou.mvm @conv1 tile 1 windows 0 to 6`.

    A crossbar visits the tile of the layer that it holds, once for each of the windows, in their
    order.  If it holds several, `tile` says which: they are counted from 0, those with the fewest
    windows first, then those with the lowest numbers.  Windows are counted within the share that
    the grid deals to the tile's copy.  A body, made by `expand-ou`, spells out the operations of a
    single visit, and what its core does besides (`ou.core`).
    """

    name = "ou.mvm"

    layer = prop_def(SymbolRefAttr)
    tile = prop_def(INTEGER, default_value=integer(0))
    windows = prop_def(IndicesAttr)
    body = opt_region_def("single_block")

    traits = traits_def(HasParentNamed("ou.stream", "ou.interleave"), NoTerminator())

    custom_directives = (Indices,)

    assembly_format = (
        "$layer (`tile` $tile^)? `windows` custom<Indices>($windows) "
        "attr-dict-with-keyword ($body^)?"
    )

    def __init__(
        self,
        layer: str | SymbolRefAttr,
        windows: IndexSequence,
        operations: Sequence[ActivateOp | CoreOp] | None = None,
        *,
        tile: int = 0,
    ):
        body = [] if operations is None else [Region(Block(operations))]
        super().__init__(
            properties={
                "layer": SymbolRefAttr(layer) if isinstance(layer, str) else layer,
                "tile": integer(tile),
                "windows": IndicesAttr(windows),
            },
            regions=[body],
        )

    @property
    def ordinal(self) -> int:
        """Which of the layer's tiles on a crossbar is visited, from 0."""
        return self.tile.value.data

    @property
    def core_program(self) -> list[CoreInstruction]:
        """What the core does for the visit, as far as `expand-ou` spelled it out."""
        found: list[CoreInstruction] = []
        for op in () if self.body is None else self.body.block.ops:
            if isinstance(op, CoreOp):
                found.append(op.instruction)
            elif not found or found[-1].step is not CoreStep.MVM:
                found.append(CoreInstruction(CoreStep.MVM))
        return found

    @property
    def operations(self) -> list[ActivateOp] | None:
        """The operations of the visit, if `expand-ou` spelled them out."""
        if self.body is None:
            return None
        return [op for op in self.body.block.ops if isinstance(op, ActivateOp)]

    def verify_(self) -> None:
        if self.ordinal < 0:
            fail(self, f"visits tile {self.ordinal}; tiles are counted from 0")
        if len(self.windows.data) == 0:
            fail(self, "names no window")
        if len(self.windows.data) > 1 and self.body is not None:
            fail(self, "has a body but is more than one visit")


@irdl_op_definition
class InterleaveOp(IRDLOperation):
    """Visits of several bursts in turn: `ou.interleave by (0 times 3, 1) repeat 9 { … }`.

    Entry n of `by` is the number of the burst whose next visit is the n-th; each burst is named as
    often as it has windows.
    """

    name = "ou.interleave"

    by = prop_def(IndicesAttr)
    body = region_def("single_block")

    traits = traits_def(HasParentNamed("ou.stream"), NoTerminator())

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
    """The program of some crossbars, written out: `ou.stream crossbars 0 to 96 { … }`.

    Each crossbar of the sequence runs the bursts in order, on tiles of its own.
    """

    name = "ou.stream"

    crossbars = prop_def(IndicesAttr)
    body = region_def("single_block")

    traits = traits_def(HasParentNamed("ou.stage", "ou.schedule"), NoTerminator())

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

    def verify_(self) -> None:
        for op in self.body.block.ops:
            if not isinstance(op, MvmOp | InterleaveOp):
                fail(self, f"holds {op.name}; only ou.mvm and ou.interleave have a place here")
        if len(self.crossbars.data) > 1:
            for burst in self.bursts:
                if burst.body is not None:
                    fail(burst, "has a body but is more than one visit")
