"""The coarse simulation: layers wait for what they read, regions run one strip at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from unit.search.plain_strips import plain_ends

from spatem_ir.search import strip_loop
from spatem_ir.search.residence import Need, Read
from spatem_ir.search.strips import STRIPS, StripFlow

AT_ONCE = np.zeros((1, STRIPS))
EACH = np.arange(1, STRIPS + 1)
WHOLE = np.full(STRIPS, STRIPS)


def chain(*needs: np.ndarray, arrivals: np.ndarray = AT_ONCE) -> StripFlow:
    """Layers one after the other, the first of which reads the input."""
    first = len(needs) + 1
    own = [(Need(first, EACH),), *((Need(n, need),) for n, need in enumerate(needs))]
    return StripFlow(tuple(own), arrivals)


@pytest.mark.parametrize(
    ("need", "regions", "cycles"),
    [
        (EACH, [0, 0], 320),  # one region has work all the time
        (EACH, [0, 1], 257),  # the second region follows a strip behind the first
        (WHOLE, [0, 1], 320),  # … or waits for its end
        (WHOLE, [0, 0], 320),
    ],
)
def test_layers_wait_for_what_they_read(need: np.ndarray, regions: list[int], cycles: int) -> None:
    latency = chain(need).ends(np.array([256.0, 64.0]), np.array(regions), 0.0).max()
    assert latency == pytest.approx(cycles)


def test_what_is_served_first_depends_on_the_depth() -> None:
    """The last layer alone has a region: the sooner the first is done, the sooner it begins."""
    flow = StripFlow(((Need(3, EACH),), (Need(3, EACH),), (Need(0, WHOLE),)), AT_ONCE)
    costs, regions = np.array([64.0, 64.0, 64.0]), np.array([0, 0, 1])
    assert flow.ends(costs, regions, depth=1.0).max() == pytest.approx(128)
    assert flow.ends(costs, regions, depth=0.0).max() == pytest.approx(127 + 64)


def test_strips_run_when_they_have_entered() -> None:
    arrivals = np.arange(1, STRIPS + 1)[None, :] * 10.0
    latency = chain(arrivals=arrivals).ends(np.array([64.0]), np.array([0]), 0.0).max()
    assert latency == pytest.approx(641)


def test_layers_need_inputs_as_if_these_went_on() -> None:
    """A join needs a branch as far as it has come, and of the other, which begins late, the same.

    The late one needs 16 strips of the inputs more.
    """
    later = np.minimum(EACH + 16, STRIPS)
    flow = StripFlow(((Need(3, EACH),), (Need(3, later),), (Need(0, EACH), Need(1, EACH))), AT_ONCE)
    assert flow.needed[0].tolist() == EACH.tolist()
    assert flow.needed[1].tolist() == flow.needed[2].tolist() == (EACH + 16).tolist()
    assert flow.made[2, 16:].tolist() == [0, *EACH]


def test_what_needs_more_waits_for_its_readers() -> None:
    """The first layer has a region of its own and four times less to do than its reader."""
    flow = chain(EACH)
    costs, regions = np.array([64.0, 256.0]), np.array([0, 1])
    free = flow.ends(costs, regions, 0.0)
    assert free[0].tolist() == EACH.tolist()
    paced = flow.ends(costs, regions, 0.0, lead=4)
    assert paced[1].tolist() == free[1].tolist()
    assert paced[0, 4:].tolist() == (paced[1, :-4] + 1).tolist()


def test_buffers_hold_what_is_there_until_its_last_read() -> None:
    """A map of a byte a strip; its reader is four times slower, so that three quarters wait."""
    read = Read(0, 1, STRIPS, (Need(0, EACH),), EACH)
    flow = replace(chain(EACH), reads=(read,))
    costs, regions, whole = np.array([64.0, 256.0]), np.array([0, 1]), np.ones(2)
    ends = flow.ends(costs, regions, 0.0)
    assert flow.held(ends, regions, whole) == STRIPS * 3 / 4 + 1
    assert flow.held(ends, regions, whole / 2) == (STRIPS * 3 / 4 + 1) / 2
    paced = flow.ends(costs, regions, 0.0, lead=4)
    assert flow.held(paced, regions, whole, 4) == 4


def test_a_map_that_layers_of_a_region_read_is_held_once() -> None:
    reads = tuple(Read(0, layer, STRIPS, (Need(0, EACH),), EACH) for layer in (1, 2))
    flow = StripFlow(((Need(3, EACH),), (Need(0, EACH),), (Need(0, EACH),)), AT_ONCE, reads)
    costs, whole = np.array([64.0, 256.0, 256.0]), np.ones(3)
    alone = flow.held(flow.ends(costs, np.array([0, 1, 2]), 0.0), np.array([0, 1, 2]), whole)
    together = np.array([0, 1, 1])
    assert flow.held(flow.ends(costs, together, 0.0), together, whole) <= STRIPS
    assert alone == STRIPS * 3 / 4 + 1


def test_inputs_are_held_from_when_they_may_enter() -> None:
    read = Read(9, 0, STRIPS, (Need(1, EACH),), EACH)
    flow = replace(chain(), reads=(read,))
    costs, regions, whole = np.array([64.0]), np.array([0]), np.ones(1)
    ends = flow.ends(costs, regions, 0.0)
    assert flow.held(ends, regions, whole) == STRIPS
    assert flow.held(flow.ends(costs, regions, 0.0, lead=2), regions, whole, 2) == 2


@pytest.mark.parametrize("seed", range(60))
def test_only_what_may_have_changed_is_looked_at(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random networks, with joins, inputs that come late, leads and links."""
    draw = np.random.default_rng(seed)
    layers = int(draw.integers(1, 9))
    needs = []
    for layer in range(layers):
        producers = draw.choice(layer + 1, size=min(layer + 1, 1 + seed % 2), replace=False)
        strips = [np.sort(draw.integers(1, STRIPS + 1, STRIPS)) for _ in producers]
        needs.append(
            tuple(
                Need(layers if producer == layer else int(producer), np.append(own[1:], STRIPS))
                for producer, own in zip(producers, strips, strict=True)
            )
        )
    flow = StripFlow(tuple(needs), np.cumsum(draw.random((1, STRIPS)) * 9, axis=1))
    costs, regions = draw.random(layers) * 500, draw.integers(0, 3, layers)
    moves = draw.random(layers) * 200 if seed % 3 == 0 else None
    depth, lead = float(draw.choice([0.0, 0.1])), int(draw.choice([2, 16, STRIPS]))
    found = flow.ends(costs, regions, depth, moves, lead)
    monkeypatch.setattr(strip_loop, "ends_of", plain_ends)
    assert np.array_equal(found, flow.ends(costs, regions, depth, moves, lead))
