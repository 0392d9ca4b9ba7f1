"""The bytes that no buffer exceeds are at least those that any buffer can hold at once."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from unit.runtime.machine.random_programs import through_the_passes

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.safety.residents import Deployed, meeting_sums, resident_pieces
from spatem_ir.geometry.scheduling.held import most_bytes
from spatem_ir.hardware.accumulation.accumulation import PLACES


@pytest.mark.parametrize("seed", range(20))
def test_no_buffer_holds_more(seed: int) -> None:
    module = through_the_passes(Random(seed))
    (stage,) = (op for op in module.ops if isinstance(op, PxbStageOp))
    dataflow, placements = dataflow_of(module), stage.placements()
    merges = dict.fromkeys(placements, PLACES)
    deployed = Deployed(dataflow, accelerator_of(module), placements, stage.homes(dataflow), merges)
    held = np.zeros(deployed.accelerator.pes, np.int64)
    for node in dataflow.nodes:
        residents = [resident_pieces(deployed, node)]
        if node.kind is NodeKind.LAYER:
            residents.append(meeting_sums(deployed, node))
        for each in residents:
            held[each.pes] += each.bytes.sum(axis=1)
    assert 0 < held.max() <= most_bytes(deployed)
