"""Equal rows of tables."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.geometry.shapes.distinct import distinct_rows

TABLES = st.integers(1, 3).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 2), min_size=columns, max_size=columns), min_size=1, max_size=12
    )
)


@given(TABLES, st.sampled_from([np.int64, np.uint8, np.bool_]))
def test_rows_are_those_that_they_equal(rows: list[list[int]], dtype: type) -> None:
    table = np.array(rows, dtype)
    first, which = distinct_rows(table)
    assert (table[first][which] == table).all()
    assert len({row.tobytes() for row in table}) == len(first)
    assert first.tolist() == sorted(first.tolist())
    assert all(which[number] == n for n, number in enumerate(first.tolist()))


def test_rows_may_be_tables_themselves() -> None:
    first, which = distinct_rows(np.array([[[1, 2], [3, 4]], [[1, 2], [3, 5]], [[1, 2], [3, 4]]]))
    assert first.tolist() == [0, 1]
    assert which.tolist() == [0, 1, 0]
