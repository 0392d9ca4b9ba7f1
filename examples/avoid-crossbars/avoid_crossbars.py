"""The `avoid-crossbars` pass: tiles leave defective crossbars (level `pxb` to level `pxb`).

A whole package in one file: the entry point in pyproject.toml names `UNIVERSE`.  What costs time to
import is imported when the pass runs, so that the tools start as fast as without it::

    pip install ./examples/avoid-crossbars
    spatem-run lenet -p 'partition,pack,assign,avoid-crossbars{crossbars=0,17,400},order'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.passes import ModulePass
from xdsl.universe import Universe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from xdsl.context import Context
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class AvoidCrossbarsPass(ModulePass):
    """Moves what sits in defective crossbars to spare ones, of the same CU or PE where it can.

    Options:
        crossbars: the defective ones, by number: (pe · CUs + cu) · crossbars + crossbar.
    """

    name = "avoid-crossbars"

    crossbars: tuple[int, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        import numpy as np

        from spatem_ir.dialects.hw import IndicesAttr, accelerator_of
        from spatem_ir.dialects.level import Level, level_of
        from spatem_ir.dialects.pxb import PxbPlaceOp, PxbStageOp
        from spatem_ir.support.errors import SpatemError

        if (level := level_of(op)) is not Level.PXB:
            raise SpatemError(f"{self.name}: this is level {level}; run it after assign")
        accelerator = accelerator_of(op)
        for number in self.crossbars:
            if not 0 <= number < accelerator.crossbars:
                raise SpatemError(
                    f"{self.name}: crossbar {number} does not exist; '{accelerator.name}' has "
                    f"{accelerator.crossbars}"
                )
        for stage in op.ops:
            if not isinstance(stage, PxbStageOp):
                continue
            places = stage.of_type(PxbPlaceOp)
            used = np.unique(np.concatenate([op.crossbars.data.to_array() for op in places]))
            new = substitutes(used, self.crossbars, accelerator)
            if new is None:
                raise SpatemError(
                    f"{self.name}: the chip has too few crossbars to spare; use a smaller partition"
                )
            for place in places:
                place.crossbars = IndicesAttr.of(new[place.crossbars.data.to_array()].tolist())


def substitutes(
    used: NDArray[np.int64], defective: tuple[int, ...], accelerator: Accelerator
) -> NDArray[np.int64] | None:
    """The crossbar that takes the place of each: shape [crossbars]; None if there are too few.

    Spares in the same CU come first, then those in the same PE, then the lowest number.
    """
    import numpy as np

    new = np.arange(accelerator.crossbars)
    spare = np.setdiff1d(new, np.append(used, np.array(defective, np.int64)))
    for number in np.intersect1d(used, defective):
        if not len(spare):
            return None
        size = accelerator.crossbars_per_cu
        other_cu = spare // size != number // size
        other_pe = spare // accelerator.crossbars_per_pe != number // accelerator.crossbars_per_pe
        nearest = np.lexsort((spare, other_cu, other_pe))[0]
        new[number] = spare[nearest]
        spare = np.delete(spare, nearest)
    return new


UNIVERSE = Universe(all_passes={AvoidCrossbarsPass.name: lambda: AvoidCrossbarsPass})
