"""The order of a view's elements, as a list of elements of the nodes behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.geometry.network.dataflow import Operand


def viewed_order(
    parts: list[Operand], counts: list[int], order: NDArray[np.int64] | None
) -> NDArray[np.int64] | None:
    """The order of elements of operands, one after the other, of which a view takes `order`.

    `counts` are the elements of all sources of each operand, which may show some of them only, or
    some several times.
    """
    import numpy as np

    joined = _joined_order(parts, counts)
    if order is None:
        return joined
    viewed = order if joined is None else joined[order]
    return None if np.array_equal(viewed, np.arange(sum(counts))) else viewed


def _joined_order(parts: list[Operand], counts: list[int]) -> NDArray[np.int64] | None:
    """The order of the elements of operands, one after the other."""
    import numpy as np

    if all(part.order is None for part in parts):
        return None
    firsts = np.cumsum([0, *counts])
    orders = [np.arange(p.elements) if p.order is None else p.order for p in parts]
    return np.concatenate([f + o for f, o in zip(firsts, orders, strict=False)])
