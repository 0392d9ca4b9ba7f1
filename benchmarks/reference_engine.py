"""Speed of the reference engine: visits per CPU second on isaac-ou."""

from __future__ import annotations

import time

NETWORKS = ("lenet-digits", "lenet", "deepid")


def main() -> None:
    """Print elaboration and execution time of the networks that the reference engine is for."""
    from xdsl.context import Context

    from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
    from spatem_ir.dialects.level import Level
    from spatem_ir.driver.pipeline import remaining_pipeline, run_pipeline
    from spatem_ir.frontend.load import ImportOptions, load_network
    from spatem_ir.hardware.loader import load_accelerator
    from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
    from spatem_ir.runtime.machine.reference.program import program_of

    print("network         visits  elaborate s  execute s  visits/s  latency cycles")
    for name in NETWORKS:
        module = load_network(name, ImportOptions()).module
        module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(load_accelerator("isaac-ou"))
        run_pipeline(Context(), module, remaining_pipeline(Level.CNN))
        start = time.process_time()
        program = program_of(module)
        elaborated = time.process_time()
        execution = ReferenceEngine(program).run()
        executed = time.process_time()
        print(
            f"{name:13} {program.visits:8d} {elaborated - start:12.2f} "
            f"{executed - elaborated:10.2f} {program.visits / (executed - elaborated):9.0f} "
            f"{execution.finished[0]:15d}"
        )
