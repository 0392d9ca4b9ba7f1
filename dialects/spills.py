"""What goes to the memory behind the chip's port, and which poolings work row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, traits_def

from spatem_ir.dialects.homes import HomeOp
from spatem_ir.dialects.places import StageOp
from spatem_ir.dialects.traits import HasParentNamed

if TYPE_CHECKING:
    from collections.abc import Iterator


@irdl_op_definition
class SpillOp(IRDLOperation):
    """A feature map that waits for a reader behind the chip's port: `pxb.spill @conv1 for @mul`.

    The results of a node leave the chip, as `@conv1.stored`, and come back as `@conv1.mul` for the
    layer or digital operator that reads them late (rule R9).  In a program positions of
    `@conv1.mul` wait at least until the same ones of `@conv1.stored` have left.
    """

    name = "pxb.spill"

    node = prop_def(SymbolRefAttr)
    reader = prop_def(SymbolRefAttr)

    traits = traits_def(HasParentNamed("pxb.stage"))

    assembly_format = "$node `for` $reader attr-dict"

    def __init__(self, node: str, reader: str):
        super().__init__(properties={"node": SymbolRefAttr(node), "reader": SymbolRefAttr(reader)})


class Decisions(NamedTuple):
    """What the stages of a module decide of its dataflow.

    Attributes:
        slices: the channel slices of digital operators whose homes say them, by name.
        homes: the names of all that have a home.
        spills: which nodes' results are spilled for a reader, by its name.
    """

    slices: dict[str, tuple[int, ...]]
    homes: set[str]
    spills: dict[str, set[str]]


def decisions_of(module: ModuleOp) -> Decisions:
    """What the stages of a module decide of its dataflow."""
    found = Decisions({}, set(), {})
    for stage in _stages(module):
        for home in stage.of_type(HomeOp):
            name = home.node.string_value()
            found.homes.add(name)
            if home.given_slices is not None:
                found.slices.setdefault(name, home.given_slices)
        for spill in stage.of_type(SpillOp):
            spilled = found.spills.setdefault(spill.reader.string_value(), set())
            spilled.add(spill.node.string_value())
    return found


def _stages(module: ModuleOp) -> Iterator[StageOp]:
    return (op for op in module.ops if isinstance(op, StageOp))
