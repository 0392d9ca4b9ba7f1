"""The loop of the coarse simulation (:mod:`spatem_ir.search.strips`), compiled by numba."""

from __future__ import annotations

import numpy as np

from spatem_ir.support.compiled import kept


def _latency_of(durations, moves, regions, priorities, first, producers, strips, entered):
    """When all strips have run; `durations` are those of a strip of each layer.

    A region that is free runs, of its layers' next strips that have what they need, the one with
    the lowest priority: [layers, strips].  Before, what a strip reads is moved to its region, which
    takes the layer's `moves`, one strip after the other on the whole chip, unless they are all 0.
    """
    layers, count = priorities.shape
    network = regions.max() + 1
    is_moving = moves.max() > 0
    done, moved = np.zeros(layers, np.int64), np.zeros(layers, np.int64)
    running = np.full(network + 1, -1)
    ends = np.full(network + 1, np.inf)
    now, left = 0.0, layers * count
    while left > 0:
        later = np.inf
        for layer in range(layers):
            head, region = done[layer], regions[layer]
            if is_moving:
                if moved[layer] > head and ends[region] == np.inf:
                    chosen = running[region]
                    if chosen < 0 or priorities[layer, head] < priorities[chosen, done[chosen]]:
                        running[region] = layer
                head, region = moved[layer], network
            if head == count or running[region] == layer:
                continue
            is_ready = True
            for need in range(first[layer], first[layer + 1]):
                is_ready &= done[producers[need]] >= strips[need, head]
            if is_ready and entered[layer, head] > now:
                later = min(later, entered[layer, head])
            elif is_ready and ends[region] == np.inf:
                chosen = running[region]
                rival = moved[chosen] if is_moving else done[chosen]
                if chosen < 0 or priorities[layer, head] < priorities[chosen, rival]:
                    running[region] = layer
        for region in range(len(running)):
            if running[region] >= 0 and ends[region] == np.inf:
                layer = running[region]
                ends[region] = now + (moves[layer] if region == network else durations[layer])
        now = min(ends.min(), later)
        for region in range(len(running)):
            layer = running[region]
            if layer >= 0 and ends[region] <= now:
                if region == network:
                    moved[layer] += 1
                else:
                    done[layer] += 1
                    left -= 1
                running[region], ends[region] = -1, np.inf
    return now


latency_of = kept(_latency_of, error_model="numpy")
"""When all strips have run, compiled."""
