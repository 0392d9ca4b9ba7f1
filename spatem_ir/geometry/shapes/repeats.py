"""Finding repetitions: any sequence of integers as a short list of terms.

``0 0 0 1 0 0 0 1 0 0 0 1`` is `(0 times 3, 1) repeat 3`; where every repetition is further than
the one before, as in ``0 1 5 9 10 14 18 19 23``, the term says how far.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.distinct import distinct_rows
from spatem_ir.geometry.shapes.equals import first_of_equals, lengths
from spatem_ir.geometry.shapes.terms import Repeat, Run, Term

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST_PERIODS = 64
"""Periods that are tried at a time: those that most terms speak for."""

MOST_CUTS = 16
"""Periods of indices that are looked at for the longest repetition."""

LEAST_CUT = 6
"""Terms in which it is looked for."""

LEAST_SHARE = 8
"""The longest repetition saves at least one index of so many."""

LEAST_SAVED = 3
"""Terms that the repetition of several must save; that of a single term saves two."""


class RunForm(NamedTuple):
    """A run without its start."""

    length: int
    step: int


class RepeatForm(NamedTuple):
    """A repetition without its start: (distance from it, form) of each term of its body."""

    body: tuple[tuple[int, int], ...]
    times: int
    stride: int


class Terms:
    """A list of terms as arrays: where each starts, and the number of its form."""

    def __init__(self, indices: Ints):
        self.starts, counts, steps = maximal_runs(indices)
        first, self.forms = distinct_rows(np.stack((counts, steps), axis=1))
        pairs = zip(counts[first].tolist(), steps[first].tolist(), strict=True)
        self.known: list[RunForm | RepeatForm] = [RunForm(*pair) for pair in pairs]
        self.numbers = {form: number for number, form in enumerate(self.known)}

    def listed(self) -> tuple[Term, ...]:
        """The terms."""
        return tuple(map(self.term, self.starts.tolist(), self.forms.tolist()))

    def term(self, start: int, number: int) -> Term:
        """The term of a form with the given start."""
        form = self.known[number]
        if isinstance(form, RunForm):
            return Run(start, *form)
        body = tuple(self.term(start + distance, part) for distance, part in form.body)
        return Repeat(body, form.times, form.stride)

    def periods(self) -> list[int]:
        """How many terms may make one repetition, in ascending order.

        Those distances at which a pair of terms is most often seen again.
        """
        if len(self.starts) < 3:
            return []
        pairs = np.stack((self.forms[:-1], np.diff(self.starts), self.forms[1:]), axis=1)
        return sorted({1, *recurrences(pairs)[-MOST_PERIODS:]})

    def join_all(self, period: int) -> bool:
        """Make repetitions of `period` terms, and of these; says whether there are any."""
        before = len(self.starts)
        while self.join(period):
            pass
        return len(self.starts) < before

    def join(self, period: int) -> bool:
        """Make one term of `period` neighbours wherever they repeat; says whether any do.

        From left to right, and as often as they repeat.
        """
        if len(self.starts) <= period:
            return False
        strides = self.starts[period:] - self.starts[:-period]
        alike = self.forms[period:] == self.forms[:-period]
        begins = first_of_equals(np.where(alike, strides, np.iinfo(np.int64).min))
        sizes = lengths(begins, len(strides))
        long = alike[begins] & (sizes >= period)
        starts, forms, done = [], [], 0
        for begin, size in zip(begins[long].tolist(), sizes[long].tolist(), strict=True):
            first = max(begin, done)
            count = (begin + size + period - first) // period
            if (count - 1) * period < (2 if period == 1 else LEAST_SAVED):
                continue
            starts += [self.starts[done:first], self.starts[first : first + 1]]
            forms += [self.forms[done:first], self.repeated(first, period, count)]
            done = first + count * period
        if done == 0:
            return False
        self.starts = np.concatenate([*starts, self.starts[done:]])
        self.forms = np.concatenate([*forms, self.forms[done:]])
        return True

    def repeated(self, first: int, period: int, count: int) -> Ints:
        """The number of the form of a repetition of the terms from `first` on."""
        body = slice(first, first + period)
        distances = (self.starts[body] - self.starts[first]).tolist()
        stride = int(self.starts[first + period] - self.starts[first])
        form = RepeatForm(
            tuple(zip(distances, self.forms[body].tolist(), strict=True)), count, stride
        )
        if form not in self.numbers:
            self.numbers[form] = len(self.known)
            self.known.append(form)
        return np.array([self.numbers[form]])


def terms_of(indices: Ints) -> tuple[Term, ...]:
    """A short list of terms that together are `indices`; equal ones have equal lists.

    Either of what :func:`joined_runs` finds, or the longest repetition and what is before it, in it
    and after it; the shorter text of the two.
    """
    if len(indices) == 0:
        return ()
    found = joined_runs(indices)
    if len(found) < LEAST_CUT or (longest := longest_repetition(indices)) is None:
        return found
    first, period, times = longest
    body, stop = indices[first : first + period], first + period * times
    repeat = Repeat(terms_of(body), times, int(indices[first + period] - indices[first]))
    cut = (*terms_of(indices[:first]), repeat, *terms_of(indices[stop:]))
    return min(found, cut, key=lambda terms: len(", ".join(map(str, terms))))


def joined_runs(indices: Ints) -> tuple[Term, ...]:
    """Terms from the shortest up.

    Runs are found first.  Then neighbours that repeat become one term, those of the shortest period
    first, until nothing repeats any more.
    """
    terms = Terms(indices)
    while any(terms.join_all(period) for period in terms.periods()):
        pass
    return terms.listed()


def longest_repetition(indices: Ints) -> tuple[int, int, int] | None:
    """First index, period and times of the repetition that saves most; None if it saves little."""
    best, most = None, len(indices) // LEAST_SHARE
    steps = np.diff(indices)
    following = np.lib.stride_tricks.sliding_window_view(steps, min(4, len(steps)))
    for period in recurrences(following)[-MOST_CUTS:]:
        strides = indices[period:] - indices[:-period]
        begins = first_of_equals(strides)
        sizes = lengths(begins, len(strides))
        longest = int(sizes.argmax())
        times = int(sizes[longest]) // period + 1
        if (times - 1) * period > most:
            best, most = (int(begins[longest]), period, times), (times - 1) * period
    return best


def recurrences(rows: NDArray[np.int64]) -> list[int]:
    """The distances at which rows of a table are seen again, the most frequent ones last."""
    _, which = distinct_rows(rows)
    order = np.argsort(which, kind="stable")
    again = which[order[1:]] == which[order[:-1]]
    votes = np.bincount(np.diff(order)[again])
    distances = np.flatnonzero(4 * votes >= np.arange(len(votes)).clip(min=1))
    return distances[np.argsort(votes[distances], kind="stable")].tolist()


def maximal_runs(indices: Ints) -> tuple[Ints, Ints, Ints]:
    """Start, length and step of the runs of `indices`.

    Greedy, left to right: the longest run with one step, a pair only if its step is 0 or 1.
    """
    steps = np.diff(indices)
    first, length = _spans(steps, (steps == 0) | (steps == 1))
    return indices[first], length, np.where(length > 1, np.append(steps, 1)[first], 1)


def _spans(differences: Ints, pairs: Bools) -> tuple[Ints, Ints]:
    """Cut n + 1 elements with n `differences` into spans with one difference, left to right.

    A span is as long as possible; one of two elements is made only where `pairs` allows it.
    Returns the first element of each span and its number of elements.

    Stretches of equal differences are looked at one after the other.  A stretch loses its first
    difference if the span before took the element on its left.  Whether a stretch makes a span, and
    so takes from the next one, hence depends on the stretch before in one of three ways: it does,
    it does not, or it does just if that one did not.
    """
    if len(differences) == 0:
        return np.zeros(1, np.int64), np.ones(1, np.int64)
    first = first_of_equals(differences)
    length = lengths(first, len(differences))
    pair = pairs[first]
    always = (length > 2) | ((length == 2) & pair)
    alternates = ((length == 2) & ~pair) | ((length == 1) & pair)
    number = np.arange(len(first))
    settled = np.maximum.accumulate(np.where(alternates, -1, number))
    turns = np.cumsum(alternates)
    turns_before, spans_before = np.append(0, turns)[settled + 1], np.append(False, always)
    makes = spans_before[settled + 1] ^ ((turns - turns_before) % 2 == 1)
    lost = np.append(False, makes[:-1])
    left = length - lost
    elements = np.where(makes, left + 1, 1)
    starts, sizes = (first + lost)[left > 0], elements[left > 0]
    if makes[-1]:
        return starts, sizes
    return np.append(starts, len(differences)), np.append(sizes, 1)
