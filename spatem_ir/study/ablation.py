"""The ablation: what each pass contributes, seen by replacing it by its plain variant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.study.points import PLAIN_VARIANTS, Point

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIANTS: dict[str, tuple[str, ...]] = {
    "all passes as in the paper": (),
    **{f"{name}{{method={plain}}}": (name,) for name, plain in PLAIN_VARIANTS.items()},
    "all three plain": tuple(PLAIN_VARIANTS),
}
"""The passes in their plain variant, by what the combination is called."""


def ablation_points(networks: Sequence[str], strategy: str) -> list[Point]:
    """All points of the ablation of a partition strategy."""
    return [Point(network, strategy, plain) for plain in VARIANTS.values() for network in networks]
