"""The loops over pairs of blocks and slots, compiled by numba (:mod:`.kernels`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.writing import numpy_kernels
from spatem_ir.geometry.writing.kernels import SCALE, share_of
from spatem_ir.geometry.writing.numba_tiles import (
    BIAS_DIGITS,
    MOST_BYTES,
    ONE,
    TILE,
    VALUES,
    WORD_BITS,
    WORDS,
    ZERO,
    build,
    padded,
    rows_of,
    within,
)
from spatem_ir.support.compiled import kept

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.kernels import Choice

MARGIN = 4
"""How much worse the best score of a slot may be than that of the slot before it, at first."""

FULL_ENOUGH = 3, 4
"""The share of candidates that are left with which tiles are not filled anew."""


class Tiles(NamedTuple):
    """Candidates of all classes, tile by tile.

    Attributes:
        halves: the rows of half bytes, [tiles, code bytes, halves, values, words].
        bias: the digits of each bias, [tiles, digits, words].
        members: the block of each place, [tiles, places].
        open: which places have a block that is left, [tiles, words].
        left: how many, [tiles].
    """

    halves: NDArray[np.uint64]
    bias: NDArray[np.uint64]
    members: NDArray[np.int64]
    open: NDArray[np.uint64]
    left: NDArray[np.int64]


def _bit_costs(pairs, costs):
    old, new, reset_cycles, set_cycles = pairs
    for slot in range(len(old)):
        row = costs[slot]
        row[:] = 0
        for unit in range(len(new)):
            before, codes, reset = old[slot, unit], new[unit], reset_cycles[slot, unit]
            for block in range(len(codes)):
                after = codes[block]
                rise, fall = (after & ~before) != 0, (before & ~after) != 0
                row[block] += rise * set_cycles + fall * reset


def _level_costs(pairs, costs):
    old, new, reset_cycles, set_cycles, sets, resets = pairs
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


def _fill(tiles, tile, blocks, codes, bias):
    """Fill a tile with blocks."""
    tiles.members[tile, : len(blocks)] = blocks
    tiles.left[tile] = len(blocks)
    tiles.open[tile] = ZERO
    tiles.bias[tile] = ZERO
    for at in range(len(blocks)):
        word, place = at // WORD_BITS, ONE << np.uint64(at % WORD_BITS)
        tiles.open[tile, word] |= place
        for digit in range(BIAS_DIGITS):
            if (bias[blocks[at]] >> digit) & 1:
                tiles.bias[tile, digit, word] |= place
    build(tiles.halves[tile], codes, blocks)


fill = kept(_fill)


def _filled_anew(tiles, begin, end, codes, bias):
    """Fill tiles from `begin` to `end` with their own blocks that are left; the end of those."""
    blocks = np.empty((end - begin) * TILE, np.int64)
    count = 0
    for tile in range(begin, end):
        for at in range(TILE):
            if (tiles.open[tile, at // WORD_BITS] >> np.uint64(at % WORD_BITS)) & ONE:
                blocks[count] = tiles.members[tile, at]
                count += 1
    for start in range(0, count, TILE):
        fill(tiles, begin + start // TILE, blocks[start : min(count, start + TILE)], codes, bias)
    return begin + -(-count // TILE)


def _open_first(own, count, opened):
    """The first so many of a tile's places that are open."""
    for word in range(WORDS):
        opened[word], rest = ZERO, own[word]
        while rest and count:
            lowest = rest & (~rest + ONE)
            opened[word] |= lowest
            rest ^= lowest
            count -= 1


def _first_within(index, bias, opened, rows, limit):
    """The place of the first candidate of at most a score, of which there is one."""
    word = 0
    found = within(index, bias, opened, rows, limit, (0, 1))
    while not found:
        word += 1
        found = within(index, bias, opened, rows, limit, (word, word + 1))
    place = word * WORD_BITS
    while not found & ONE:
        found >>= ONE
        place += 1
    return place


def _best_of(tiles, spans, wanted, rows, limit, scratch):
    """The candidate of least score, at most a limit: the score, its class and its tile.

    The class is −1 if there is none.
    """
    best, taken, home = limit + 1, -1, -1
    for number in range(len(wanted)):
        more = wanted[number]
        for tile in range(spans[number, 0], spans[number, 1]):
            if more <= 0 or best == 0:
                break
            opened = tiles.open[tile]
            if more < tiles.left[tile]:
                open_first(opened, more, scratch)
                opened = scratch
            more -= tiles.left[tile]
            index, bias = tiles.halves[tile].reshape(-1), tiles.bias[tile]
            if not within(index, bias, opened, rows, best - 1, (0, WORDS)):
                continue
            best -= 1
            while best and within(index, bias, opened, rows, best - 1, (0, WORDS)):
                best -= 1
            taken, home = number, tile
    return best, taken, home


share, filled_anew, open_first = kept(share_of), kept(_filled_anew), kept(_open_first)
first_within, best_of = kept(_first_within), kept(_best_of)


def _chosen(choice, tiles, spans):
    old, limits, crossbars, codes, bias, first, quotas = choice
    blocks, size, classes = len(codes), codes.shape[1], len(first) - 1
    following, left = first.copy(), np.zeros(classes, np.int64)
    rows, scratch = np.zeros(2 * size, np.uint64), np.zeros(WORDS, np.uint64)
    chosen, wanted, limit = np.zeros(len(old), np.int64), np.zeros(classes, np.int64), 0
    for slot in range(len(old)):
        own = quotas[crossbars[slot]]
        rows_of(old[slot], rows)
        for number in range(classes):
            members, end = first[number + 1] - first[number], first[number + 1]
            wanted[number] = share(limits[slot], members, blocks) if own[number] else 0
            while left[number] < wanted[number] and following[number] < end:
                some = np.arange(following[number], min(following[number] + TILE, end))
                fill(tiles, spans[number, 1], some, codes, bias)
                spans[number, 1] += 1
                left[number] += len(some)
                following[number] += len(some)
        best, taken, home = best_of(tiles, spans, wanted, rows, limit, scratch)
        while taken < 0:
            limit += SCALE
            best, taken, home = best_of(tiles, spans, wanted, rows, limit, scratch)
        index, bias_digits = tiles.halves[home].reshape(-1), tiles.bias[home]
        place = first_within(index, bias_digits, tiles.open[home], rows, best)
        limit = best + MARGIN
        chosen[slot] = tiles.members[home, place]
        tiles.open[home, place // WORD_BITS] ^= ONE << np.uint64(place % WORD_BITS)
        own[taken] -= 1
        left[taken] -= 1
        tiles.left[home] -= 1
        begin, end = spans[taken]
        if left[taken] * FULL_ENOUGH[1] < (end - begin - 1) * TILE * FULL_ENOUGH[0]:
            spans[taken, 1] = filled_anew(tiles, begin, end, codes, bias)
    return chosen


bit_costs, level_costs, compiled = kept(_bit_costs), kept(_level_costs), kept(_chosen)


def chosen_blocks(choice: Choice) -> NDArray[np.int64]:
    """As :class:`.kernels.PairKernels` says."""
    if choice.codes.shape[1] > MOST_BYTES:
        return numpy_kernels.chosen_blocks(choice)
    old, codes = padded(choice.old), padded(choice.codes)
    most = np.diff(choice.first) * FULL_ENOUGH[1] // FULL_ENOUGH[0] // TILE + 3
    begins = np.cumsum(most) - most
    count = int(most.sum())
    tiles = Tiles(
        np.empty((count, codes.shape[1], 2, VALUES, WORDS), np.uint64),
        np.empty((count, BIAS_DIGITS, WORDS), np.uint64),
        np.empty((count, TILE), np.int64),
        np.empty((count, WORDS), np.uint64),
        np.empty(count, np.int64),
    )
    own = choice._replace(old=old, codes=codes, quotas=choice.quotas.copy())
    return compiled(own, tiles, np.stack([begins, begins], axis=1))
