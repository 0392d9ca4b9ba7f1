"""The coarse simulation as it is defined: at each step it looks at every layer anew."""

from __future__ import annotations

from typing import Any

import numpy as np


def plain_ends(
    durations: Any,
    moves: Any,
    regions: Any,
    priorities: Any,
    lead: int,
    needs: Any,
    readers: Any,
    entered: Any,
    needed: Any,
    made: Any,
) -> np.ndarray:
    """What :func:`spatem_ir.search.strip_loop.ends_of` returns."""
    layers, count = priorities.shape
    first, producers, strips = needs
    first_reader, reading = readers
    network = regions.max() + 1
    is_moving = moves.max() > 0
    done, moved = np.zeros(layers, np.int64), np.zeros(layers, np.int64)
    running = np.full(network + 1, -1)
    ends = np.full(network + 1, np.inf)
    found = np.zeros((layers, count))
    awaited = first[:-1].copy()
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
            need = awaited[layer]
            while need < first[layer + 1] and done[producers[need]] >= strips[need, head]:
                need += 1
            awaited[layer] = need
            is_ready = need == first[layer + 1]
            behind = needed[layer, head] - lead
            if behind > 0:
                for reader in range(first_reader[layer], first_reader[layer + 1]):
                    is_ready &= done[reading[reader]] >= made[reading[reader], behind]
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
                if region == network or not is_moving:
                    awaited[layer] = first[layer]
                if region == network:
                    moved[layer] += 1
                else:
                    found[layer, done[layer]] = now
                    done[layer] += 1
                    left -= 1
                running[region], ends[region] = -1, np.inf
    return found
