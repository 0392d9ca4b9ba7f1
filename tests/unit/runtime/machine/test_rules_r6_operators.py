"""R6: operators with several operands, views that permute, windows over channels, padding."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import (
    arrivals,
    convolution,
    dense,
    departures,
    deployment,
    machine,
    run,
)

SPLIT = dense("a", "input", "4xui8 -> 4xui8", wwm=2)
"""Two slices of two values."""
SPLIT_PLACES = "@a tiles 0 to 2 crossbars [0, 4] at [0, 0]"
"""Slice 0 in PE 0: fetched by 2, valid at 2 + 32 + 1 = 35, activated by 37.

Slice 1 in PE 1: the input is there at 1 + 1 + 1, fetched by 4, valid at 37, activated by 39.
"""
SPLIT_STREAM = "crossbars [0, 4] { ou.mvm @a windows 0 }"


@pytest.mark.parametrize("home", [0, 1])
def test_an_addition_of_two_layers_on_different_pes(home: int) -> None:
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 3xui8"),
            dense("b", "input", "4xui8 -> 3xui8"),
            "%s = cnn.add @s %a, %b : tensor<3xui8>, tensor<3xui8> -> tensor<3xui8>",
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]", "@b tiles 0 crossbars 4 at [0, 0]"],
        homes=["@a pes 0", "@b pes 1", f"@s pes {home}"],
        streams=[
            "crossbars 0 { ou.mvm @a windows 0 }",
            "crossbars 4 { ou.mvm @b windows 0 }",
        ],
    )
    execution = run(text)
    # @a: valid at 35, activated by 38.  @b: valid at 37, activated by 40.  3 bytes take 2 cycles
    # of a link, so that they are in the other PE 2 cycles later.
    ready = 42 if home == 0 else 40
    # 3 + 3 values read, 1 byte out.
    back = 0 if home == 0 else 2
    assert execution.finished == [ready + 6 + back + 1]
    assert execution.activated_values == 3 + 3 + 6
    others = 3 if home == 0 else 3 + 3
    assert execution.injected_bytes == {
        "inputs": 4,
        "activations": others,
        "partial_sums": 0,
        "calls": 0,
    }


def test_a_value_that_is_added_to_itself_is_one_piece_that_is_read_once() -> None:
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 3xui8"),
            "%s = cnn.add @s %a, %a, %a : tensor<3xui8>, tensor<3xui8>, tensor<3xui8> "
            "-> tensor<3xui8>",
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0", "@s pes 1"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    execution = run(text)
    # Activated by 38, in PE 1 at 40; the units work on 3 · 3 values; back at 51, out by 52.
    assert arrivals(execution, 1) == [(40, 3)]
    assert departures(execution, 1) == [(49, 3)]
    assert execution.finished == [52]


def test_a_value_lives_until_the_last_of_several_operators_has_read_it() -> None:
    """A residual block: @a goes into @r and, over its head, into @s."""
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 3xui8"),
            "%r = cnn.leaky_relu @r %a slope 0.5 : tensor<3xui8> -> tensor<3xui8>",
            "%s = cnn.add @s %r, %a : tensor<3xui8>, tensor<3xui8> -> tensor<3xui8>",
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0", "@r pes 0", "@s pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    execution = run(text)
    assert arrivals(execution, 0) == [(1, 4), (38, 3), (41, 3), (47, 3)]
    assert departures(execution, 0) == [(2, 4), (47, 3), (47, 3), (48, 3)]
    assert execution.buffers.peaks() == {0: 3 + 3}


def test_a_broadcast_operand_is_read_at_every_position() -> None:
    """2 channels on 1 x 2 positions, multiplied by one factor for each channel."""
    text = deployment(
        input="2x1x2xui8",
        ops=[
            convolution("a", "input", "2x1x2xui8 -> 2x1x1xui8", "1x2"),
            "%m = cnn.mul @m %input, %a : tensor<2x1x2xui8>, tensor<2x1x1xui8> "
            "-> tensor<2x1x2xui8>",
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0", "@m pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    execution = run(text)
    # Both positions are there at 1; fetched by 2, valid at 35, activated by 37.
    # Each position reads 2 + 2 values: 37 → 41 → 45, out by 46.
    assert [(time, size) for time, size in arrivals(execution, 0) if time > 37] == [
        (41, 2),
        (45, 2),
    ]
    assert execution.finished == [46]


def shuffled(*views: str) -> str:
    """Two slices of two channels, views, and a layer of two tiles of two rows in PE 0."""
    return deployment(
        input="4xui8",
        ops=[SPLIT, *views, dense("b", "y", "4xui8 -> 2xui8", hwm=2)],
        places=[SPLIT_PLACES, "@b tiles 0 to 2 crossbars 1 to 3 at [0, 0]"],
        homes=["@a pes 0 to 2", "@b pes 0"],
        streams=[SPLIT_STREAM, "crossbars 1 to 3 { ou.mvm @b windows 0 }"],
    )


def test_a_shuffle_takes_no_time_and_mixes_slices() -> None:
    execution = run(
        shuffled(
            "%g = cnn.flatten %a : tensor<4xui8> -> tensor<2x2xui8>",
            "%t = cnn.transpose %g [1, 0] : tensor<2x2xui8> -> tensor<2x2xui8>",
            "%y = cnn.flatten %t : tensor<2x2xui8> -> tensor<4xui8>",
        )
    )
    # Both tiles read channels of both slices, the later of which is in PE 0 at 39 + 1; crossbar 1
    # fetches in 40 → 41, crossbar 2 in 41 → 42.  Valid at 74 and 75, added 74 → 76 → 78,
    # activated by 80, out by 81.
    assert execution.visit_starts == {0: [2], 4: [4], 1: [41], 2: [42]}
    assert execution.finished == [81]


def test_a_transposition_back_and_forth_changes_nothing() -> None:
    execution = run(
        shuffled(
            "%g = cnn.flatten %a : tensor<4xui8> -> tensor<2x2xui8>",
            "%t = cnn.transpose %g [1, 0] : tensor<2x2xui8> -> tensor<2x2xui8>",
            "%u = cnn.transpose %t [1, 0] : tensor<2x2xui8> -> tensor<2x2xui8>",
            "%y = cnn.flatten %u : tensor<2x2xui8> -> tensor<4xui8>",
        )
    )
    # Each tile reads one slice: there at 37 and at 40.
    assert execution.visit_starts == {0: [2], 4: [4], 1: [38], 2: [41]}


@pytest.mark.parametrize(
    ("op", "values"),
    [
        # Of channels 0 to 3, slice 0 reads 0, 1, 2 and slice 1 reads 1, 2, 3.
        ("cnn.lrn @n %a size 3 alpha 0.5 beta 0.5 bias 1.0", 3),
        # One channel after each: slice 0 reads 0, 1, 2, slice 1 reads 2, 3.
        ("cnn.lrn @n %a size 2 alpha 0.5 beta 0.5 bias 1.0", (3, 2)),
        # All four.
        ("cnn.softmax @n %a", 4),
    ],
)
def test_a_window_over_channels_crosses_slices(op: str, values: int | tuple[int, int]) -> None:
    text = deployment(
        input="4xui8",
        ops=[SPLIT, f"%n = {op} : tensor<4xui8> -> tensor<4xui8>"],
        places=[SPLIT_PLACES],
        homes=["@a pes 0 to 2", "@n pes 0 to 2"],
        streams=[SPLIT_STREAM],
    )
    execution = run(text)
    first, second = values if isinstance(values, tuple) else (values, values)
    assert execution.activated_values == 4 + first + second
    # Slice 0, made at 37 in PE 0, is in PE 1 at 38; slice 1, made at 39 in PE 1, in PE 0 at 40.
    results = [(40 + first, 2), (39 + second + 1, 2)]
    assert [item for item in arrivals(execution, 0) if item[0] > 40] == sorted(results)
    outs = sorted(time for time, _ in results)
    assert execution.finished == [max(outs[0] + 2, outs[1] + 1)]


def test_a_requantised_concatenation() -> None:
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 3xui8"),
            dense("b", "input", "4xui8 -> 2xui4"),
            "%q = cnn.requantize @q %b : tensor<2xui4> -> tensor<2xui8>",
            "%c = cnn.concat %a, %q : tensor<3xui8>, tensor<2xui8> -> tensor<5xui8>",
            dense("d", "c", "5xui8 -> 2xui8"),
        ],
        places=[
            "@a tiles 0 crossbars 0 at [0, 0]",
            "@b tiles 0 crossbars 1 at [0, 0]",
            "@d tiles 0 crossbars 2 at [0, 0]",
        ],
        homes=["@a pes 0", "@b pes 0", "@q pes 0", "@d pes 0"],
        streams=[
            f"crossbars {number} {{ ou.mvm @{name} windows 0 }}"
            for number, name in enumerate("abd")
        ],
    )
    execution = run(text)
    # Fetched by 2 and 3, valid at 35 and 36; activated 35 → 38 → 40, requantised by 42: one byte
    # of two codes of 4 bits becomes two bytes.
    assert arrivals(execution, 0) == [(1, 4), (38, 3), (40, 1), (42, 2), (111, 2)]
    # 5 bytes are fetched in 2 cycles; 5 rows are 2 parts: 64 cycles.
    assert execution.visit_starts[2] == [44]
    assert execution.finished == [44 + 64 + 1 + 2 + 1]


def test_padding_is_there_from_the_start() -> None:
    """Positions of 4 channels between two columns of padding, read by 1 x 1 windows."""
    text = deployment(
        input="4x1x2xui8",
        ops=[
            "%p = cnn.pad @p %input before [0, 0, 1] after [0, 0, 1] value 0.0 "
            ": tensor<4x1x2xui8> -> tensor<4x1x4xui8>",
            convolution("a", "p", "4x1x4xui8 -> 1x1x4xui8", "1x1"),
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@p pes 0", "@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows [0, 3, 1, 2] }"],
    )
    execution = run(text, images=2)
    # Positions 0 and 3 are there at 0, in both images; input position p at p + 1, and the units
    # copy its 4 values 1 → 5 → 9 → 13 → 17.
    assert arrivals(execution, 0)[:4] == [(0, 4)] * 4
    assert [time for time, size in arrivals(execution, 0) if size == 4][4:] == [
        *(1, 2, 3, 4),
        *(5, 9, 13, 17),
    ]
    assert execution.visit_starts[0] == [1 + 32 * number for number in range(8)]
    assert execution.activated_values == 2 * (2 * 4 + 4)


def test_padding_alone_goes_to_its_readers_at_once() -> None:
    """The padded row is at home in PE 1, the layer in PE 0."""
    text = deployment(
        input="2x1x1xui8",
        ops=[
            "%p = cnn.pad @p %input before [0, 1, 0] after [0, 0, 0] value 0.0 "
            ": tensor<2x1x1xui8> -> tensor<2x2x1xui8>",
            convolution("a", "p", "2x2x1xui8 -> 1x2x1xui8", "1x1"),
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@p pes 1 times 2", "@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 to 2 }"],
    )
    execution = run(text, machine(pe={"activations_per_cycle": 2}))
    # Padding: 2 bytes over one link, there at 1.  The input enters by 1, is in PE 1 at 2, copied
    # by 3 and back at 4.
    assert [item for item in arrivals(execution, 0) if item[0] < 30] == [(1, 2), (4, 2)]
    assert arrivals(execution, 1) == [(2, 2)]
    assert execution.visit_starts[0][0] == 2
