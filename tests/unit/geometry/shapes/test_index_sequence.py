"""Index sequences: the same indices back, in few words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.terms import Repeat, Run

INDICES = st.integers(-20, 20)
RUNS = st.builds(Run, INDICES, st.integers(1, 5), st.integers(-3, 3))
TERMS = st.recursive(
    RUNS,
    lambda terms: st.builds(
        Repeat,
        st.lists(terms, min_size=1, max_size=3).map(tuple),
        st.integers(1, 4),
        st.integers(-9, 9),
    ),
    max_leaves=8,
)
SEQUENCES = st.one_of(
    st.lists(INDICES, max_size=12),
    st.lists(TERMS, max_size=4).map(lambda terms: [i for t in terms for i in t.indices().tolist()]),
)


@given(SEQUENCES)
def test_indices_come_back(indices: list[int]) -> None:
    sequence = IndexSequence.of(indices)
    assert list(sequence) == indices
    assert len(sequence) == len(indices)
    assert sequence.to_array().tolist() == indices
    assert sequence.to_array().dtype == np.int64


@given(SEQUENCES)
def test_equal_sequences_have_equal_terms(indices: list[int]) -> None:
    sequence = IndexSequence.of(iter(indices))
    assert IndexSequence.of(sequence) == sequence
    assert hash(IndexSequence.of(sequence)) == hash(sequence)
    assert IndexSequence.of(sequence).terms == sequence.terms
    assert len(sequence.terms) <= len(indices)


@given(SEQUENCES)
def test_terms_are_the_sequence(indices: list[int]) -> None:
    terms = IndexSequence.of(indices).terms
    assert [i for term in terms for i in term.indices().tolist()] == indices
    assert sum(term.size for term in terms) == len(indices)
    if terms:
        assert min(term.extremes[0] for term in terms) == min(indices)
        assert max(term.extremes[1] for term in terms) == max(indices)


def test_sequences_that_differ() -> None:
    assert IndexSequence.of([1, 2, 3]) != IndexSequence.of([1, 2, 4])
    assert IndexSequence.of([1, 2, 3]) != IndexSequence.of([1, 2])
    assert IndexSequence.of([0, 1]) == IndexSequence.range(0, 2)
    assert IndexSequence.of([0, 1]) != "0 to 2"


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
        ([0, 1, 0, 1, 0, 1], "0 to 2 repeat 3"),
        ([0, 0, 0, 1] * 40, "(0 times 3, 1) repeat 40"),
        ([0, 7, 3, 0, 7, 3], "(0, 7, 3) repeat 2"),
        ([0, 7, 0, 7], "[0, 7, 0, 7]"),
        ([0, 9, 2, 10, 19, 12, 1], "[(0, 9, 2) repeat 2 by 10, 1]"),
        ([4, *[0, 9, 2, 10, 19, 12, 1] * 3], "[4, ((0, 9, 2) repeat 2 by 10, 1) repeat 3]"),
        (
            [4] * 3 + [6] * 3 + [8] * 3 + [4] * 3 + [6] * 3 + [8] * 3,
            "[4 times 3 repeat 3 by 2, 4 times 3 repeat 3 by 2]",
        ),
        (([4] * 3 + [6] * 3 + [8] * 3) * 3, "4 times 3 repeat 3 by 2 repeat 3"),
        ([9, 3, 3, 1, 1, -1, -1], "[9, 3 times 2 repeat 3 by -2]"),
        (list(range(0, 10_000, 3)), "0 to 10000 step 3"),
        ([a + b for a in range(0, 9_000, 9) for b in range(5)], "0 to 5 repeat 1000 by 9"),
    ],
)
def test_text(indices: list[int], text: str) -> None:
    assert str(IndexSequence.of(indices)) == text


def test_the_text_of_rows_of_windows_does_not_grow_with_the_rows() -> None:
    row = [*range(0, 56, 2), *[90] * 3, 97, 94]
    texts = [
        str(IndexSequence.of([1000 * n + i for n in range(rows) for i in row])) for rows in (10, 99)
    ]
    assert texts[0] == "(0 to 55 step 2, 90 times 3, 97, 94) repeat 10 by 1000"
    assert texts[1] == texts[0].replace("repeat 10", "repeat 99")


def test_time_stays_linear() -> None:
    """Irregular lists of hundreds of thousands of indices are written in a second or two."""
    indices = np.random.default_rng(0).integers(0, 1000, 300_000)
    assert len(IndexSequence.of(indices).terms) > 100_000
