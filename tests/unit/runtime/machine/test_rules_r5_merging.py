"""R5: where partial sums meet, how long the adders work, and what travels home.

All times of `rows_in` derive from: 4 · k bytes enter by k, each operand is fetched in 1 cycle, a
visit takes 8 bits · 4 cycles, the pipeline 1.
"""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import arrivals, dense, deployment, machine, run

from spatem_ir.hardware.accelerator import Accelerator


def rows_in(crossbars: list[int], *, home: int = 0, merge: str = "cu, pe, home") -> str:
    """A matrix of 3 columns with a slice of 4 rows in each of the given crossbars."""
    k = len(crossbars)
    return deployment(
        input=f"{4 * k}xui8",
        ops=[dense("a", "input", f"{4 * k}xui8 -> 3xui8", hwm=k)],
        places=[f"@a tiles 0 to {k} crossbars {crossbars} at [0, 0]"],
        homes=[f"@a pes {home}"],
        streams=[f"crossbars {crossbars} {{ ou.mvm @a windows 0 }}"],
        merges=[f"@a at <{merge}>"],
    )


@pytest.mark.parametrize(("adders", "cycles"), [(1, 3), (2, 2), (3, 1), (8, 1)])
def test_contributions_meet_in_the_cu(adders: int, cycles: int) -> None:
    execution = run(rows_in([0, 1]), machine(cu={"adders_per_cycle": adders}))
    # Fetched at 3 and 4, valid at 36 and 37; the second waits for the first, then for itself.
    # The lone sum passes PE and home; 3 values are activated, 3 bytes leave in 1 cycle.
    assert execution.visit_starts == {0: [3], 1: [4]}
    merged = max(36 + cycles, 37) + cycles
    assert execution.finished == [merged + 3 + 1]
    assert execution.additions == 2 * 3


@pytest.mark.parametrize(("adders", "cycles"), [(1, 3), (2, 2), (3, 1)])
def test_contributions_of_two_cus_meet_in_the_pe(adders: int, cycles: int) -> None:
    execution = run(rows_in([0, 2]), machine(pe={"adders_per_cycle": adders}))
    merged = max(36 + cycles, 37) + cycles
    assert execution.finished == [merged + 3 + 1]
    assert execution.additions == 2 * 3


def test_contributions_of_two_pes_meet_at_home() -> None:
    execution = run(rows_in([0, 4]))
    # PE 0: fetched 2 → 3, valid at 36, added 36 → 39.
    # PE 1: 8 bytes on the link for 4 cycles, there at 2 + 1 + 3 = 6, fetched by 7, valid at 40;
    # 3 · 4 = 12 bytes on the link for 6 cycles, home at 40 + 1 + 5 = 46, added 46 → 49.
    assert execution.visit_starts == {0: [3], 4: [7]}
    assert execution.finished == [49 + 3 + 1]
    assert execution.additions == 2 * 3
    assert execution.injected_bytes == {
        "inputs": 8,
        "activations": 0,
        "partial_sums": 12,
        "calls": 0,
    }


@pytest.mark.parametrize(("bits", "bytes_", "on_link"), [(20, 3, 5), (32, 4, 6), (33, 5, 8)])
def test_partial_sums_take_whole_bytes(bits: int, bytes_: int, on_link: int) -> None:
    execution = run(rows_in([0, 4]), machine(accumulation={"sum_bits": bits}))
    # As above: valid at 40, 3 values on a link of 2 bytes per cycle, added and activated for 3.
    assert execution.finished == [40 + 1 + on_link - 1 + 3 + 3 + 1]
    assert execution.injected_bytes["partial_sums"] == 3 * bytes_
    # PE 0 holds its own contribution and the other until both are added.
    assert execution.buffers.peaks()[0] == 2 * 3 * bytes_


def test_a_lone_contribution_passes_free_everywhere() -> None:
    execution = run(rows_in([4]))
    # 4 bytes enter by 1, are in PE 1 at 1 + 1 + 1 = 3, fetched by 4, valid at 37;
    # 12 bytes are home at 37 + 1 + 5 = 43, activated by 46, out by 47.
    assert execution.visit_starts == {4: [4]}
    assert execution.finished == [47]
    assert execution.additions == 0


def test_a_home_elsewhere_gets_one_packet_of_4_bytes_per_value() -> None:
    """Four crossbars of PE 0; the home, PE 1, adds nothing; the result travels back to the port."""
    execution = run(rows_in([0, 1, 2, 3], home=1))
    # Enter by 4; fetches to 5, 6, 7, 8; valid at 38, 39, 40, 41.
    # CU 0: 38 → 40 → 42; CU 1: 40 → 42 → 44.  PE: 42 → 45 → 48.
    # 12 bytes are home at 48 + 1 + 5 = 54; activated by 57; 3 bytes back at 57 + 1 + 1 = 59.
    assert execution.finished == [59 + 1]
    assert execution.additions == 4 * 3 + 2 * 3
    assert execution.injected_bytes == {
        "inputs": 0,
        "activations": 3,
        "partial_sums": 12,
        "calls": 0,
    }
    assert execution.byte_hops == 12 + 3


def test_sums_meet_in_cus_pes_and_at_home() -> None:
    execution = run(rows_in(list(range(8)), home=2))
    # 8 contributions in 4 CUs, 4 sums in 2 PEs, 2 packets at home.
    assert execution.additions == (8 + 4 + 2) * 3
    assert execution.injected_bytes["partial_sums"] == 2 * 12


@pytest.mark.parametrize(
    ("merge", "packets", "additions"),
    [
        ("cu, pe, home", 1, 4 + 2),
        ("cu, home", 2, 4 + 2),
        ("pe, home", 1, 4),
        ("home", 4, 4),
    ],
)
def test_places_can_be_left_out(merge: str, packets: int, additions: int) -> None:
    """Two CUs of PE 0 with two contributions each; what arrives at PE 1 meets there."""
    execution = run(rows_in([0, 1, 2, 3], home=1, merge=merge))
    assert execution.injected_bytes["partial_sums"] == packets * 12
    assert execution.additions == additions * 3


@pytest.mark.parametrize(
    ("merge", "finished"),
    [
        # Valid at 38, 39, 40, 41.
        # CU 0: 38 → 40 → 42; CU 1: 40 → 42 → 44; PE: 42 → 45 → 48.
        ("cu, pe, home", 48 + 3 + 1),
        # The same, the PE's adders working for the home.
        ("cu, home", 48 + 3 + 1),
        # PE: 38 → 41 → 44 → 47 → 50.
        ("pe, home", 50 + 3 + 1),
        ("home", 50 + 3 + 1),
    ],
)
def test_times_where_places_are_left_out(merge: str, finished: int) -> None:
    execution = run(rows_in([0, 1, 2, 3], merge=merge))
    assert execution.finished == [finished]


def test_two_visits_of_one_crossbar_meet_in_its_cu() -> None:
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 3xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars 0 at [[0, 4], 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
    )
    execution = run(text)
    # Visits 3 → 35 → 67, valid at 36 and 68, added 36 → 38 and 68 → 70.
    assert execution.finished == [70 + 3 + 1]
    assert execution.additions == 2 * 3


def two_pieces(columns: tuple[int, int], accelerator: Accelerator) -> list[tuple[int, int]]:
    """Arrivals, at the port, of two pieces whose contributions reach the PE at the same times.

    Row slice 0 is in both crossbars of CU 0, row slice 1 in both of CU 1.
    """
    text = deployment(
        input="8xui8",
        ops=[
            dense(
                "a",
                "input",
                f"8xui8 -> {sum(columns)}xui8",
                hwm=2,
                wwm=2,
                tile=f"4x{columns[0]}",
            )
        ],
        places=["@a tiles 0 to 4 crossbars [0, 2, 1, 3] at [0, 0]"],
        homes=["@a pes 0 times 2"],
        streams=["crossbars [3, 2, 1, 0] { ou.mvm @a windows 0 }"],
    )
    return arrivals(run(text, accelerator), 0)


def test_contributions_of_one_cycle_are_added_in_the_order_of_their_pieces() -> None:
    """Pieces of 3 and 1 values; each CU shares one fetch for both."""
    changes = two_pieces((3, 1), machine(pe={"activations_per_cycle": 4}))
    # Valid at 36 (CU 0) and 37 (CU 1).  Adders: piece 0 36 → 39, piece 1 39 → 40,
    # piece 0 40 → 43, piece 1 43 → 44.  Activated in 1 cycle each.
    partial_sums = [(36, 12), (36, 4), (37, 12), (37, 4)]
    assert sorted(changes) == sorted([(2, 8), *partial_sums, (43 + 1, 3), (44 + 1, 1)])


def test_partial_sums_wait_in_the_order_in_which_they_came() -> None:
    """With slow adders the second piece's first contribution comes before the first's second."""
    changes = two_pieces((2, 2), machine(pe={"activations_per_cycle": 4}))
    # Piece 0: 36 → 38, piece 1: 38 → 40 (both came at 36); then 40 → 42 and 42 → 44.
    assert sorted(changes)[-2:] == [(42 + 1, 2), (44 + 1, 2)]
