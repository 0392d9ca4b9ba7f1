"""Allocations: the published ones, and those that are better."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from spatem_ir.geometry.allocation.branch_and_bound import is_unaffordable, within
from spatem_ir.geometry.allocation.dynamic_program import allocated
from spatem_ir.geometry.allocation.heuristics import (
    identical_copies,
    results_copies,
    stride_copies,
)
from spatem_ir.geometry.allocation.model import PipelineModel
from spatem_ir.geometry.allocation.optimal import optimum
from spatem_ir.geometry.allocation.pipeline import LayerPipeline
from spatem_ir.geometry.allocation.steps import pipeline_steps
from spatem_ir.study.li.published import (
    conv_strides,
    published,
    published_buses,
    published_pipeline,
)
from spatem_ir.support.errors import SpatemError


@pytest.mark.parametrize("number", range(3))
def test_allocations_of_table_6(number: int) -> None:
    case = published()["table6"][number]
    buses = published_buses() if case["buses"] else None
    model = PipelineModel(published_pipeline(case["network"], 128), buses=buses)
    assert allocated(model, case["crossbars"], spare=False) == case["copies"]


@pytest.mark.parametrize("number", range(4))
def test_allocations_of_figure_9(number: int) -> None:
    case = published()["figure9"][number]
    pipeline = published_pipeline(case["network"], 128)
    model = PipelineModel(pipeline, buses=published_buses(case["bandwidth"]))
    assert allocated(model, case["crossbars"], spare=False) == case["copies"]


@pytest.mark.parametrize(("crossbars", "stated", "best"), [(512, 226, 225), (1024, 113, 105)])
def test_alexnet_can_be_faster_than_published(crossbars: int, stated: int, best: int) -> None:
    model = PipelineModel(published_pipeline("AlexNet", 128))
    theirs, ours = allocated(model, crossbars, spare=False), optimum(model, crossbars)
    assert model.operations(theirs) == stated
    assert (ours.time, ours.bound, ours.gap) == (best, best, 0)
    assert model.pipeline.used(ours.copies) <= crossbars
    assert pipeline_steps(model.pipeline, ours.copies) < pipeline_steps(model.pipeline, theirs)


def short_pipeline() -> LayerPipeline:
    """The last three layers of AlexNet's, the first of which reads nothing."""
    layers = published_pipeline("AlexNet", 256).layers[2:]
    moved = [
        layer.__class__(
            layer.name,
            layer.results,
            layer.crossbars // 9,
            tuple(read.__class__(number - 1, read.windows) for read in layer.reads if number),
            layer.trailing if number else 0,
            layer.channels,
            layer.fetched,
        )
        for number, layer in enumerate(layers)
    ]
    return LayerPipeline(tuple(moved))


@pytest.mark.parametrize("buses", [None, published_buses(0.05)])
@pytest.mark.parametrize("clamp", [False, True])
@pytest.mark.parametrize("crossbars", [9, 20, 33])
def test_optimum_is_what_trying_all_allocations_finds(
    crossbars: int, clamp: bool, buses: object
) -> None:
    pipeline = short_pipeline()
    model = PipelineModel(pipeline, clamp, buses)  # type: ignore[arg-type]
    table = np.array(
        [each for each in product(range(1, 17), repeat=3) if pipeline.used(each) <= crossbars]
    ).T
    best = model.evaluated(table).times.min()
    found = optimum(model, crossbars)
    assert found.time == pytest.approx(best)
    assert found.bound <= found.time
    if buses is None:
        assert found.gap == 0


def test_branch_and_bound_finds_all_or_nothing() -> None:
    model = PipelineModel(short_pipeline())
    best = int(optimum(model, 20).time)
    assert within(model, 20, best - 1, longest_step=1, width=1000).is_refuted
    found = within(model, 20, best, longest_step=1, width=1000)
    assert found.is_complete and found.allocations.operations.min() == best
    assert is_unaffordable(model, 20, best // 2, 1)
    assert not is_unaffordable(model, 20, best, 1)


def test_a_network_that_is_no_chain_gets_a_bound() -> None:
    first, second, third = short_pipeline().layers
    both = third.__class__(
        "both", third.results, third.crossbars, (*third.reads, *third.reads), 13, 256, 100
    )
    found = optimum(PipelineModel(LayerPipeline((first, second, both))), 33)
    assert found.bound <= found.time == optimum(PipelineModel(short_pipeline()), 33).time


@pytest.mark.parametrize(
    ("network", "crossbars", "operations"), [("AlexNet", 512, 234), ("VGG-A", 4096, 245)]
)
def test_woho(network: str, crossbars: int, operations: int) -> None:
    pipeline = published_pipeline(network, 128)
    assert PipelineModel(pipeline).operations(results_copies(pipeline, crossbars)) == operations


def test_other_rules_of_thumb() -> None:
    pipeline = published_pipeline("ResNet-18", 128)
    assert identical_copies(pipeline, 4096) == [5] * 17
    copies = stride_copies(pipeline, 4096, conv_strides("ResNet-18"))
    assert copies == [89] * 5 + [22] * 4 + [5] * 4 + [1] * 4


def test_too_few_crossbars() -> None:
    model = PipelineModel(published_pipeline("AlexNet", 128))
    with pytest.raises(SpatemError, match="needs 230 crossbars, there are 200; take more"):
        allocated(model, 200, spare=False)


@pytest.mark.parametrize("spare", [False, True])
@pytest.mark.parametrize("unit", [1, 3, 8])
def test_crossbars_in_units_never_exceed_those_there_are(unit: int, *, spare: bool) -> None:
    model = PipelineModel(published_pipeline("VGG-A", 128))
    finest = model.time(allocated(model, 1500, spare=spare))
    copies = allocated(model, 1500, spare=spare, unit=unit)
    assert model.pipeline.used(copies) <= 1500
    assert finest <= model.time(copies) <= 1.25 * finest
