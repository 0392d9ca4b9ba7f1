"""An example of a package with a pass and an accelerator of its own for spatem-ir."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.universe import Universe

if TYPE_CHECKING:
    from xdsl.passes import ModulePass


def _swap_pes() -> type[ModulePass]:
    from edge_chip.swap_pes import SwapPesPass

    return SwapPesPass


UNIVERSE = Universe(all_passes={"swap-pes": _swap_pes})
