"""Speed of the fast engine: events per CPU second on isaac-ou, one image in flight.

Each network is deployed and executed in a process of its own, on one core.  Elaboration makes
tables from the IR; an event is one of the machine's or a grant of a resource.  The first run of all
compiles the engine, which is not counted.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.measure import run_python

NETWORKS = ("lenet", "deepid", "caffenet", "deepface", "overfeat")


def main() -> None:
    """Print one row per network; peak memory is that of the whole process."""
    run_python(["-m", "benchmarks.fast_engine", "measure", NETWORKS[0]])
    print("network       visits       events  elaborate s  execute s  M events/s  peak MB   cycles")
    for name in NETWORKS:
        cost = run_python(["-m", "benchmarks.fast_engine", "measure", name])
        row = json.loads(cost.output)
        rate = row["events"] / row["execute"] / 1e6
        print(
            f"{name:9} {row['visits']:10,} {row['events']:12,} {row['elaborate']:12.2f} "
            f"{row['execute']:10.2f} {rate:11.1f} {cost.peak_mb:8.0f} {row['cycles']:8,}"
        )


def measure(name: str) -> dict[str, float]:
    """Elaboration and execution time and counts of one network, in this process."""
    from xdsl.context import Context

    from spatem_ir.cli.lowering import lower
    from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
    from spatem_ir.frontend.load import ImportOptions, load_network
    from spatem_ir.hardware.loader import load_accelerator
    from spatem_ir.runtime.machine.fast import FastEngine
    from spatem_ir.runtime.machine.fast_program import fast_program_of

    module = load_network(name, ImportOptions()).module
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(load_accelerator("isaac-ou"))
    lower(Context(), module, "spatem")
    start = time.process_time()
    program = fast_program_of(module)
    elaborated = time.process_time()
    engine = FastEngine(program)
    execution = engine.run()
    executed = time.process_time()
    return {
        "visits": program.visits,
        "events": int(engine.state.totals[0].events),
        "elaborate": elaborated - start,
        "execute": executed - elaborated,
        "cycles": execution.finished[0],
    }


if __name__ == "__main__" and sys.argv[1:2] == ["measure"]:
    print(json.dumps(measure(sys.argv[2])))
