"""Lists of runs are read as a whole or token by token: the result and the errors are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.dialects.parsing import parse_attribute
from xdsl.ir import Attribute
from xdsl.utils.exceptions import ParseError

from spatem_ir.dialects.hw import IndicesAttr
from spatem_ir.dialects.hw.index_syntax import PRINTED_LIST
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

INDICES = st.integers(-99, 99)
COUNTS = st.integers(0, 9)
RUNS = st.one_of(
    INDICES.map(str),
    st.builds("{} times {}".format, INDICES, COUNTS),
    st.builds("{} to {}".format, INDICES, INDICES),
    st.builds("{} to {} step {}".format, INDICES, INDICES, INDICES.filter(bool)),
)
REPEATED = st.builds("{} repeat {} by {}".format, RUNS, COUNTS, INDICES)
LISTS = st.lists(RUNS | REPEATED, min_size=1, max_size=6)


def parse(runs: list[str], separator: str) -> Attribute:
    return parse_attribute(f"#hw.indices<[{separator.join(runs)}]>")


@given(LISTS)
def test_lists_as_printed_are_read_as_those_that_are_not(runs: list[str]) -> None:
    assert PRINTED_LIST.fullmatch(f"[{', '.join(runs)}]")
    assert parse(runs, ", ") == parse(runs, " ,\n")


@given(st.lists(st.integers(-(2**31 - 1), 2**31 - 1), min_size=2))
def test_lists_of_any_indices(indices: list[int]) -> None:
    attribute = IndicesAttr.of(indices)
    assert parse_attribute(str(attribute)) == attribute
    assert isinstance(attribute.data, IndexSequence)
    assert list(attribute.data) == indices


@pytest.mark.parametrize(
    "wrong",
    [
        "0 to 4 step 0",
        "0 times 16777217",
        "0 to 5000 repeat 5000 by 1",
        "0 repeat 3 by 2000000000",
        "2147483648",
        "0 to 4 times 2",
        "0 repeat 2",
        "0 to",
        "1.5",
    ],
)
def test_errors_are_the_same(wrong: str) -> None:
    errors = []
    for separator in (", ", " , "):
        with pytest.raises(ParseError) as raised:
            parse(["3", wrong, "4"], separator)
        span = raised.value.span
        assert isinstance(span.input.content, str)
        errors.append((raised.value.msg, span.input.content[span.start :].replace(" ", "")))
    assert errors[0] == errors[1]
