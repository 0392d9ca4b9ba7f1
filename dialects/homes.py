"""Where results come together, and in which pieces they travel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import SymbolRefAttr
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    traits_def,
)
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    CustomDirective,
    ParsingState,
    PrintingState,
    irdl_custom_directive,
)

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.hw import Indices, IndicesAttr, accelerator_of
from spatem_ir.dialects.hw.index_syntax import parse_indices
from spatem_ir.dialects.lines import print_wrapped
from spatem_ir.dialects.traits import HasParentNamed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from xdsl.parser import Parser
    from xdsl.printer import Printer

    from spatem_ir.geometry.network.dataflow import Node
    from spatem_ir.geometry.shapes.index_sequence import IndexSequence


@irdl_custom_directive
class Slices(CustomDirective):
    """Optional channel slices: `slices [0, 16]`."""

    slices: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        if parser.parse_optional_keyword("slices"):
            self.slices.set(state, IndicesAttr(parse_indices(parser)))

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        attribute = self.slices.get(op)
        if attribute is None:
            return
        assert isinstance(attribute, IndicesAttr)
        state.print_whitespace(printer)
        print_wrapped(printer, f"slices {attribute.data}")


@irdl_op_definition
class HomeOp(IRDLOperation):
    """The home PEs of a node's output: `pxb.home @conv1 pes [0 times 12, 1 times 12]`.

    For S channel slices and L entries, the home of (slice s, position p) is entry
    ``s · (L / S) + p mod (L / S)``: one entry per slice, or a pattern over the positions.

    A digital operator's results are cut into `slices` of channels, given by the first channel of
    each, `pxb.home @pool1 slices [0, 16] pes [0, 1]`: one slice at one position is a piece, which
    travels as one packet.  Without, a slice begins wherever one of an operand begins; those of a
    layer are the column parts of its grid.
    """

    name = "pxb.home"

    node = prop_def(SymbolRefAttr)
    slices = opt_prop_def(IndicesAttr)
    pes = prop_def(IndicesAttr)

    traits = traits_def(HasParentNamed("pxb.stage"))

    custom_directives = (Indices, Slices)

    assembly_format = "$node custom<Slices>($slices) `pes` custom<Indices>($pes) attr-dict"

    def __init__(self, node: str, pes: IndexSequence, slices: IndexSequence | None = None):
        super().__init__(
            properties={
                "node": SymbolRefAttr(node),
                "slices": None if slices is None else IndicesAttr(slices),
                "pes": IndicesAttr(pes),
            }
        )

    @property
    def given_slices(self) -> tuple[int, ...] | None:
        """The first channels of the slices, if the op says which they are."""
        return None if self.slices is None else tuple(self.slices.data)

    def verify_(self) -> None:
        pes = accelerator_of(self).pes
        if len(self.pes.data) == 0:
            fail(self, "names no PE")
        for pe in (self.pes.data.minimum, self.pes.data.maximum):
            if not 0 <= pe < pes:
                fail(self, f"names PE {pe}; there are {pes} PEs")
        slices = self.given_slices
        if slices is not None and (slices[:1] != (0,) or sorted(set(slices)) != list(slices)):
            fail(self, "its slices do not begin at channel 0 and go on in ascending order")

    def table(self, node: Node) -> NDArray[np.int64]:
        """The home PE of each (slice, position) of the node: shape [slices, positions]."""
        import numpy as np

        pattern = self.pes.data.to_array().reshape(len(node.slices), -1)
        return pattern[:, np.arange(node.positions) % pattern.shape[1]]
