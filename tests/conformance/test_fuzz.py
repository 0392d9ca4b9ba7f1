"""Quantised operators give the bits of onnxruntime on random cases."""

from __future__ import annotations

from conformance.fuzz import compare_many
from conformance.fuzz_cases import KINDS

ELEMENTS = 200_000
SEED = 20


def test_random_operators() -> None:
    comparison = compare_many(SEED, ELEMENTS)
    assert comparison.found == []
    assert comparison.elements.total() >= ELEMENTS
    assert set(comparison.cases) == {kind.__name__ for kind in KINDS}
    assert min(comparison.elements.values()) > 500
