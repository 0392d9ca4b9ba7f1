"""The text of index sequences: `0 to 96 step 2`, `5 times 3`, `(0 to 4, 7) repeat 3`, a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.terms import Repeat, Run, Term

if TYPE_CHECKING:
    from xdsl.parser import AttrParser

MOST_INDICES = 2**24
"""Longest term that is read from text: a typing error must not fill the memory."""

LARGEST_INDEX = 2**31 - 1
"""Largest magnitude of an index that is read from text: sums of indices fit into 64 bits."""


def parse_indices(parser: AttrParser) -> IndexSequence:
    """Parse an index sequence without its attribute's name."""
    terms = parser.parse_optional_comma_separated_list(
        parser.Delimiter.SQUARE, lambda: _parse_term(parser)
    )
    if terms is None:
        terms = [_parse_term(parser)]
    import numpy as np

    return IndexSequence.of(np.concatenate([np.empty(0, np.int64), *(t.indices() for t in terms)]))


def _parse_term(parser: AttrParser) -> Term:
    """A run or terms in parentheses, and how often they are repeated."""
    position = parser.pos
    term = _parse_optional_body(parser) or _parse_start(parser, position)
    _check(parser, term, position)
    while parser.parse_optional_keyword("repeat"):
        count = parser.parse_integer(allow_boolean=False, allow_negative=False)
        by = parser.parse_optional_keyword("by")
        term = Repeat((term,), count, parser.parse_integer(allow_boolean=False) if by else 0)
        _check(parser, term, position)
    return term


def _parse_optional_body(parser: AttrParser) -> Repeat | None:
    """Terms in parentheses, if there are any."""
    terms = parser.parse_optional_comma_separated_list(
        parser.Delimiter.PAREN, lambda: _parse_term(parser)
    )
    return None if terms is None else Repeat(tuple(terms), 1, 0)


def _parse_start(parser: AttrParser, position: int) -> Term:
    """`start`, `start times n`, `start to stop step n`, or `start + ( … )`."""
    start = parser.parse_integer(allow_boolean=False)
    if parser.parse_optional_punctuation("+"):
        body = _parse_optional_body(parser)
        if body is None:
            parser.raise_error("expected terms in parentheses after '+'", position)
        return body.moved(start)
    if parser.parse_optional_keyword("times"):
        return Run(start, parser.parse_integer(allow_boolean=False, allow_negative=False), 0)
    if not parser.parse_optional_keyword("to"):
        return Run(start, 1, 1)
    stop, step = parser.parse_integer(allow_boolean=False), 1
    if parser.parse_optional_keyword("step"):
        step = parser.parse_integer(allow_boolean=False)
    if step == 0:
        parser.raise_error(
            "a range's step must not be 0; write 'INDEX times COUNT' to repeat", position
        )
    return Run(start, max(0, -((start - stop) // step)), step)


def _check(parser: AttrParser, term: Term, position: int) -> None:
    """Check that a term is not too long, and its indices not too large."""
    if term.size > MOST_INDICES:
        parser.raise_error(f"an index sequence has at most {MOST_INDICES} indices", position)
    if term.size and max(map(abs, term.extremes)) > LARGEST_INDEX:
        parser.raise_error(f"an index is at most {LARGEST_INDEX}", position)
