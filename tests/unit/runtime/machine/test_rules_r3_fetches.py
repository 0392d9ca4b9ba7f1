"""R3: when a fetch starts, how long it holds the PE's port, and who is served first."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import convolution, dense, deployment, machine, run


@pytest.mark.parametrize(("width", "cycles"), [(1, 6), (2, 3), (4, 2), (5, 2), (6, 1), (32, 1)])
def test_a_fetch_takes_the_bytes_over_the_width_of_the_port(width: int, cycles: int) -> None:
    text = deployment(
        input="6xui8",
        ops=[dense("a", "input", "6xui8 -> 2xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    accelerator = machine(pe={"port_bytes_per_cycle": width})
    assert run(text, accelerator).visit_starts[0] == [2 + cycles]


@pytest.mark.parametrize(
    ("rows", "bits", "size"), [(5, 3, 2), (8, 1, 1), (9, 1, 2), (7, 8, 7), (3, 16, 6)]
)
def test_the_activation_bits_of_an_operand_are_packed(rows: int, bits: int, size: int) -> None:
    text = deployment(
        input=f"{rows}xui{bits}",
        ops=[dense("a", "input", f"{rows}xui{bits} -> 2xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    execution = run(text, machine(io={"bytes_per_cycle": 32}, pe={"port_bytes_per_cycle": 1}))
    assert execution.visit_starts[0] == [1 + size]
    assert execution.fetched_bytes == size


def copies_of_windows(types: str, kernel: str, crossbars: str, *, window: str = "") -> str:
    """A convolution with four windows, each in a crossbar of its own in PE 0."""
    return deployment(
        input=types.split(" -> ")[0],
        ops=[convolution("a", "input", types, kernel, window=window, iw="4 cyclic")],
        places=[f"@a tiles 0 to 4 crossbars {crossbars} at [0, 0]"],
        homes=["@a pes 0"],
        streams=[f"crossbars {crossbars} {{ ou.mvm @a windows 0 }}"],
    )


def test_a_fetch_waits_for_the_last_activation_of_its_window() -> None:
    """2 x 2 windows over 3 x 3 positions, of which one enters per cycle."""
    text = copies_of_windows("1x3x3xui8 -> 1x2x2xui8", "2x2", "0 to 4")
    execution = run(text, machine(io={"bytes_per_cycle": 1}))
    # The last positions of the windows are 4, 5, 7, 8; position p has entered at p + 1.
    starts = [execution.visit_starts[crossbar] for crossbar in range(4)]
    assert starts == [[5 + 1], [6 + 1], [8 + 1], [9 + 1]]


def test_padding_is_fetched_but_not_waited_for() -> None:
    """A border above and to the left: the windows end at positions 0 to 3; all have 4 bytes."""
    text = copies_of_windows(
        "1x2x2xui8 -> 1x2x2xui8", "2x2", "0 to 4", window=", pads [1, 1, 0, 0]"
    )
    execution = run(text, machine(io={"bytes_per_cycle": 1}, pe={"port_bytes_per_cycle": 2}))
    # There at 1, 2, 3, 4; fetches of 4 bytes take 2 cycles: 1 → 3 → 5 → 7 → 9.
    starts = [execution.visit_starts[crossbar] for crossbar in range(4)]
    assert starts == [[3], [5], [7], [9]]
    assert execution.fetched_bytes == 4 * 4


def test_the_request_that_came_first_is_served_first() -> None:
    """Positions of 4 bytes enter one per cycle; window p is in crossbar 3 − p."""
    text = copies_of_windows("4x1x4xui8 -> 1x1x4xui8", "1x1", "[3, 2, 1, 0]")
    execution = run(text, machine(pe={"port_bytes_per_cycle": 1}))
    assert execution.visit_starts == {3: [1 + 4], 2: [5 + 4], 1: [9 + 4], 0: [13 + 4]}


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_of_requests_in_one_cycle_the_lower_crossbar_is_served_first(
    order: tuple[int, ...],
) -> None:
    """Four row slices of a piece that enters at 4; the text names the crossbars in any order."""
    text = deployment(
        input="16xui8",
        ops=[dense("a", "input", "16xui8 -> 2xui8", hwm=4)],
        places=["@a tiles 0 to 4 crossbars 0 to 4 at [0, 0]"],
        homes=["@a pes 0"],
        streams=[f"crossbars {n} {{ ou.mvm @a windows 0 }}" for n in order],
    )
    execution = run(text, machine(pe={"port_bytes_per_cycle": 1}))
    assert execution.visit_starts == {0: [4 + 4], 1: [8 + 4], 2: [12 + 4], 3: [16 + 4]}


def test_a_request_does_not_overtake_one_with_a_higher_crossbar_that_came_before() -> None:
    """Crossbar 0 asks for its second operand while crossbar 3 waits for its first."""
    text = deployment(
        input="12xui8",
        ops=[dense("a", "input", "12xui8 -> 2xui8", hwm=3)],
        places=["@a tiles 0 to 3 crossbars [0, 0, 3] at [[0, 4, 0], 0]"],
        homes=["@a pes 0"],
        streams=[
            "crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }",
            "crossbars 3 { ou.mvm @a windows 0 }",
        ],
    )
    accelerator = machine(pe={"port_bytes_per_cycle": 1}, ou={"dac_bits": 8, "cycles": 1})
    # 12 bytes enter by 3.  Crossbar 0: 3 → 7, visit of 1 cycle; crossbar 3: 7 → 11; then 11 → 15.
    assert run(text, accelerator).visit_starts == {0: [7, 15], 3: [11]}


def test_every_pe_has_its_own_port() -> None:
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 2xui8", wwm=2)],
        places=["@a tiles 0 to 2 crossbars [0, 4] at [0, 0]"],
        homes=["@a pes 0 times 2"],
        streams=["crossbars [0, 4] { ou.mvm @a windows 0 }"],
    )
    execution = run(text, machine(pe={"port_bytes_per_cycle": 1}))
    # 8 bytes enter by 2 and are in PE 1 after 1 hop and 3 more cycles, at 6.  Fetches take 8.
    assert execution.visit_starts == {0: [2 + 8], 4: [6 + 8]}
