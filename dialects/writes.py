"""Which crossbars are rewritten before a stage begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, traits_def
from xdsl.traits import HasParent

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.weight_layers import INTEGER, integer
from spatem_ir.dialects.hw import Indices, IndicesAttr, module_of
from spatem_ir.dialects.places import PlaceOp, StageOp
from spatem_ir.dialects.stages import is_staged, number_of
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@irdl_op_definition
class WriteOp(IRDLOperation):
    """What is rewritten before a stage: `pxb.write 1 crossbars 0 to 96` (rule R14).

    These are the crossbars that hold tiles of the stage, and of another one: in a batch of images
    after the other each is used by several stages in turn.  A crossbar of one stage only keeps its
    cells.
    """

    name = "pxb.write"

    number = prop_def(INTEGER)
    crossbars = prop_def(IndicesAttr)

    traits = traits_def(HasParent(ModuleOp))

    custom_directives = (Indices,)

    assembly_format = "$number `crossbars` custom<Indices>($crossbars) attr-dict"

    def __init__(self, number: int, crossbars: IndexSequence):
        super().__init__(
            properties={"number": integer(number), "crossbars": IndicesAttr(crossbars)}
        )

    def verify_(self) -> None:
        module, number = module_of(self), number_of(self)
        if not is_staged(module):
            fail(self, "nothing is rewritten in a deployment of one stage; leave it out")
        if sum(number_of(op) == number for op in write_ops(module)) > 1:
            fail(self, "stands twice for a stage")
        if number not in map(number_of, _pxb_stages(module)):
            fail(self, f"there is no pxb.stage {number}")


def write_ops(module: ModuleOp) -> list[WriteOp]:
    """What a module says of the crossbars that are rewritten."""
    return [op for op in module.ops if isinstance(op, WriteOp)]


def written_crossbars(module: ModuleOp) -> dict[int, NDArray[np.int64]]:
    """The crossbars that are rewritten before each stage, as the module says, by number."""
    import numpy as np

    found = {number_of(stage): np.empty(0, np.int64) for stage in _pxb_stages(module)}
    return found | {number_of(op): op.crossbars.data.to_array() for op in write_ops(module)}


def used_crossbars(stage: StageOp) -> NDArray[np.int64]:
    """The crossbars that hold tiles during a stage, in ascending order."""
    import numpy as np

    parts = (op.crossbars.data.to_array() for op in stage.of_type(PlaceOp))
    return np.unique(np.concatenate([np.empty(0, np.int64), *parts]))


def shared_crossbars(module: ModuleOp) -> dict[int, NDArray[np.int64]]:
    """The crossbars of each stage that other stages use, too, by number, in ascending order."""
    import numpy as np

    used = {number_of(stage): used_crossbars(stage) for stage in _pxb_stages(module)}
    numbers, counts = np.unique(np.concatenate(list(used.values())), return_counts=True)
    several = numbers[counts > 1]
    return {number: np.intersect1d(own, several) for number, own in used.items()}


def put_writes(module: ModuleOp) -> None:
    """Say for every stage which crossbars are rewritten before it, in place of what was said."""
    for op in write_ops(module):
        op.detach()
        op.erase()
    for number, crossbars in shared_crossbars(module).items():
        if len(crossbars):
            module.body.block.add_op(WriteOp(number, IndexSequence.of(crossbars)))


def verify_writes(module: ModuleOp) -> None:
    """Check that what is rewritten before each stage is what other stages have overwritten."""
    import numpy as np

    said = written_crossbars(module)
    stages = {number_of(stage): stage for stage in _pxb_stages(module)}
    ops = {number_of(op): op for op in write_ops(module)}
    for number, needed in shared_crossbars(module).items():
        missing = np.setdiff1d(needed, said[number])
        if len(missing):
            fail(
                ops.get(number, stages[number]),
                f"crossbar {missing[0]} holds tiles of another stage and is not rewritten",
            )
        idle = np.setdiff1d(said[number], needed)
        if len(idle):
            fail(ops[number], f"crossbar {idle[0]} holds tiles of this stage only, or of others")
        if len(said[number]) != len(needed):
            fail(ops[number], "names a crossbar twice")


def _pxb_stages(module: ModuleOp) -> list[StageOp]:
    return [op for op in module.ops if isinstance(op, StageOp) and op.name == "pxb.stage"]
