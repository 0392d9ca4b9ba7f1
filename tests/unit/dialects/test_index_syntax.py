"""The text of index sequences: what is read, how it is wrapped, and what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.dialects.parsing import parse_attribute, parse_module
from xdsl.utils.exceptions import ParseError

from spatem_ir.dialects.hw import IndicesAttr
from spatem_ir.dialects.lines import LINE_LENGTH, wrapped
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.terms import Repeat, Run, Term

INDICES = st.integers(-99, 99)
RUNS = st.builds(Run, INDICES, st.integers(1, 9), st.integers(-9, 9))
TERMS = st.recursive(
    RUNS,
    lambda terms: st.builds(
        Repeat, st.lists(terms, min_size=1, max_size=3).map(tuple), st.integers(1, 9), INDICES
    ),
    max_leaves=6,
)


def parse(text: str) -> IndexSequence:
    attribute = parse_attribute(f"#hw.indices<{text}>")
    assert isinstance(attribute, IndicesAttr)
    return attribute.data


@given(st.lists(TERMS, min_size=1, max_size=4))
def test_terms_are_read(terms: list[Term]) -> None:
    expected = [index for term in terms for index in term.indices().tolist()]
    assert list(parse(f"[{', '.join(map(str, terms))}]")) == expected


@given(st.lists(st.integers(-(2**31 - 1), 2**31 - 1), min_size=2))
def test_lists_of_any_indices(indices: list[int]) -> None:
    attribute = IndicesAttr.of(indices)
    assert parse_attribute(str(attribute)) == attribute
    assert list(attribute.data) == indices


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("(3, 1)", [3, 1]),
        ("3 repeat 2 repeat 2 by 1", [3, 3, 4, 4]),
        ("((0, 5) repeat 2, 7) repeat 2 by 10", [0, 5, 0, 5, 7, 10, 15, 10, 15, 17]),
        ("[ 0 to 2 ,\n 9 ]", [0, 1, 9]),
        ("0 times 0", []),
        ("5 to 5", []),
        ("(0 times 0, 4) repeat 2 by 2", [4, 6]),
        ("[]", []),
    ],
)
def test_text(text: str, indices: list[int]) -> None:
    assert list(parse(text)) == indices


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("0 to 4 step 0", "a range's step must not be 0; write 'INDEX times COUNT' to repeat"),
        ("0 times 16777217", "an index sequence has at most 16777216 indices"),
        ("0 to 5000 repeat 5000 by 1", "an index sequence has at most 16777216 indices"),
        ("(0 to 9, 3) repeat 2000000", "an index sequence has at most 16777216 indices"),
        ("0 repeat 3 by 2000000000", "an index is at most 2147483647"),
        ("2147483648", "an index is at most 2147483647"),
        ("0 to 4 times 2", "']' expected"),
        ("0 to", "Expected integer literal"),
        ("1.5", "Expected integer literal"),
        ("(0, 1", "')' expected"),
    ],
)
def test_errors(wrong: str, message: str) -> None:
    with pytest.raises(ParseError) as raised:
        parse(f"[3, {wrong}, 4]")
    assert message in raised.value.msg


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=99), st.integers(0, 60))
def test_wrapping(indices: list[int], column: int) -> None:
    text = str(IndexSequence.of(indices))
    first, *others = wrapped(text, column, 8).split("\n")
    assert ", ".join(line.removesuffix(",") for line in (first, *others)) == text
    assert column + len(first) <= LINE_LENGTH
    assert all(8 + len(line) <= LINE_LENGTH for line in others)


def test_long_lists_are_continued_under_their_op() -> None:
    numbers = [(7 * n * n) % 1009 for n in range(60)]
    module = parse_module(
        f"""
        cnn.network @net(%x: tensor<1x60x1xui8>) {{
          %y = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<1x1x1x1xsi2>> scale 0.5
            matrix 1x1 windows 60 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 1x1>
            : tensor<1x60x1xui8> -> tensor<1x60x1xui8>
          cnn.output %y : tensor<1x60x1xui8>
        }}
        pxb.stage 0 {{
          pxb.place @a tiles 0 crossbars 0 at [0, 0]
          pxb.home @a pes 0
        }}
        ou.stage 0 {{ ou.due @a at {numbers} }}"""
    )
    lines = str(module).splitlines()
    start = next(n for n, line in enumerate(lines) if "ou.due" in line)
    assert lines[start].startswith("    ou.due @a at [0, 7, 28,")
    assert lines[start + 1].startswith("      ")
    assert lines[start + 1].strip()[0].isdigit()
    assert max(map(len, lines[start:])) <= LINE_LENGTH
    assert str(parse_module(str(module), accelerator=None)) == str(module)
