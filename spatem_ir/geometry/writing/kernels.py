"""The loops over pairs of blocks and slots: compiled where numba is installed, or plain numpy.

Both give the same numbers; all of them are whole.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import Codes, Ints

SCALE = 256
"""A unit that falls, in the numbers by which candidates are compared."""


class Pools(NamedTuple):
    """Blocks, class by class, in the order in which they become candidates.

    Attributes:
        codes: the codes of all blocks, [blocks, code bytes].
        bias: what is added to the count of falling code bytes, in :data:`SCALE`-ths of one.
        first: the first block of each class, and the number of blocks: [classes + 1].
        quotas: how many blocks of each class each crossbar gets: [crossbars, classes].
    """

    codes: Codes
    bias: NDArray[np.int32]
    first: Ints
    quotas: Ints


class PairKernels(Protocol):
    """The loops over pairs."""

    def bit_costs(
        self, old: Codes, new: Codes, reset_cycles: Ints, set_cycles: int, costs: Ints
    ) -> None:
        """Fill `costs` [slots, blocks]; `new` is [units, blocks]; a unit is a byte."""
        ...

    def level_costs(
        self,
        old: NDArray[np.uint8],
        new: NDArray[np.uint8],
        reset_cycles: Ints,
        set_cycles: int,
        sets: Ints,
        resets: Ints,
        costs: Ints,
    ) -> None:
        """Fill `costs` [slots, blocks] from levels [slots or blocks, units, cells]."""
        ...

    def chosen_blocks(
        self,
        old: Codes,
        weights: NDArray[np.float64],
        limits: NDArray[np.float64],
        crossbars: Ints,
        set_weight: float,
        pools: Pools,
    ) -> Ints:
        """A block for each slot, chosen one slot after the other.

        A slot takes the block with the least ``weight · (falling bytes + bias) + set_weight ·
        rising bytes`` among the first blocks of each class of which its crossbar may still have
        one: so many of a class as its share of `limits`, and of equal ones the first.  A block that
        is taken makes room for the next of its class.
        """
        ...


@cache
def kernels() -> PairKernels:
    """The compiled kernels if numba is installed, otherwise the plain ones."""
    try:
        module = import_module("spatem_ir.geometry.writing.numba_kernels")
    except ImportError:
        module = import_module("spatem_ir.geometry.writing.numpy_kernels")
    return cast("PairKernels", module)
