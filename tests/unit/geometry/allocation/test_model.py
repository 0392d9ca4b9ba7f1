"""The model of a pipeline's time, and the simulation step by step."""

from __future__ import annotations

import numpy as np
import pytest

from spatem_ir.geometry.allocation.model import PipelineModel
from spatem_ir.geometry.allocation.pipeline import LayerPipeline, MapRead, PipelineLayer
from spatem_ir.geometry.allocation.steps import batch_steps, pipeline_steps
from spatem_ir.geometry.shapes.window import Axis
from spatem_ir.study.li.published import published, published_buses, published_pipeline, step_times


def layer(width: int, crossbars: int, reads: tuple[MapRead, ...] = ()) -> PipelineLayer:
    return PipelineLayer("layer", width**2, crossbars, reads, width if reads else 0, 8, 72)


def convolution(producer: int, width: int) -> MapRead:
    axis = Axis(width, width, kernel=3, first=-1)
    return MapRead(producer, ((axis, axis),))


def whole(producer: int, width: int) -> MapRead:
    axis = Axis(width, 1, kernel=width, stride=0)
    return MapRead(producer, ((axis, axis),))


DRAWN = LayerPipeline((layer(5, 1), layer(5, 1, (convolution(0, 5),))))
"""Layers 2 and 3 of the paper's drawing: 5 × 5 results, 3 × 3 windows, padding 1."""


def test_the_drawn_example_of_the_paper() -> None:
    """R = 2 and 3, and layer 2 starts after two operations: layer 3 starts in step 7."""
    waiting = 2
    found = PipelineModel(DRAWN).evaluated([2, 3])
    assert waiting + found.starts[1, 0] == 6
    made = [steps + waiting for steps in batch_steps(DRAWN, [2, 3])]
    assert made[1][0] == 7
    assert (made[0][-1], made[1][-1]) == (15, 17)
    assert sorted(set(range(7, 18)) - set(made[1].tolist())) == [9, 13]


@pytest.mark.parametrize("case", published()["table6"], ids=lambda case: case["network"])
def test_operations_and_step_times_of_table_6(case: dict) -> None:
    model = PipelineModel(published_pipeline(case["network"], 128))
    assert model.operations(case["copies"]) == case["operations"]
    times = step_times(case["network"], 128, case["copies"])
    assert [round(time, 2) for time in times] == case["step_us"]


def test_buses_make_the_longest_step_the_unit_of_time() -> None:
    case = published()["table6"][0]
    pipeline = published_pipeline(case["network"], 128)
    model = PipelineModel(pipeline, buses=published_buses())
    longest = max(step_times(case["network"], 128, case["copies"]))
    assert model.time(case["copies"]) == pytest.approx(case["operations"] * longest)


def test_many_allocations_at_once_are_those_one_by_one() -> None:
    pipeline = published_pipeline("ResNet-18", 128)
    generator = np.random.default_rng(0)
    table = generator.integers(1, 20, (len(pipeline), 8))
    for clamp in (False, True):
        model = PipelineModel(pipeline, clamp, published_buses())
        together = model.evaluated(table)
        alone = [model.evaluated(copies) for copies in table.T]
        assert together.operations.tolist() == [each.operations[0] for each in alone]
        assert together.times.tolist() == [each.times[0] for each in alone]


def test_a_layer_of_several_producers_waits_for_all_of_them() -> None:
    head, slow = layer(4, 1), layer(4, 1, (convolution(0, 4),))
    joined = layer(4, 1, (convolution(0, 4), convolution(1, 4)))
    both = LayerPipeline((head, slow, joined))
    chain = LayerPipeline((head, slow, layer(4, 1, (convolution(1, 4),))))
    assert chain.is_chain and not both.is_chain
    for copies in ([4, 1, 1], [1, 4, 2], [16, 2, 16]):
        assert PipelineModel(both).operations(copies) == PipelineModel(chain).operations(copies)
        assert pipeline_steps(both, copies) == pipeline_steps(chain, copies)


def test_what_reads_whole_maps_starts_when_they_are_there() -> None:
    dense = LayerPipeline((layer(4, 1), PipelineLayer("d", 1, 1, (whole(0, 4),), 0, 10, 128)))
    assert PipelineModel(dense).operations([3, 1]) == 6
    assert pipeline_steps(dense, [3, 1]) == 6


def test_chosen_windows_are_those_that_are_read() -> None:
    from spatem_ir.geometry.shapes.index_sequence import IndexSequence

    rows = Axis(6, 2, kernel=1, chosen=IndexSequence.of(np.array([1, 4])))
    read = MapRead(0, ((rows, Axis(6, 6)),))
    assert read.needed(np.array([1, 6, 7]), clamp=True).tolist() == [7, 12, 25]
