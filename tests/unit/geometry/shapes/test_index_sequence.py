"""Index sequences: the same indices back, in the fewest words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.shapes.index_sequence import IndexSequence, Run

INDICES = st.integers(-20, 20)
RUNS = st.builds(
    Run, INDICES, st.integers(1, 5), st.integers(-3, 3), st.integers(1, 4), st.integers(-9, 9)
)
SEQUENCES = st.one_of(
    st.lists(INDICES, max_size=12),
    st.lists(RUNS, max_size=4).map(lambda runs: [i for run in runs for i in run.indices()]),
)


@given(SEQUENCES)
def test_indices_come_back(indices: list[int]) -> None:
    sequence = IndexSequence.of(indices)
    assert list(sequence) == indices
    assert len(sequence) == len(indices)
    assert sequence.to_array().tolist() == indices
    assert sequence.to_array().dtype == np.int64


@given(SEQUENCES)
def test_equal_sequences_have_equal_runs(indices: list[int]) -> None:
    sequence = IndexSequence.of(iter(indices))
    assert IndexSequence.of(sequence) == sequence
    assert hash(IndexSequence.of(sequence)) == hash(sequence)
    assert len(sequence.runs) <= len(indices)


@given(SEQUENCES.filter(bool))
def test_extremes(indices: list[int]) -> None:
    sequence = IndexSequence.of(indices)
    assert sequence.minimum == min(indices)
    assert sequence.maximum == max(indices)


@given(INDICES, INDICES, st.integers(-4, 4).filter(bool))
def test_range(start: int, stop: int, step: int) -> None:
    assert list(IndexSequence.range(start, stop, step)) == list(range(start, stop, step))


@pytest.mark.parametrize(
    ("indices", "text"),
    [
        ([], "[]"),
        ([7], "7"),
        ([-7], "-7"),
        ([0, 1], "0 to 2"),
        ([1, 0], "[1, 0]"),
        ([0, 5], "[0, 5]"),
        ([4, 4], "4 times 2"),
        ([0, 2, 4], "0 to 5 step 2"),
        ([2, 1, 0], "2 to -1 step -1"),
        ([0, 1, 2, 3, 7, 5, 5, 5], "[0 to 4, 7, 5 times 3]"),
        ([0, 1, 8, 9, 16, 17], "0 to 2 repeat 3 by 8"),
        ([0, 1, 8, 9], "[0 to 2, 8 to 10]"),
        ([0, 1, 0, 1, 0, 1], "0 to 2 repeat 3 by 0"),
        ([9, 3, 3, 1, 1, -1, -1], "[9, 3 times 2 repeat 3 by -2]"),
        (list(range(0, 10_000, 3)), "0 to 10000 step 3"),
        ([a + b for a in range(0, 9_000, 9) for b in range(5)], "0 to 5 repeat 1000 by 9"),
    ],
)
def test_text(indices: list[int], text: str) -> None:
    assert str(IndexSequence.of(indices)) == text
