"""R2: operands in the input register: double buffering, reuse, fetches shared inside a CU."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import dense, deployment, machine, run

STACKED = deployment(
    input="8xui8",
    ops=[dense("a", "input", "8xui8 -> 2xui8", hwm=2)],
    places=["@a tiles 0 to 2 crossbars 0 at [[0, 4], 0]"],
    homes=["@a pes 0"],
    streams=["crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
)
"""Two visits of one crossbar with operands of 4 bytes each; 8 bytes enter by cycle 2."""


@pytest.mark.parametrize(("register_bytes", "gap"), [(16, 0), (14, 4), (8, 4)])
def test_the_next_operand_is_fetched_during_a_visit_if_both_fit(
    register_bytes: int, gap: int
) -> None:
    """A crossbar's share is half the register: 8 bytes hold two operands, 7 and 4 bytes one."""
    accelerator = machine(
        cu={"input_register_bytes": register_bytes}, pe={"port_bytes_per_cycle": 1}
    )
    first = 2 + 4
    end = first + 8 * 4
    assert run(STACKED, accelerator).visit_starts[0] == [first, end + gap]


def test_a_fetch_that_outlasts_the_visit_delays_the_next() -> None:
    accelerator = machine(ou={"dac_bits": 8, "cycles": 1}, pe={"port_bytes_per_cycle": 1})
    # The first visit lasts 1 cycle from 6; the fetch that begins with it takes 4.
    assert run(STACKED, accelerator).visit_starts[0] == [2 + 4, 6 + 4]


def test_only_one_operand_is_fetched_ahead() -> None:
    """Visits of 12, 1 and 12 rows: the third operand waits for the second visit to start."""
    text = deployment(
        input="25xui8",
        ops=[dense("a", "input", "25xui8 -> 4xui8", hwm=3, tile="12x4")],
        places=["@a tiles 0 to 3 crossbars 0 at [0, 0 to 12 step 4]"],
        homes=["@a pes 0"],
        streams=[
            "crossbars 0 { ou.mvm @a windows 0\n"
            "ou.mvm @a tile 2 windows 0\n ou.mvm @a tile 1 windows 0 }"
        ],
    )
    accelerator = machine(ou={"dac_bits": 8, "cycles": 1}, pe={"port_bytes_per_cycle": 1})
    # 25 bytes enter by 7.  12 bytes are fetched by 19, visit of 3 operations to 22.
    # 1 byte is fetched from 19 to 20, visit from 22.  12 bytes are fetched from 22 to 34.
    assert run(text, accelerator).visit_starts[0] == [19, 22, 34]


def columns_on_one_crossbar(*visits: int) -> str:
    """2 x 2 tiles (columns x rows) in one crossbar: tiles 0, 2 read row 0 and tiles 1, 3 row 1."""
    bursts = "\n".join(f"ou.mvm @a tile {tile} windows 0" for tile in visits)
    return deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 4xui8", hwm=2, wwm=2)],
        places=["@a tiles 0 to 4 crossbars 0 at [[0, 4, 0, 4], [0, 0, 4, 4]]"],
        homes=["@a pes 0 times 2"],
        streams=[f"crossbars 0 {{ {bursts} }}"],
    )


ONE_OPERAND = machine(cu={"input_register_bytes": 8}, pe={"port_bytes_per_cycle": 1})
"""A crossbar's share of the register holds one operand of 4 bytes; a fetch takes 4 cycles."""


def test_a_visit_with_the_operand_of_the_visit_before_needs_no_fetch() -> None:
    execution = run(columns_on_one_crossbar(0, 2, 1, 3), ONE_OPERAND)
    # Visits of 8 · 4 = 32 cycles; a gap of 4 only where row 1 replaces row 0.
    assert execution.visit_starts[0] == [6, 38, 38 + 32 + 4, 74 + 32]
    assert execution.fetched_bytes == execution.register_bytes == 2 * 4


def test_an_operand_is_lost_when_another_visit_comes_between() -> None:
    execution = run(columns_on_one_crossbar(0, 1, 2, 3), ONE_OPERAND)
    assert execution.visit_starts[0] == [6, 6 + 36, 6 + 72, 6 + 108]
    assert execution.fetched_bytes == execution.register_bytes == 4 * 4


def test_a_reused_operand_leaves_room_for_a_third_visit() -> None:
    """During the second visit with row 0 the operand of row 1 is fetched, if two fit."""
    accelerator = machine(cu={"input_register_bytes": 16}, pe={"port_bytes_per_cycle": 1})
    execution = run(columns_on_one_crossbar(0, 2, 1, 3), accelerator)
    assert execution.visit_starts[0] == [6, 38, 70, 102]
    assert execution.fetched_bytes == 2 * 4


def test_the_same_window_of_the_next_image_is_another_operand() -> None:
    text = deployment(
        input="4xui8",
        ops=[dense("a", "input", "4xui8 -> 2xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    assert run(text, images=3).fetched_bytes == 3 * 4


def two_columns(crossbars: str) -> str:
    """Two tiles that read the same 4 bytes, in different crossbars of PE 0."""
    return deployment(
        input="4xui8",
        ops=[dense("a", "input", "4xui8 -> 4xui8", wwm=2)],
        places=[f"@a tiles 0 to 2 crossbars {crossbars} at [0, 0]"],
        homes=["@a pes 0 times 2"],
        streams=[f"crossbars {crossbars} {{ ou.mvm @a windows 0 }}"],
    )


def test_crossbars_of_a_cu_share_a_fetch() -> None:
    execution = run(two_columns("[0, 1]"), machine(pe={"port_bytes_per_cycle": 1}))
    assert execution.visit_starts == {0: [1 + 4], 1: [1 + 4]}
    assert execution.fetched_bytes == 4
    assert execution.register_bytes == 2 * 4


def test_crossbars_of_different_cus_do_not_share_a_fetch() -> None:
    execution = run(two_columns("[1, 2]"), machine(pe={"port_bytes_per_cycle": 1}))
    assert execution.visit_starts == {1: [1 + 4], 2: [5 + 4]}
    assert execution.fetched_bytes == execution.register_bytes == 2 * 4


def test_a_request_joins_one_that_still_waits() -> None:
    """Crossbar 0 visits rows 0, 1 and crossbar 1 rows 1, 0, of 4 bytes each."""
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 4xui8", hwm=2, wwm=2)],
        places=["@a tiles 0 to 4 crossbars [0, 0, 1, 1] at [[0, 4, 0, 4], 0]"],
        homes=["@a pes 0 times 2"],
        streams=[
            "crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }",
            "crossbars 1 { ou.mvm @a tile 1 windows 0\n ou.mvm @a windows 0 }",
        ],
    )
    execution = run(text, machine(pe={"port_bytes_per_cycle": 1}))
    # Row 0 for crossbar 0: 2 → 6.  Its visit asks for row 1 at 6, for which crossbar 1 has waited
    # since 2; one fetch 6 → 10 serves both.  Row 0 for crossbar 1: 10 → 14.
    assert execution.visit_starts == {0: [6, 38], 1: [10, 42]}
    assert execution.fetched_bytes == 3 * 4
    assert execution.register_bytes == 4 * 4


def test_a_request_does_not_join_a_fetch_under_way() -> None:
    """Rows of 4 and 1 bytes, columns of 8 and 4 cells; the register holds one operand."""
    text = deployment(
        input="5xui8",
        ops=[dense("a", "input", "5xui8 -> 6xui8", weights="si4", hwm=2, wwm=2, tile="4x4")],
        places=["@a tiles 0 to 4 crossbars [0, 0, 1, 1] at [[0, 4, 0, 4], 0]"],
        homes=["@a pes 0 times 2"],
        streams=[
            "crossbars 0 { ou.mvm @a tile 1 windows 0\n ou.mvm @a windows 0 }",
            "crossbars 1 { ou.mvm @a tile 1 windows 0\n ou.mvm @a windows 0 }",
        ],
    )
    accelerator = machine(
        cu={"input_register_bytes": 8},
        pe={"port_bytes_per_cycle": 1},
        ou={"dac_bits": 8, "cycles": 2},
    )
    execution = run(text, accelerator)
    # 5 bytes enter by 2, row 1 (1 byte) is fetched for both by 3.  Visits of 2 · 2 and 1 · 2 cycles
    # end at 7 and 5.  Row 0 for crossbar 1: 5 → 9; for crossbar 0, asked for at 7: 9 → 13.
    assert execution.visit_starts == {0: [3, 13], 1: [3, 9]}
    assert execution.fetched_bytes == 1 + 4 + 4
    assert execution.register_bytes == 2 * 1 + 2 * 4


def test_requests_for_different_images_share_nothing() -> None:
    """Crossbar 0 asks for row 0 of the second image while crossbar 1 waits for that of the first.

    8 bytes enter per cycle, row slices of 4 bytes are fetched in 4.  From 1: crossbar 0 row 0,
    crossbar 1 row 1, crossbar 2 row 1, until 13.  Waiting then: crossbar 0 for row 0 of image 1
    since 5, crossbar 1 for row 0 of image 0 since 9.
    """
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 4xui8", hwm=2, wwm=2)],
        places=["@a tiles 0 to 4 crossbars [0, 2, 1, 1] at [[0, 0, 0, 4], 0]"],
        homes=["@a pes 0 times 2"],
        streams=[
            "crossbars 0 { ou.mvm @a windows 0 }",
            "crossbars 1 { ou.mvm @a tile 1 windows 0\n ou.mvm @a windows 0 }",
            "crossbars 2 { ou.mvm @a windows 0 }",
        ],
    )
    accelerator = machine(io={"bytes_per_cycle": 8}, pe={"port_bytes_per_cycle": 1})
    assert run(text, accelerator, images=2).fetched_bytes == 2 * 4 * 4
