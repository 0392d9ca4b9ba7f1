"""Values of axes, and what is wrong with those that are none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from spatem_ir.study.explore.axes import read_axis
from spatem_ir.support.errors import SpatemError


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (9, [9]),
        (["a", "b"], ["a", "b"]),
        ({"values": [True, False]}, [True, False]),
        ({"from": 3, "to": 6}, [3, 4, 5, 6]),
        ({"from": 3, "to": 8, "step": 2}, [3, 5, 7]),
        ({"from": 0.0, "to": 0.3, "step": 0.1}, [0.0, 0.1, 0.2, 0.3]),
        ({"from": 32, "to": 300, "factor": 2}, [32, 64, 128, 256]),
        ({"from": 0.5, "to": 2, "factor": 2}, [0.5, 1.0, 2.0]),
        ({"from": 0, "to": 1.0, "count": 3}, [0.0, 0.5, 1.0]),
        ({"from": 1, "to": 1000, "count": 4, "log": True}, [1, 10, 100, 1000]),
        ({"from": 1, "to": 3, "count": 5}, [1, 2, 3]),
        ({"from": 0.001, "to": 1.0, "count": 4, "log": True}, [0.001, 0.01, 0.1, 1.0]),
    ],
)
def test_values(given: object, values: Sequence[object]) -> None:
    found = read_axis("ou.wordlines", given, "axis").values
    assert list(found) == list(values)
    assert list(map(type, found)) == list(map(type, values))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], "the list is empty"),
        ([1, 1], "names a value twice"),
        ([[1]], "[1] is no value"),
        ({"from": 1}, "'to', the end of the range, is missing"),
        ({"from": 8, "to": 2}, "from = 8 must be less than to = 2"),
        ({"from": 0.0, "to": 1.0}, "give one of step, factor and count"),
        ({"from": 1, "to": 4, "step": 1, "count": 2}, "give one of step, factor and count"),
        ({"from": 1, "to": 4, "step": 0}, "step = 0 must be positive"),
        ({"from": 0, "to": 4, "factor": 2}, "from must be positive and factor more than 1"),
        ({"from": 1, "to": 4, "step": 1, "log": True}, "log = true spreads a count"),
        ({"from": 1, "to": 4, "count": 1}, "count = 1 must be a whole number of at least 2"),
        ({"from": 1, "to": float("inf")}, "to = inf must be a finite number"),
        ({"from": 0, "to": 10**12}, "at most 1,000,000 values"),
        ({"from": 1, "to": "8"}, "to = '8' must be a finite number"),
        ({"values": [1], "step": 2}, "write a value, a list"),
        ({"value": [1]}, "unknown key 'value'"),
        ({"values": [1], "when": 3}, "when must be a table"),
        ({"same_as": 3}, "same_as must be the name of another axis"),
    ],
)
def test_problems(given: object, problem: str) -> None:
    with pytest.raises(SpatemError, match=r"^axis: ") as raised:
        read_axis("ou.wordlines", given, "axis")
    assert problem in str(raised.value)
