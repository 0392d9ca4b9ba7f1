"""The loops over pairs of blocks and slots, compiled by numba (:mod:`.kernels`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.writing.kernels import SCALE
from spatem_ir.geometry.writing.windows import first_windows, share_of
from spatem_ir.support.compiled import kept

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import Codes, Ints
    from spatem_ir.geometry.writing.kernels import Pools

TILE = 512
"""Candidates that are looked at together: their codes stay in the fastest cache."""

TOGETHER = 4
"""Code bytes that are compared in one pass over a tile."""


def _bit_costs(old, new, reset_cycles, set_cycles, costs):
    for slot in range(len(old)):
        row = costs[slot]
        row[:] = 0
        for unit in range(len(new)):
            before, codes, reset = old[slot, unit], new[unit], reset_cycles[slot, unit]
            for block in range(len(codes)):
                after = codes[block]
                rise, fall = (after & ~before) != 0, (before & ~after) != 0
                row[block] += rise * set_cycles + fall * reset


def _level_costs(old, new, reset_cycles, set_cycles, sets, resets, costs):
    for slot in range(len(old)):
        for block in range(len(new)):
            cost = 0
            for unit in range(old.shape[1]):
                up = down = 0
                for cell in range(old.shape[2]):
                    before, after = old[slot, unit, cell], new[block, unit, cell]
                    up = max(up, sets[before, after])
                    down = max(down, resets[before, after])
                cost += up * set_cycles + down * reset_cycles[slot, unit]
            costs[slot, block] = cost


def _tile_scores(code, codes, bias, count, weights, counts, scores):
    """Scores of the candidates of a tile, [code bytes, TILE], and the least of them.

    Code bytes are a multiple of :data:`TOGETHER`.
    """
    falls, rises = counts
    falls[:count] = 0
    rises[:count] = 0
    for byte in range(0, len(code), TOGETHER):
        b0, b1, b2, b3 = code[byte], code[byte + 1], code[byte + 2], code[byte + 3]
        r0, r1, r2, r3 = codes[byte], codes[byte + 1], codes[byte + 2], codes[byte + 3]
        for at in range(count):
            a0, a1, a2, a3 = r0[at], r1[at], r2[at], r3[at]
            first = np.uint8((b0 & ~a0) != 0) + np.uint8((b1 & ~a1) != 0)
            falls[at] += first + np.uint8((b2 & ~a2) != 0) + np.uint8((b3 & ~a3) != 0)
            first = np.uint8((a0 & ~b0) != 0) + np.uint8((a1 & ~b1) != 0)
            rises[at] += first + np.uint8((a2 & ~b2) != 0) + np.uint8((a3 & ~b3) != 0)
    weight, set_weight = weights
    for at in range(count):
        fallen = np.float32(falls[at]) * np.float32(SCALE) + np.float32(bias[at])
        scores[at] = weight * fallen + set_weight * np.float32(rises[at])
    least = scores[0]
    for at in range(count):
        least = min(least, scores[at])
    return least


tile_scores = kept(_tile_scores)
share = kept(share_of)


def _chosen(old, weights, limits, crossbars, set_weight, codes, bias, first, quotas, sizes, counts):
    blocks, width = codes.shape
    classes = len(first) - 1
    tiles = np.zeros(classes + 1, np.int64)
    for number in range(classes):
        tiles[number + 1] = tiles[number] + -(-sizes[number] // TILE)
    held = np.zeros((tiles[-1], width, TILE), np.uint8)
    biases, members = np.zeros((tiles[-1], TILE), np.int32), np.zeros((tiles[-1], TILE), np.int64)
    following, scores = first[:-1] + sizes, np.zeros(TILE, np.float32)
    for number in range(classes):
        for at in range(sizes[number]):
            block, tile = first[number] + at, tiles[number] + at // TILE
            members[tile, at % TILE], biases[tile, at % TILE] = block, bias[block]
            held[tile, :, at % TILE] = codes[block]
    chosen = np.zeros(len(old), np.int64)
    for slot in range(len(old)):
        code, own = old[slot], quotas[crossbars[slot]]
        factors = np.float32(weights[slot]), np.float32(set_weight * SCALE)
        best, taken, tile, at = np.float32(np.inf), -1, -1, -1
        for number in range(classes):
            if own[number] == 0:
                continue
            for looked in range(tiles[number], tiles[number] + -(-sizes[number] // TILE)):
                count = min(TILE, sizes[number] - (looked - tiles[number]) * TILE)
                least = tile_scores(
                    code, held[looked], biases[looked], count, factors, counts, scores
                )
                if least < best:
                    best, taken, tile, at = least, number, looked, 0
                    while scores[at] != least:
                        at += 1
        chosen[slot] = members[tile, at]
        own[taken] -= 1
        end = first[taken + 1]
        if following[taken] < end and sizes[taken] <= share(
            limits[slot], end - first[taken], blocks
        ):
            block = following[taken]
            members[tile, at], biases[tile, at] = block, bias[block]
            held[tile, :, at] = codes[block]
            following[taken] += 1
        else:
            sizes[taken] -= 1
            last, place = tiles[taken] + sizes[taken] // TILE, sizes[taken] % TILE
            members[tile, at], biases[tile, at] = members[last, place], biases[last, place]
            held[tile, :, at] = held[last, :, place]
    return chosen


bit_costs = kept(_bit_costs)
level_costs = kept(_level_costs)
_compiled = kept(_chosen)


def chosen_blocks(
    old: Codes,
    weights: NDArray[np.float64],
    limits: NDArray[np.float64],
    crossbars: Ints,
    set_weight: float,
    pools: Pools,
) -> Ints:
    """As :class:`.kernels.PairKernels` says."""
    sizes = np.array([len(each) for each in first_windows(pools.first, limits)], np.int64)
    padded = [np.pad(each, ((0, 0), (0, -each.shape[1] % TOGETHER))) for each in (old, pools.codes)]
    counts = np.zeros((2, TILE), np.min_scalar_type(padded[0].shape[1]))
    arrays = (padded[1], pools.bias, pools.first, pools.quotas.copy(), sizes, counts)
    return _compiled(padded[0], weights, limits, crossbars, float(set_weight), *arrays)
