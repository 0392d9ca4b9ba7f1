"""The trees of links along which packets go (rules R7 and R8), made once and shared by packets.

Pieces of a layer mostly have the same home and the same readers as many others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spatem_ir.hardware.interconnect.interconnect import Interconnect
from spatem_ir.runtime.machine.fast.elaborate.layers import Layers
from spatem_ir.runtime.machine.fast.elaborate.readers import Slots
from spatem_ir.runtime.machine.fast.records import (
    LINK,
    NONE,
    SENDING,
    TREE,
    Int32s,
    Int64s,
    Records,
)
from spatem_ir.runtime.machine.fast.rules.events import inlined, kept


class Trees(NamedTuple):
    """See :class:`fast.tables.Tables`."""

    trees: Records
    links: Records
    sendings: Records
    ways: Int64s
    routes: Int32s


def trees_of(slots: Slots, pieces: Records, ways: Int64s, interconnect: Interconnect) -> Trees:
    """The packets of all pieces, and the trees of these and of partial sums, which go some ways.

    Notes in the records of the pieces the slots at their homes and their packets.
    """
    sendings = np.empty(len(slots.pes), SENDING).view(np.recarray)
    multicast = interconnect.is_multicast
    total = _plan(
        pieces,
        slots.piece_first,
        slots.piece_slots,
        slots.piece_pes,
        multicast,
        sendings,
    )
    pe_count = interconnect.pes
    sources, targets = np.divmod(ways, pe_count)
    of_sums = np.zeros(len(ways), SENDING).view(np.recarray)
    of_sums.source = sources
    of_sums.first = len(slots.piece_pes) + np.arange(len(ways))
    of_sums.stop = of_sums.first + 1
    sendings = np.concatenate([sendings[:total], of_sums]).view(np.recarray)
    pes = np.concatenate([slots.piece_pes, targets.astype(np.int32)])
    shown = np.empty(len(sendings), np.int32)
    count = _number_trees(sendings, pes, shown)
    trees = np.zeros(count, TREE).view(np.recarray)
    links = united_routes(trees, sendings[shown[:count]], pes, interconnect)
    return Trees(
        trees,
        links,
        sendings[:total],
        ways,
        sendings.tree[total:].copy(),
    )


def ways_of_sums(layers: Layers, positions: Int32s, pieces: Records, pes: int) -> Int64s:
    """From which PEs to which homes partial sums may go: source · PEs + home, ascending."""
    found = _find_ways(layers.tiles, np.concatenate(layers.windows), positions, pieces, pes)
    return np.sort(found)


def united_routes(
    trees: Records, sendings: Records, pes: Int32s, interconnect: Interconnect
) -> Records:
    """R8: fill in the trees of packets, one each; returns their links.

    `pes` are the targets of all packets.  Many go between the same PEs: each route is asked for
    once.
    """
    pe_count = interconnect.pes
    first_entries = np.append(0, np.cumsum(sendings.stop - sendings.first, dtype=np.int64))
    route_of = np.empty(first_entries[-1], np.int32)
    ends = np.empty((2, len(route_of)), np.int64)
    count = _number_routes(
        sendings,
        np.argsort(sendings.source, kind="stable"),
        first_entries,
        pes,
        np.full(pe_count, NONE, np.int32),
        np.empty(pe_count, np.int32),
        ends,
        route_of,
    )
    routes = interconnect.routes(*ends[:, :count])
    most = int(np.diff(routes.first)[route_of].sum())
    links = np.empty(most, LINK).view(np.recarray)
    reached = np.full(interconnect.links, NONE, np.int32)
    counts = [group.links for group in interconnect.groups]
    kinds = [(group.bytes_per_cycle, group.setup_cycles) for group in interconnect.groups]
    of_link = np.repeat(np.array(kinds, np.int32), counts, axis=0)
    used = _grow(
        trees, sendings, pes, route_of, routes.first, routes.links, reached, of_link, links
    )
    return links[:used]


@kept
def _find_ways(tiles, windows, positions, pieces, pes):
    """The ways to the homes of the pieces to which tiles elsewhere add.

    Tiles of a column block, which add to the same pieces, stand one after the other, and windows of
    a copy mostly have the same home.
    """
    found = {np.int64(NONE)}
    for number in range(tiles.size):
        tile = tiles[number]
        if number > 0:
            before = tiles[number - 1]
            if (
                before.pe == tile.pe
                and before.first_piece == tile.first_piece
                and before.positions == tile.positions
                and before.first_window == tile.first_window
            ):
                continue
        last = tile.pe
        for ordinal in range(windows[number]):
            window = tile.first_window + ordinal * tile.window_step
            home = pieces[tile.first_piece + positions[tile.positions + window]].home
            if home != last and home != tile.pe:
                found.add(np.int64(tile.pe) * pes + home)
            last = home
    found.remove(np.int64(NONE))
    ways = np.empty(len(found), np.int64)
    for entry, way in enumerate(found):
        ways[entry] = way
    return ways


@kept
def _plan(pieces, piece_first, piece_slots, piece_pes, multicast, sendings):
    """R7: a piece goes to all other PEs that read it in one packet, or in one packet each.

    Returns how many packets there are.
    """
    total = 0
    for piece in range(pieces.size):
        home = pieces[piece].home
        pieces[piece].local = NONE
        pieces[piece].first_sending = total
        packet = NONE
        for entry in range(piece_first[piece], piece_first[piece + 1]):
            if piece_pes[entry] == home:
                pieces[piece].local = piece_slots[entry]
                continue
            if packet == NONE or not multicast:
                packet = total
                total += 1
                sendings[packet].source = home
                sendings[packet].first = entry
            sendings[packet].stop = entry + 1
        pieces[piece].sendings = total - pieces[piece].first_sending
    return total


@kept
def _number_trees(sendings, pes, shown):
    """Number the different trees of packets; returns how many there are.

    `shown` is a packet of each tree.  The numbers found are kept in a hash table.
    """
    size = 1
    while size < 2 * sendings.size:
        size *= 2
    table = np.full(size, NONE, np.int32)
    count = 0
    for packet in range(sendings.size):
        sending = sendings[packet]
        key = np.int64(sending.source)
        for entry in range(sending.first, sending.stop):
            key = key * 1000003 + pes[entry]
        at = (key ^ (key >> 20)) & (size - 1)
        while table[at] != NONE and not _is_same(sending, sendings[shown[table[at]]], pes):
            at = (at + 1) & (size - 1)
        if table[at] == NONE:
            table[at] = count
            shown[count] = packet
            count += 1
        sending.tree = table[at]
    return count


@kept
def _is_same(one, other, pes):
    """Whether two packets have the same source and targets."""
    if one.source != other.source or one.stop - one.first != other.stop - other.first:
        return False
    for number in range(one.stop - one.first):
        if pes[one.first + number] != pes[other.first + number]:
            return False
    return True


@kept
def _number_routes(sendings, by_source, first_entries, pes, seen_from, number_to, ends, route_of):
    """Number the different routes of packets; returns how many there are.

    `ends` are the PEs between which each goes, `route_of` is the route to each target.  `seen_from`
    is the last source with a route to each PE, which has the number `number_to`.
    """
    count = 0
    for number in by_source:
        sending = sendings[number]
        for entry in range(sending.stop - sending.first):
            target = pes[sending.first + entry]
            if seen_from[target] != sending.source:
                seen_from[target] = sending.source
                number_to[target] = count
                ends[0, count] = sending.source
                ends[1, count] = target
                count += 1
            route_of[first_entries[number] + entry] = number_to[target]
    return count


@kept
def _grow(trees, sendings, pes, route_of, first, route_links, reached, of_link, links):
    """R8: unite the routes to all targets of each tree; returns how many links there are.

    `route_of` is the route to each target, tree by tree; the source itself is none.  `reached` is
    the last tree with each link, which is then at `place`; a target at the end of a link that ends
    at another gets an entry of its own.  `of_link` are the bytes per cycle and setup of each link.
    """
    total = target = 0
    place = np.zeros(reached.size, np.int32)
    for number in range(trees.size):
        tree, sending = trees[number], sendings[number]
        tree.first = NONE
        tree.target = pes[sending.first]
        for entry in range(sending.stop - sending.first):
            parent, route = NONE, route_of[target]
            target += 1
            if first[route] == first[route + 1]:
                continue
            for step in range(first[route], first[route + 1]):
                name = route_links[step]
                if reached[name] != number:
                    reached[name] = number
                    place[name] = total
                    add_link(links, tree, total, parent, name)
                    width = of_link[name, 0]
                    if parent != NONE:
                        width = min(width, links[parent].bytes)
                    links[total].bytes, links[total].setup = width, of_link[name, 1]
                    tree.links += 1
                    total += 1
                parent = place[name]
            if links[parent].target != NONE:
                add_link(links, tree, total, parent, NONE)
                parent = total
                total += 1
            links[parent].target = entry
            tree.targets += 1
    return total


@inlined
def add_link(links, tree, number, parent, name):
    """A link that follows `parent`, or begins at the source."""
    link = links[number]
    link.number = name
    link.child = link.target = NONE
    if parent == NONE:
        link.sibling = tree.first
        tree.first = number
    else:
        link.sibling = links[parent].child
        links[parent].child = number
