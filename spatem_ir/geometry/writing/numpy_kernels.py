"""The loops over pairs of blocks and slots in plain numpy (:mod:`.kernels`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.writing.kernels import SCALE, share_of

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.kernels import BitPairs, Choice, LevelPairs


def bit_costs(pairs: BitPairs, costs: NDArray[np.int64]) -> None:
    """As :class:`.kernels.PairKernels` says."""
    costs[:] = 0
    for unit, after in enumerate(pairs.new):
        before = pairs.old[:, unit, None]
        costs += ((after & ~before) != 0) * pairs.set_cycles
        costs += ((before & ~after) != 0) * pairs.reset_cycles[:, unit, None]


def level_costs(pairs: LevelPairs, costs: NDArray[np.int64]) -> None:
    """As :class:`.kernels.PairKernels` says."""
    costs[:] = 0
    for unit in range(pairs.old.shape[1]):
        before, after = pairs.old[:, None, unit], pairs.new[None, :, unit]
        costs += pairs.sets[before, after].max(2) * pairs.set_cycles
        costs += pairs.resets[before, after].max(2) * pairs.reset_cycles[:, unit, None]


def chosen_blocks(choice: Choice) -> NDArray[np.int64]:
    """As :class:`.kernels.PairKernels` says."""
    first, quotas, blocks = choice.first, choice.quotas.copy(), len(choice.codes)
    left = [np.arange(first[k], first[k + 1]) for k in range(len(first) - 1)]
    chosen = np.empty(len(choice.old), np.int64)
    for slot, (code, limit) in enumerate(zip(choice.old, choice.limits, strict=True)):
        own = quotas[choice.crossbars[slot]]
        members = zip(np.diff(first), own, strict=True)
        shares = [share_of(limit, size, blocks) if quota else 0 for size, quota in members]
        members = np.concatenate([some[:n] for some, n in zip(left, shares, strict=True)])
        falls = np.count_nonzero(code & ~choice.codes[members], axis=1)
        block = members[(falls * SCALE + choice.bias[members].astype(np.int64)).argmin()]
        chosen[slot] = block
        number = int(np.searchsorted(first, block, side="right")) - 1
        own[number] -= 1
        left[number] = left[number][left[number] != block]
    return chosen
