"""How far producers may be ahead: blocks, lags and the schedule that keeps them, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from unit.runtime.machine.programs import convolution, deployment, machine, parse

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.geometry.safety.residents import Deployed
from spatem_ir.geometry.scheduling.blocks import Blocks
from spatem_ir.geometry.scheduling.held import held_on
from spatem_ir.geometry.scheduling.lags import lags_that_fit
from spatem_ir.geometry.scheduling.pacing import paces
from spatem_ir.support.errors import SpatemError


def chain(buffer_bytes: int) -> Deployed:
    """A 3 x 3 convolution with padding and a 2 x 2 pooling of it, on 6 x 4 positions, in PE 0.

    Positions of the input have 2 bytes, those of the others 1.
    """
    module = parse(
        deployment(
            input="2x6x4xui8",
            ops=[
                convolution(
                    "a",
                    "input",
                    "2x6x4xui8 -> 1x6x4xui8",
                    "3x3",
                    window=", pads [1, 1, 1, 1]",
                    hwm=2,
                ),
                "%p = cnn.max_pool @p %a <2x2, strides 2x2> "
                ": tensor<1x6x4xui8> -> tensor<1x3x2xui8>",
            ],
            places=["@a tiles 0 to 2 crossbars [0, 2] at [0, 0]"],
            homes=["@a pes 0", "@p pes 0"],
            streams=["crossbars [0, 2] { ou.mvm @a windows 0 to 24 }"],
        ),
        machine(
            pe={"buffer_bytes": buffer_bytes},
            crossbar={"wordlines": 16},
            cu={"input_register_bytes": 64},
        ),
    )
    stage = next(op for op in module.ops if isinstance(op, OuStageOp))
    dataflow, places = dataflow_of(module), stage.placed()
    return Deployed(
        dataflow,
        machine(pe={"buffer_bytes": buffer_bytes}),
        places.placements(),
        places.homes(dataflow),
        stage.merges,
    )


INPUT, A, P = range(3)


def test_blocks_say_what_rows_need_and_when_they_are_read() -> None:
    blocks = Blocks(chain(1000).dataflow, {INPUT: 4, A: 4, P: 2, 3: 2}, in_rounds=False)
    links = blocks.links
    assert links[INPUT, A].needed.tolist() == [1, 2, 3, 4, 5, 5]
    assert links[INPUT, A].until.tolist() == [8, 12, 16, 20, 24, 24]
    assert links[A, P].needed.tolist() == [1, 3, 5]
    assert links[A, P].until.tolist() == [2, 2, 4, 4, 6, 6]


def test_what_waits_begins_when_it_may() -> None:
    """Rows of the input wait until the rows three before have been read."""
    deployed = chain(1000)
    blocks = Blocks(deployed.dataflow, {INPUT: 4, A: 4, P: 2, 3: 2}, in_rounds=False)
    until = {(INPUT, A): np.array([-16, -8, -4, 8, 12, 16])}
    found = paces(blocks, deployed.accelerator, until)
    assert not found.stuck
    begin = found.not_before[INPUT][::4].tolist()
    assert begin[:3] == [0, 0, 0]
    assert 0 < begin[3] < begin[4] < begin[5]
    tighter = {(INPUT, A): np.array([-16, -8, 8, 12, 16, 20])}
    assert paces(blocks, deployed.accelerator, tighter).stuck == {(INPUT, A)}


def test_lags_fill_the_buffer_and_what_does_not_fit_is_named() -> None:
    """Whole, the input takes 48 bytes, @a 24, its sums 24 · 2 · 4, the pooling 6."""
    assert held_on(chain(48 + 24 + 192 + 6)) is None
    deployed = chain(90)
    held = held_on(deployed)
    assert held is not None
    waits = {(wait.node, wait.other): wait.until for wait in lags_that_fit(deployed, held).waits}
    assert set(waits) <= {(INPUT, A), (A, A), (A, P), (P, 3)}
    assert len(waits[A, A]) == 24
    small = chain(20)
    held = held_on(small)
    assert held is not None
    with pytest.raises(SpatemError, match=r"the buffer of PE 0 is too small: it has 20 bytes and"):
        lags_that_fit(small, held)
