"""The text of index sequences: `0 to 96 step 2`, `5 times 3`, `0 to 4 repeat 3 by 5`, or a list.

Deployments of large networks have lists of hundreds of thousands of runs.  A list just as it is
printed is therefore read as a whole; every other text token by token, which finds what is wrong.
"""

from __future__ import annotations

import re
from itertools import chain, starmap
from typing import TYPE_CHECKING

from spatem_ir.geometry.shapes.index_sequence import IndexSequence, Run, expanded

if TYPE_CHECKING:
    from xdsl.parser import AttrParser

    _Fields = tuple[int, int, int, int, int]

MOST_INDICES = 2**24
"""Longest run that is read from text: a typing error must not fill the memory."""

LARGEST_INDEX = 2**31 - 1
"""Largest magnitude of an index that is read from text: sums of indices fit into 64 bits."""

RUN = (
    "(-?[0-9]{1,9})(?: times ([0-9]{1,9})| to (-?[0-9]{1,9})(?: step (-?[0-9]{1,9}))?)?"
    "(?: repeat ([0-9]{1,9}) by (-?[0-9]{1,9}))?"
)
"""A run as it is printed: start, times, stop, step, repeat and by.

Of so few digits that nothing computed from them exceeds 63 bits.
"""

PRINTED_RUN = re.compile(RUN)
PRINTED_LIST = re.compile(rf"\[(?:{RUN}, )*{RUN}\]")
"""A list of runs; without possessive quantifiers, which Python gets wrong before 3.11.5."""


def parse_indices(parser: AttrParser) -> IndexSequence:
    """Parse an index sequence without its attribute's name."""
    printed = _parse_printed_list(parser)
    if printed is not None:
        return printed
    runs = parser.parse_optional_comma_separated_list(
        parser.Delimiter.SQUARE, lambda: _parse_run(parser)
    )
    if runs is None:
        runs = [_parse_run(parser)]
    import numpy as np

    return IndexSequence.of(expanded(np.array(runs, np.int64).reshape(-1, 5).T))


def _parse_printed_list(parser: AttrParser) -> IndexSequence | None:
    """A list just as it is printed, in which nothing is wrong.

    Otherwise None, and nothing is consumed.
    """
    text = parser.lexer.input.content
    match = PRINTED_LIST.match(text, parser.pos)
    if match is None:
        return None
    import numpy as np

    runs = PRINTED_RUN.findall(text, *match.span())
    fields = chain.from_iterable(starmap(_fields, runs))
    columns = np.fromiter(fields, np.int64, 5 * len(runs)).reshape(-1, 5).T
    starts, lengths, steps, repeats, strides = columns
    last, further = (lengths - 1) * steps, (repeats - 1) * strides
    corners = np.abs([starts, starts + last, starts + further, starts + last + further])
    if (lengths * repeats).max() > MOST_INDICES or corners.max() > LARGEST_INDEX:
        return None
    parser._resume_from(match.end())
    return IndexSequence.of(expanded(columns))


def _fields(start: str, times: str, stop: str, step: str, repeats: str, stride: str) -> _Fields:
    """The fields of a printed run; a step of 0 makes it too long."""
    first, length, apart = int(start), 1, 1
    if times:
        length, apart = int(times), 0
    elif stop:
        apart = int(step) if step else 1
        length = _range_length(first, int(stop), apart) if apart else MOST_INDICES + 1
    return first, length, apart, int(repeats) if repeats else 1, int(stride) if stride else 0


def _parse_run(parser: AttrParser) -> Run:
    """`start`, `start times n` or `start to stop step n`, and then perhaps `repeat n by stride`."""
    position = parser.pos
    start = parser.parse_integer(allow_boolean=False)
    length, step, repeats, stride = 1, 1, 1, 0
    if parser.parse_optional_keyword("times"):
        length, step = parser.parse_integer(allow_boolean=False, allow_negative=False), 0
    elif parser.parse_optional_keyword("to"):
        stop = parser.parse_integer(allow_boolean=False)
        if parser.parse_optional_keyword("step"):
            step = parser.parse_integer(allow_boolean=False)
        if step == 0:
            parser.raise_error(
                "a range's step must not be 0; write 'INDEX times COUNT' to repeat", position
            )
        length = _range_length(start, stop, step)
    if parser.parse_optional_keyword("repeat"):
        repeats = parser.parse_integer(allow_boolean=False, allow_negative=False)
        parser.parse_keyword("by")
        stride = parser.parse_integer(allow_boolean=False)
    run = Run(start, length, step, repeats, stride)
    if run.size > MOST_INDICES:
        parser.raise_error(f"an index sequence has at most {MOST_INDICES} indices", position)
    if run.size and max(map(abs, run.corners)) > LARGEST_INDEX:
        parser.raise_error(f"an index is at most {LARGEST_INDEX}", position)
    return run


def _range_length(start: int, stop: int, step: int) -> int:
    """How many indices there are from `start` up to and without `stop`; the step is not 0."""
    return max(0, -((start - stop) // step))
