"""The partial sums that layers send are those that the machine counts."""

from __future__ import annotations

import pytest
from xdsl.context import Context

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.frontend.load import ImportOptions, load_network
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.overrides import overridden
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.study.traffic import partial_sum_bytes
from spatem_ir.universe import register_dialects

SMALL_PES = {("chip", "pe_rows"): 16, ("pe", "compute_units"): 1, ("cu", "crossbars"): 1}
"""A crossbar to a PE: all partial sums of a matrix with several row parts meet at home."""


@pytest.mark.parametrize(
    ("network", "pipeline"),
    [
        ("lenet", "partition{strategy=minimum},pack{method=exclusive},assign,order"),
        ("lenet", "partition{strategy=spatem deal=blocks},pack,assign{homes=tiles},order"),
        ("deepid-cvpr14", "partition{strategy=minimum},pack,assign{method=sequential},order"),
    ],
)
def test_sum_is_that_of_the_machine(network: str, pipeline: str) -> None:
    context = Context()
    register_dialects(context)
    module = load_network(network, ImportOptions()).module
    accelerator = overridden(load_accelerator("isaac-ou"), SMALL_PES)
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    run_pipeline(context, module, pipeline)
    layers = partial_sum_bytes(module)
    execution = ReferenceEngine(program_of(module)).run()
    assert sum(layers.values()) == execution.injected_bytes["partial_sums"]
    assert any(layers.values())
