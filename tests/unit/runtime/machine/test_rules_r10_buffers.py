"""R10: what is in which PE's buffer, from its arrival to its last read."""

from __future__ import annotations

from unit.runtime.machine.programs import (
    arrivals,
    convolution,
    dense,
    departures,
    deployment,
    machine,
    run,
)


def test_a_piece_lives_until_its_fetch_has_ended_and_an_output_until_it_has_left() -> None:
    text = deployment(
        input="4xui8",
        ops=[dense("a", "input", "4xui8 -> 3xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    accelerator = machine(pe={"port_bytes_per_cycle": 1}, io={"bytes_per_cycle": 2})
    execution = run(text, accelerator)
    # Entered at 2, fetched by 6, valid at 6 + 32 + 1, activated by 42, out by 44.
    assert arrivals(execution, 0) == [(2, 4), (42, 3)]
    assert departures(execution, 0) == [(6, 4), (44, 3)]
    assert execution.buffers.peaks() == {0: 4}


def test_an_output_stays_in_the_buffer_while_the_port_is_busy() -> None:
    """The output of the first image waits from 9 to 12 for the third image to enter (see R9)."""
    text = deployment(
        input="4xui8",
        ops=[dense("a", "input", "4xui8 -> 2xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    accelerator = machine(io={"bytes_per_cycle": 1}, ou={"dac_bits": 8, "cycles": 1})
    execution = run(text, accelerator, images=3)
    assert [time for time, size in arrivals(execution, 0) if size == 2] == [9, 13, 17]
    assert [time for time, size in departures(execution, 0) if size == 2] == [14, 16, 19]
    # The third image is there at 12 and gone at 13; the second output comes at 13.
    assert execution.buffers.peaks() == {0: 4 + 2}


def test_a_piece_lives_until_the_last_of_its_readers_has_read_it() -> None:
    """Three tiles of PE 0 read the same 8 bytes over a port of 1 byte per cycle."""
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 3xui8", wwm=3)],
        places=["@a tiles 0 to 3 crossbars [0, 2, 2] at [0, [0, 0, 4]]"],
        homes=["@a pes 0 times 3"],
        streams=[
            "crossbars 0 { ou.mvm @a windows 0 }",
            "crossbars 2 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }",
        ],
    )
    execution = run(text, machine(pe={"port_bytes_per_cycle": 1}))
    # Fetched by 10 for crossbar 0 and by 18 for crossbar 2, whose second visit uses it again.
    assert execution.visit_starts == {0: [10], 2: [18, 18 + 2 * 8 * 4]}
    assert (18, 8) in departures(execution, 0)


def test_windows_keep_the_positions_that_later_windows_read() -> None:
    """1 x 2 windows over 3 positions of 2 bytes, one crossbar."""
    text = deployment(
        input="2x1x3xui8",
        ops=[convolution("a", "input", "2x1x3xui8 -> 1x1x2xui8", "1x2")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 1"],
        streams=["crossbars 0 { ou.mvm @a windows 0 to 2 }"],
    )
    execution = run(text, machine(io={"bytes_per_cycle": 2}))
    # Position p enters at p + 1.  Window 0 is fetched 2 → 3, after which position 0 is free;
    # window 1 is fetched 3 → 4.  Results are valid at 36 and 68,
    # 4 bytes are in PE 1 2 later, activated 1 later, back 1 later, out 1 later.
    assert arrivals(execution, 0) == [(1, 2), (2, 2), (3, 2), (40, 1), (72, 1)]
    assert departures(execution, 0) == [(3, 2), (4, 2), (4, 2), (41, 1), (73, 1)]
    assert execution.buffers.peaks() == {0: 2 + 2}


def test_contributions_that_meet_live_until_their_sum_is_complete() -> None:
    """Two CUs of PE 0 with 3 values each, valid at 36 and 37, added 36 → 39 → 42."""
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 3xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars [0, 2] at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars [0, 2] { ou.mvm @a windows 0 }"],
    )
    execution = run(text)
    assert arrivals(execution, 0) == [(2, 8), (36, 12), (37, 12), (45, 3)]
    assert departures(execution, 0) == [(4, 8), (42, 24), (46, 3)]
    assert execution.buffers.peaks() == {0: 24}


def test_lone_contributions_and_sums_inside_a_cu_need_no_buffer() -> None:
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 3xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars [0, 1] at [0, 0]"],
        homes=["@a pes 1"],
        streams=["crossbars [0, 1] { ou.mvm @a windows 0 }"],
    )
    execution = run(text)
    assert [size for _, size in arrivals(execution, 0)] == [8, 3]
    assert execution.buffers.peaks() == {0: 8}


def test_a_packet_of_partial_sums_is_in_the_buffer_of_the_home_until_it_is_added() -> None:
    """One crossbar in PE 0, one in PE 1, home PE 0 (the times are those of R5)."""
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 3xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars [0, 4] at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars [0, 4] { ou.mvm @a windows 0 }"],
    )
    execution = run(text)
    assert arrivals(execution, 0) == [(2, 8), (36, 12), (46, 12), (52, 3)]
    assert departures(execution, 0) == [(3, 8), (49, 24), (53, 3)]
    assert arrivals(execution, 1) == [(6, 8)]
    assert departures(execution, 1) == [(7, 8)]
    assert execution.buffers.peaks() == {0: 24, 1: 8}


def test_every_byte_that_enters_a_buffer_leaves_it() -> None:
    text = deployment(
        input="2x3x3xui8",
        ops=[
            convolution("a", "input", "2x3x3xui8 -> 4x2x2xui8", "2x2", hwm=2, wwm=2),
            "%p = cnn.max_pool @p %a <2x2> : tensor<4x2x2xui8> -> tensor<4x1x1xui8>",
            "%f = cnn.flatten %p : tensor<4x1x1xui8> -> tensor<4xui8>",
            dense("b", "f", "4xui8 -> 2xui8"),
        ],
        places=[
            "@a tiles 0 to 4 crossbars [0, 4, 8, 12] at [0, 0]",
            "@b tiles 0 crossbars 9 at [0, 0]",
        ],
        homes=["@a pes [0, 1, 2, 3, 3, 2, 1, 0]", "@p pes 1 to 3", "@b pes 3"],
        streams=[
            "crossbars [0, 4, 8, 12] { ou.mvm @a windows [0, 2, 1, 3] }",
            "crossbars 9 { ou.mvm @b windows 0 }",
        ],
    )
    execution = run(text, images=2)
    for changes in execution.buffers.changes.values():
        assert sum(change for _, change in changes) == 0
