"""The cheap bound on what a node reads at once is never less than what it does read."""

from __future__ import annotations

from random import Random

import pytest
from unit.runtime.machine.random_programs import at_random

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.geometry.safety.buffer_needs import digital_needs, most_read, operand_needs


@pytest.mark.parametrize("seed", range(30))
def test_no_result_reads_more(seed: int) -> None:
    dataflow = dataflow_of(at_random(Random(seed)))
    for node in dataflow.nodes:
        if node.kind is NodeKind.INPUT:
            assert most_read(dataflow, node) == 0
            continue
        needs = operand_needs if node.kind is NodeKind.LAYER else digital_needs
        largest = max(need.bytes for need in needs(dataflow, node, -1))
        assert 0 < largest <= most_read(dataflow, node)
