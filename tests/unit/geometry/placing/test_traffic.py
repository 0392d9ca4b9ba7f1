"""Bytes counted from places and homes are those that the machine moves."""

from __future__ import annotations

import pytest
from xdsl.context import Context

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.frontend.load import ImportOptions, load_network
from spatem_ir.geometry.placing.traffic import communication_bytes
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.overrides import overridden
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.universe import register_dialects

SMALL_PES = {("chip", "pe_rows"): 16, ("pe", "compute_units"): 1, ("cu", "crossbars"): 4}
"""Column blocks in several PEs: partial sums travel too."""


@pytest.mark.parametrize("changes", [{}, SMALL_PES])
@pytest.mark.parametrize(
    ("network", "strategy"), [("lenet", "isaac"), ("lenet", "spatem"), ("deepid", "spatem")]
)
def test_bytes_are_nearly_those_of_the_machine(
    network: str, strategy: str, changes: dict[tuple[str, str], int]
) -> None:
    """Exactly, but for pieces that no window reads outside their home PE."""
    context = Context()
    register_dialects(context)
    module = load_network(network, ImportOptions()).module
    accelerator = overridden(load_accelerator("isaac-ou"), changes)
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    run_pipeline(context, module, f"partition{{strategy={strategy}}},pack,assign,order")
    (stage,) = (op for op in module.ops if isinstance(op, PxbStageOp))
    dataflow = dataflow_of(module)
    homes = {dataflow.nodes[number].name: home for number, home in stage.homes(dataflow).items()}
    counted = communication_bytes(dataflow, stage.placements(), homes, accelerator)
    execution = ReferenceEngine(program_of(module)).run()
    moved = sum(execution.injected_bytes.values()) + execution.io_bytes
    assert moved <= counted <= moved * 1.03
