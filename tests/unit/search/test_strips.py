"""The coarse simulation: layers wait for what they read, regions run one strip at a time."""

from __future__ import annotations

import numpy as np
import pytest

from spatem_ir.search.strips import STRIPS, Need, StripFlow

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
    latency = chain(need).latency(np.array([256.0, 64.0]), np.array(regions), 0.0)
    assert latency == pytest.approx(cycles)


def test_what_is_served_first_depends_on_the_depth() -> None:
    """The last layer alone has a region: the sooner the first is done, the sooner it begins."""
    flow = StripFlow(((Need(3, EACH),), (Need(3, EACH),), (Need(0, WHOLE),)), AT_ONCE)
    costs, regions = np.array([64.0, 64.0, 64.0]), np.array([0, 0, 1])
    assert flow.latency(costs, regions, depth=1.0) == pytest.approx(128)
    assert flow.latency(costs, regions, depth=0.0) == pytest.approx(127 + 64)


def test_strips_run_when_they_have_entered() -> None:
    arrivals = np.arange(1, STRIPS + 1)[None, :] * 10.0
    latency = chain(arrivals=arrivals).latency(np.array([64.0]), np.array([0]), 0.0)
    assert latency == pytest.approx(641)
