"""The loop of the coarse simulation (:mod:`spatem_ir.search.strips`), compiled by numba."""

from __future__ import annotations

import numpy as np

from spatem_ir.support.compiled import kept


def _ends_of(durations, moves, regions, priorities, lead, needs, readers, entered, needed, made):
    """When strips have run, [layers, strips]; `durations` are those of a strip of each layer.

    A region that is free runs, of its layers' next strips that have what they need, the one with
    the lowest priority: [layers, strips].  Before, what a strip reads is moved to its region, which
    takes the layer's `moves`, one strip after the other on the whole chip, unless they are all 0.

    A strip that needs so many strips of the inputs as `needed` says, [layers, strips], waits until
    the layers that read it have run what needs `lead` fewer: so many as `made` says,
    [layers, most strips + 1].
    """
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
    is_ready, is_changed = np.zeros(layers, np.bool_), np.ones(layers, np.bool_)
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
            if is_changed[layer]:
                is_changed[layer] = False
                if head == count or running[region] == layer:
                    continue
                need = awaited[layer]
                while need < first[layer + 1] and done[producers[need]] >= strips[need, head]:
                    need += 1
                awaited[layer] = need
                is_ready[layer] = need == first[layer + 1]
                behind = needed[layer, head] - lead
                if behind > 0:
                    for reader in range(first_reader[layer], first_reader[layer + 1]):
                        is_ready[layer] &= done[reading[reader]] >= made[reading[reader], behind]
            if not is_ready[layer]:
                continue
            if entered[layer, head] > now:
                later = min(later, entered[layer, head])
            elif ends[region] == np.inf:
                chosen = running[region]
                rival = moved[chosen] if is_moving else done[chosen]
                if chosen < 0 or priorities[layer, head] < priorities[chosen, rival]:
                    running[region] = layer
        for region in range(len(running)):
            if running[region] >= 0 and ends[region] == np.inf:
                layer = running[region]
                ends[region] = now + (moves[layer] if region == network else durations[layer])
                if region == network or not is_moving:
                    is_ready[layer] = False
        now = min(ends.min(), later)
        for region in range(len(running)):
            layer = running[region]
            if layer >= 0 and ends[region] <= now:
                if region == network or not is_moving:
                    awaited[layer] = first[layer]
                    is_changed[layer] = True
                if region == network:
                    moved[layer] += 1
                else:
                    found[layer, done[layer]] = now
                    done[layer] += 1
                    left -= 1
                    for reader in range(first_reader[layer], first_reader[layer + 1]):
                        is_changed[reading[reader]] = not is_ready[reading[reader]]
                    for need in range(first[layer], first[layer + 1]):
                        is_changed[producers[need]] = not is_ready[producers[need]]
                running[region], ends[region] = -1, np.inf
    return found


ends_of = kept(_ends_of, error_model="numpy")
"""When strips have run, compiled."""
