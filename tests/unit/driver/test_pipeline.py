"""Pipelines of passes: the usual one and what is left of it."""

from __future__ import annotations

import pytest

from spatem_ir.dialects.level import Level
from spatem_ir.driver.pipeline import (
    PIPELINE,
    passes_of,
    remaining_pipeline,
    strategy_of,
    with_images,
)
from spatem_ir.support.errors import SpatemError


def test_the_usual_passes() -> None:
    assert remaining_pipeline(Level.CNN) == "partition,pack,assign,order"
    assert remaining_pipeline(Level.MVM, until=Level.PXB) == "pack,assign"
    assert remaining_pipeline(Level.OU) == ""


def test_several_passes_may_leave_a_module_at_one_level(monkeypatch: pytest.MonkeyPatch) -> None:
    partition, pack, assign, order = PIPELINE
    longer = (partition, pack, assign, assign._replace(name="map-weights"), order)
    monkeypatch.setattr("spatem_ir.driver.pipeline.PIPELINE", longer)
    assert remaining_pipeline(Level.VXB) == "assign,map-weights,order"
    assert remaining_pipeline(Level.VXB, until=Level.PXB) == "assign,map-weights"
    assert remaining_pipeline(Level.PXB) == "order"


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("isaac", "partition{strategy=isaac}"),
        (
            "spatem{alternatives=2 deal=blocks}",
            "partition{strategy=spatem alternatives=2 deal=blocks}",
        ),
    ],
)
def test_a_strategy_with_its_options(strategy: str, expected: str) -> None:
    pipeline = remaining_pipeline(Level.CNN, strategy, Level.MVM)
    assert pipeline == expected
    assert strategy_of(pipeline, "spatem") == strategy


def test_the_strategy_where_none_is_named() -> None:
    assert strategy_of("partition{deal=blocks},pack", "spatem") == "spatem{deal=blocks}"
    assert strategy_of("pack,assign", "spatem") is None


def test_passes_one_by_one() -> None:
    text = 'partition{strategy=isaac},a{b="x y" c=true d=1,2 e},expand-ou{limit=-3}'
    assert passes_of(text) == [
        "partition{strategy=isaac}",
        'a{b="x y" c=true d=1,2 e}',
        "expand-ou{limit=-3}",
    ]
    assert passes_of("") == []
    with pytest.raises(SpatemError, match=r"--pass-pipeline 'pack\{':"):
        passes_of("pack{")


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ("partition{strategy=search},pack", "partition{strategy=search images=3},pack"),
        ("partition{strategy=search images=2}", "partition{strategy=search images=2}"),
        ("partition,pack", "partition{images=3},pack"),
        ("partition{strategy=isaac},pack", "partition{strategy=isaac},pack"),
        ("pack,assign", "pack,assign"),
    ],
)
def test_strategies_that_ask_know_the_images_in_flight(pipeline: str, expected: str) -> None:
    assert with_images(pipeline, 3) == expected
    assert with_images(pipeline, 1) == pipeline
