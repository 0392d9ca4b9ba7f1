"""The records of the fast engine: each keeps together what an event touches together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Records = Any
"""A `numpy.recarray`; its stubs know neither its fields nor the type of its slices."""

NONE = -1
"""The end of a linked list, and the absence of anything that has a number."""

PRESENT = -2
"""What stands for the list of those that wait for a piece once the piece is there."""

NEVER = 2**63 - 1
"""What stands for the place in a stream of the head of a queue that is not ready."""

ACTIVATE_TASK, POOL_TASK, OUTPUT_TASK = range(3)
"""Kinds of digital tasks."""


def record(**fields: str) -> np.dtype:
    """A record type with fields of the given types."""
    return np.dtype(list(fields.items()), align=True)


TILE = record(
    instance="i8",  # the tile's operands on its PE: number of that of ordinal 0, as a reader
    cu_meeting="i8",  # counter of the contributions of ordinal 0 that meet in the CU
    pe_meeting="i8",
    pe="i4",
    cu="i4",  # CUs are numbered over the chip
    crossbar="i4",
    node="i4",
    bytes="i4",  # of an operand
    operations="i4",  # OU operations of a visit
    first_window="i4",  # ordinal n is window first_window + n · window_step
    window_step="i4",
    positions="i4",  # entry of `positions` of window 0
    first_piece="i4",  # piece of position 0
    bit="i4",
    values="i4",  # of a contribution
    through_cu="i4",  # whether contributions are merged there
    through_pe="i4",
    at_cu="i4",  # contributions that meet in this tile's CU, in its PE and at home
    at_pe="i4",
    at_home="i4",
)
"""A tile on its crossbar.  The window of a visit is counted within the tile's copy: its ordinal."""

TASK = record(kind="i4", node="i4", position="i4", pe="i4", piece="i4", values="i4", bytes="i4")
"""A digital operator or output of one piece, which is one of a node at a position.

`values` are the elements of operands that it reads, `bytes` what these take in the buffer.
"""

PIECE = record(
    node="i4",
    home="i4",
    bytes="i4",
    ordinal="i4",
    local="i4",
    first_sending="i4",  # of the packets that it sends, and how many
    sendings="i4",
)
"""A piece; `ordinal` is that of the window whose sums it is, if it is one of a layer.

`local` is its slot at its home, NONE if nothing there reads it.
"""

SENDING = record(source="i4", first="i4", stop="i4", tree="i4")
"""A packet that a piece sends: its source, its targets as entries of `piece_slots`, its tree."""

TREE = record(first="i4", links="i4", targets="i4", target="i4")
"""The way of a packet: first link from its source, links, targets, and the first target's PE."""

LINK = record(number="i4", bytes="i4", setup="i4", child="i4", sibling="i4", target="i4")
"""A link of a tree: its number, the first link onwards, the next one from the same PE.

`bytes` is how many pass it in a cycle: as many as the narrowest link so far lets pass; a packet
holds it for `setup` cycles besides.  `target` is the number of the target at its end, NONE if there
is none.  An entry without a number stands for a further target at the end of the link before.
"""

VISIT = record(burst="i4", ordinal="i4")
"""A visit of the crossbars of a stream."""

BURST = record(first="i8", operations="i4")
"""Entry of `burst_tiles` of the first crossbar; OU operations if they are spelled out, else 0."""

INPUT = record(cycles="i8", piece="i4")
"""A piece of an image, and how long after the first byte of its portion it has entered."""

PORTION = record(first="i4", stop="i4", bytes="i8", queue="i4")
"""Pieces of an image, entries of `inputs`, that enter together, and the queue of the portion."""

QUEUE = record(first="i4", stop="i4")
"""Portions that enter one after the other."""

ENTRY = record(key="i8", portion="i4")
"""Of a queue: key of the first piece of the portion that enters next, and its number."""

NODE = record(
    first_piece="i4",
    positions="i4",
    first_wait="i4",
    waits="i4",
    first_watched="i4",
    external="i4",
)
"""A node: what its positions wait for, and the positions of watched nodes before it.

`first_watched` is NONE if nothing waits for the node; `external` is 1 if it waits for a stage
in the memory behind the port, and 0 otherwise.
"""

WAIT = record(other="i4", first="i8")
"""A wait for another node, and its entry of `until` for position 0."""

CROSSBAR = record(
    total="i8",  # visits of all images
    requested="i8",  # visits whose operand was asked for, is there, that ended
    ready="i8",
    ended="i8",
    ready_at="i8",  # when the last operand was there
    ended_at="i8",  # when its last visit ended
    busy="i8",
    fetch="i4",  # the step that brought it
    number="i4",
    pe="i4",
    cu="i4",
    first="i4",  # first entry of its stream in the sequence
    column="i4",  # which of the stream's crossbars it is
    visits="i4",  # of one image
    running="i4",
    tile="i4",  # of the visit that runs
    ordinal="i4",
    image="i4",
    asked_tile="i4",  # of the visit whose operand was asked for last
    asked_ordinal="i4",
    asked_image="i4",
    asked_operations="i4",
)
"""A crossbar that has a stream: where it is in it."""

DISPATCHER = record(
    first_run="i8",  # entry of its first visit in `ran` and `began`
    started_at="i8",  # when its last visit started, and when one last ended
    ended_at="i8",
    first_queue="i4",  # its queues, and how many of their heads are ready
    stop_queue="i4",
    ready="i4",
    step="i4",  # its last visit, if the run is traced
    is_listed="i4",  # whether it chooses in this cycle, and the next crossbar that does
    next="i4",
)
"""What a crossbar needs to choose its visits."""

TILE_QUEUE = record(
    since="i8",  # when its head became ready
    first="i8",  # first entry of its visits in `tile_visits`
    visits="i4",  # of one image
    asked="i4",  # visits of this image whose operands were asked for; the next one is its head
    image="i4",
    ordinal="i4",  # of the head
    tile="i4",
    crossbar="i4",  # index of its record
    cause="i4",  # the step by which its head became ready, if the run is traced
)
"""The visits of a tile that its crossbar has not asked for, in the order of the stream."""

FETCH = record(operand="i8", start="i8", step="i4")
"""The fetch that a crossbar asked for last: key of the operand, when it starts, its step."""

RESOURCE = record(free_at="i8", busy="i8", first="i4", last="i4", next="i4", step="i4")
"""A server: when it is free, its requests of this cycle by rank, the next one that has any.

`busy` are the cycles in which it worked and `step` its last step, if the run is traced.
"""

JOB = record(
    key="i8",
    order="i8",  # the time of an event, the rank of a request
    next="i4",
    kind="i4",
    number="i4",
    link="i4",  # of a packet's tree, at which its head is
)
"""An event or a request.  The step that brought it about is in `causes`, if the run is traced."""

STEP = record(start="i8", cause="i4", resource="i4", node="i4", is_queued="i4")
"""A step of the execution; `cause` is a step or NONE, crossbars count as resources."""

BRINGER = record(time="i8", step="i4")
"""When a piece came to a PE, and the step that brought it."""

PACKET = record(
    key="i8",
    rank="i8",
    next="i4",
    bytes="i4",
    targets="i4",  # still to be reached
    tile="i4",
    source="i4",
    slots="i4",  # entry of `piece_slots` of its first target
    width="i4",  # bytes per cycle over the link that it got last, 0 before it got any
    cycles="i4",  # in which all its bytes pass such a link
)
"""A piece on its way (`tile` is NONE), or partial sums."""

SLOT = record(pe="i4", bytes="i4")
"""A piece on a PE."""

WAITER = record(entry="i8", first="i8", since="i8", next="i4", cause="i4")
"""What waits for an entry of `read_slots` or of its waits, and the next that waits for the same.

`first` is the first of its entries of `read_slots`.

If it waits for progress, `since` is when it began to, and `cause` the step that let it.
"""

PROGRESS = record(finished="i8", time="i8", before="i8", piece="i4", cause="i4")
"""The progress of a node: positions that are finished, as far as those before are.

`before` were finished before cycle `time`; `piece`, of the first position that was not, is the
lowest that was finished in that cycle, and `cause` is the step that did it.
"""

INSTANCE = record(left="i4", is_present="i4")
"""An operand on a PE: reads to come; whether all its pieces are in the buffer."""

PE_STATE = record(
    held="i8",  # bytes in the buffer, and the most so far
    most="i8",
    is_changed="i4",  # whether bytes came in this cycle, and the next PE of which that is true
    next="i4",
)
"""A PE."""

IMAGE = record(outputs_left="i8", finished="i8", step="i4")
"""An image: pieces of its output still on the chip, when the last one left, by which step."""

LOGGED = record(rank="i8", time="i8", cycles="i8", what="i4", node="i4")
"""A grant or arrival; `what` is the number of a resource, or beyond them."""

TOTALS = record(
    now="i8",
    pending="i8",  # events to come
    near="i8",  # those of this epoch
    events="i8",  # events and grants so far
    pause="i8",  # so many after which the loop stops, between two cycles
    undecided="i8",  # first crossbar that chooses in this cycle
    contended="i8",  # first resource with requests of this cycle
    changed="i8",  # first PE into whose buffer bytes came this cycle
    free_job="i8",  # first unused record of each pool, and how many there are
    free_jobs="i8",
    free_packet="i8",
    free_packets="i8",
    logged="i8",  # entries of the log, and the first cycle of which one is missing
    logged_until="i8",
    cause="i8",  # the step that brought about what is happening
    steps="i8",  # steps so far, or what is left of them
    fetched_bytes="i8",
    written_bytes="i8",  # to buffers
    read_bytes="i8",  # from buffers, but for CUs
    register_bytes="i8",
    additions="i8",
    activated="i8",
    pooled="i8",
    inputs="i8",  # bytes injected into the network
    activations="i8",
    partial_sums="i8",
    calls="i8",
    byte_hops="i8",
    io_bytes="i8",
    external_bytes="i8",
)
"""The time, the heads of lists and what is counted."""

MACHINE = record(
    images="i8",
    pieces="i8",
    pes="i8",
    share="i8",  # of a crossbar in its CU's input register, bytes
    visit_setup="i8",  # cycles before the first operation of a visit, and of each operation
    operation="i8",
    pipeline="i8",
    fetch_setup="i8",  # cycles of a fetch before its first byte
    port="i8",  # bytes or values per cycle
    sum_bytes="i8",  # of a partial sum
    cu_setup="i8",  # cycles before the first value of a contribution is added, at each place
    pe_setup="i8",
    home_setup="i8",
    cu_adders="i8",  # values per cycle
    pe_adders="i8",
    home_adders="i8",
    cu_held="i8",  # bytes of a value that meets others in the PE's buffer
    pe_held="i8",
    home_held="i8",
    activations="i8",
    poolings="i8",
    io_bytes="i8",
    external_bytes="i8",
    head="i8",  # cycles from when a packet gets a link until its head asks for the next one
    sources="i8",  # numbers that the source of a contribution can have, for ranks
    carried="i8",  # kinds of what a transfer over a link can carry, likewise
    bits="i8",  # numbers that the bit part of a tile can have, for the keys of operands
    slots="i8",  # records of one image
    instances="i8",
    meetings="i8",
    first_home="i8",  # first counter of contributions at home
    first_cu_adders="i8",  # resources of one kind have consecutive numbers; ports come first
    first_pe_adders="i8",
    first_link="i8",
    first_activation="i8",
    first_pooling="i8",
    first_io="i8",
    first_visits="i8",  # from here on there are no resources: of what else the log speaks
    first_arrivals="i8",
    first_changes="i8",
    jobs_reserve="i8",  # records that one event can take at most, of each pool and of the log
    packets_reserve="i8",
    log_reserve="i8",
    is_logged="i8",
    log_start="i8",  # cycles of which grants are logged, and how many entries there are at most
    log_stop="i8",
    log_most="i8",
    nodes="i8",
    bins="i8",  # of the activity, and the cycles of each; 0: it is not counted
    bin_cycles="i8",
    bins_passed="i8",  # cycles of the activity before the execution begins
    is_traced="i8",  # whether there are steps
    room="i8",  # bytes in a PE's buffer that are told as soon as there are more
    latest="i8",  # the last cycle in which something may happen
)
"""Numbers of an accelerator, of a program and of a run."""
