"""The kinds of events and requests of the fast engine.

A record has a `number` and a `key`; keys are image · pieces + piece.
"""

from __future__ import annotations

(
    CONTRIBUTE,  # number: tile; the results of a visit are valid
    READY,  # number: crossbar; an operand is in its register
    END,  # number: crossbar; a visit to a piece has ended
    SUM_CU,  # number: tile; the last contribution to a piece has been added in the tile's CU
    SUM_PE,  # … in its PE
    SUM_HOME,  # … at home
    HEAD,  # number: packet, key: its rank; its head is at the link
    ARRIVE,  # number: packet, key: slot, if it is a piece; its last byte is there
    DELIVER,  # number: slot; a piece is in the buffer of its PE
    PRODUCE,  # number: what it counts as; a piece is finished
    ACTIVATED,  # a piece of a layer is finished
    PROCESSED,  # number: task; a digital operator has read its inputs
    LEFT,  # number: task; a piece of the output has left the chip
    ENTER,  # number: portion, key: of its first piece; a portion of an image may enter
    AWAIT,  # number: waiter; a task begins to wait for its inputs
    PROCEED,  # number: crossbar; it begins
    LOADED,  # number: crossbar; a partial sum came from the shared memory (R13)
    ADDED,  # number: crossbar; it has added to a partial sum
    STORED,  # number: crossbar; a partial sum is in the shared memory
    CALLED,  # number: crossbar; its CALL has come
    COMPLETED,  # number: crossbar; it has activated a piece
    RETURNED,  # number: crossbar; a piece that it activated is in the shared memory
    INPUTS_LOADED,  # number: task; what it reads has come
    WRITTEN,  # number: task; its result is in the shared memory
) = range(24)

(
    FETCH,  # number: crossbar
    MERGE_CU,  # number: tile; a contribution is added in the tile's CU
    MERGE_PE,
    MERGE_HOME,
    CROSS,  # number: packet; it crosses the link
    ACTIVATE,  # number: tile
    PROCESS,  # number: task
    LEAVE,  # number: task
    ENTERING,  # number: portion; a portion of an image enters
    LOAD_OPERAND,  # number: crossbar; a transfer over the bus (R13), as all up to WRITE
    LOAD_SUMS,
    STORE_SUMS,
    CALL,
    STORE_RESULT,
    LOAD_INPUTS,  # number: task
    WRITE,  # number: task
    ADD,  # number: crossbar
    COMPLETE_SUM,  # number: crossbar; it activates a piece
) = range(18)

INPUTS, ACTIVATIONS = range(2)
"""What packets that carry a piece are counted as."""

CU, PE, AWAY, HOME, COMPLETE = range(5)
"""Where a contribution goes next: it is merged, sent home, or the sum is complete."""
