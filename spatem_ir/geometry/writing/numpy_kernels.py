"""The loops over pairs of blocks and slots in plain numpy (:mod:`.kernels`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.writing.kernels import SCALE
from spatem_ir.geometry.writing.windows import first_windows, share_of

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import Codes, Ints
    from spatem_ir.geometry.writing.kernels import Pools


def bit_costs(old: Codes, new: Codes, reset_cycles: Ints, set_cycles: int, costs: Ints) -> None:
    """As :class:`.kernels.PairKernels` says."""
    costs[:] = 0
    for unit, codes in enumerate(new):
        before = old[:, unit, None]
        costs += ((codes & ~before) != 0) * set_cycles
        costs += ((before & ~codes) != 0) * reset_cycles[:, unit, None]


def level_costs(
    old: NDArray[np.uint8],
    new: NDArray[np.uint8],
    reset_cycles: Ints,
    set_cycles: int,
    sets: Ints,
    resets: Ints,
    costs: Ints,
) -> None:
    """As :class:`.kernels.PairKernels` says."""
    costs[:] = 0
    for unit in range(old.shape[1]):
        before, after = old[:, None, unit], new[None, :, unit]
        costs += sets[before, after].max(2) * set_cycles
        costs += resets[before, after].max(2) * reset_cycles[:, unit, None]


def chosen_blocks(
    old: Codes,
    weights: NDArray[np.float64],
    limits: NDArray[np.float64],
    crossbars: Ints,
    set_weight: float,
    pools: Pools,
) -> Ints:
    """As :class:`.kernels.PairKernels` says."""
    quotas, first = pools.quotas.copy(), pools.first
    blocks = len(pools.codes)
    windows = first_windows(first, limits)
    members = [np.arange(first[c], first[c] + len(w)) for c, w in enumerate(windows)]
    following = [int(first[c]) + len(w) for c, w in enumerate(windows)]
    chosen = np.empty(len(old), np.int64)
    for slot, (code, weight, crossbar) in enumerate(zip(old, weights, crossbars, strict=True)):
        best, taken = np.inf, (-1, -1)
        for number, own in enumerate(members):
            if not len(own) or not quotas[crossbar, number]:
                continue
            codes = pools.codes[own]
            falls = np.count_nonzero(code & ~codes, axis=1)
            rises = np.count_nonzero(codes & ~code, axis=1)
            fallen = (falls * SCALE + pools.bias[own]).astype(np.float32)
            scores = np.float32(weight) * fallen
            scores += np.float32(set_weight * SCALE) * rises.astype(np.float32)
            at = int(scores.argmin())
            if scores[at] < best:
                best, taken = float(scores[at]), (number, at)
        number, at = taken
        own = members[number]
        chosen[slot] = own[at]
        quotas[crossbar, number] -= 1
        limit = share_of(limits[slot], first[number + 1] - first[number], blocks)
        if following[number] < first[number + 1] and len(own) <= limit:
            own[at] = following[number]
            following[number] += 1
        else:
            own[at] = own[-1]
            members[number] = own[:-1]
    return chosen
