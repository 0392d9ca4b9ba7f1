"""Compile and simulate: CPU time and memory of one image on the fast engine, phase by phase.

Each network is loaded, deployed, verified and executed in a process of its own, on one core.
`verify` is the pass that runs before every execution, `elaborate` makes the engine's tables from
the IR, and an event is one of the machine's or a grant of a resource.  `CPU s` and `peak MB` are
those of the whole process with Python's start and all imports; a first run of the smallest network,
which compiles the engine, is not counted.  `x4` is isaac-ou with four times as many
PEs and with buffers of 128 KiB, which 16-bit activations need.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from typing import NamedTuple

from benchmarks.measure import ONE_THREAD, run_python


class Case(NamedTuple):
    """A network and how it is deployed.

    `scale` multiplies both sides of the mesh and the buffers, `bits` are those of weights and
    activations (0: the network's own); `seconds` and `gigabytes` are what the process may take.
    """

    network: str
    strategy: str = "spatem"
    scale: int = 1
    bits: int = 0
    seconds: float | None = None
    gigabytes: float | None = None

    @property
    def title(self) -> str:
        """The case in a few words."""
        bits = f" {self.bits} bits" if self.bits else ""
        return f"{self.network}{bits} {self.strategy}{' x4' * (self.scale == 2)}"


CASES = (
    Case("lenet"),
    Case("deepid"),
    Case("deepface"),
    Case("caffenet", "minimum", scale=2, bits=16, seconds=4, gigabytes=1),
    Case("caffenet", seconds=20, gigabytes=3),
    Case("overfeat", seconds=20, gigabytes=3),
    Case("squeezenet", seconds=4),
    Case("resnet50", "isaac", seconds=20),
    Case("vgg19", "isaac", scale=2, seconds=60, gigabytes=8),
    Case("inception_v1", "isaac"),
    Case("inception_v2", "isaac"),
    Case("shufflenet", "isaac"),
    Case("densenet121", "isaac"),
)

PHASES = ("load", "compile", "verify", "elaborate", "execute")


def main() -> None:
    """Print one row per case."""
    run_python(["-m", "benchmarks.fast_engine", "0"])
    print(f"{'':28} {'load':>6} compile verify elaborate execute  CPU s peak MB   allowed", end="")
    print(f" {'visits':>11} {'events':>12} M events/s {'cycles':>12}")
    for number, case in enumerate(CASES):
        try:
            cost = run_python(["-m", "benchmarks.fast_engine", str(number)], ONE_THREAD)
        except RuntimeError as error:
            print(f"{case.title:28} {str(error).splitlines()[-1]}", flush=True)
            continue
        row = json.loads(cost.output)
        seconds = "" if case.seconds is None else f"{case.seconds:g} s"
        memory = "" if case.gigabytes is None else f"{case.gigabytes:g} GB"
        print(
            f"{case.title:28} {row['load']:6.2f} {row['compile']:7.2f} {row['verify']:6.2f} "
            f"{row['elaborate']:9.2f} {row['execute']:7.2f} {cost.cpu_seconds:6.1f} "
            f"{cost.peak_mb:7,.0f} {seconds:>4} {memory:>4} {row['visits']:11,} "
            f"{row['events']:12,} {row['events'] / row['execute'] / 1e6:10.1f} {row['cycles']:12,}",
            flush=True,
        )


def measure(case: Case) -> dict[str, float]:
    """CPU seconds of each phase, and counts, of a case in this process.

    The process is one such as `spatem-run`'s.
    """
    from dataclasses import replace

    from xdsl.context import Context

    from spatem_ir.cli.process import tune_process
    from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
    from spatem_ir.dialects.level import Level
    from spatem_ir.driver.pipeline import remaining_pipeline, run_pipeline
    from spatem_ir.frontend.load import ImportOptions, load_network
    from spatem_ir.hardware.loader import load_accelerator
    from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
    from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
    from spatem_ir.runtime.machine.fast.engine import FastEngine

    tune_process()
    isaac = load_accelerator("isaac-ou")
    rows, columns = isaac.chip.pe_rows * case.scale, isaac.chip.pe_columns * case.scale
    accelerator = replace(
        isaac,
        chip=replace(isaac.chip, pe_rows=rows, pe_columns=columns),
        pe=replace(isaac.pe, buffer_bytes=isaac.pe.buffer_bytes * case.scale),
    )
    times = [time.process_time()]
    options = ImportOptions(weight_bits=case.bits or None, activation_bits=case.bits or None)
    module = load_network(case.network, options).module
    times.append(time.process_time())
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    run_pipeline(Context(), module, remaining_pipeline(Level.CNN, case.strategy))
    times.append(time.process_time())
    VerifyDeploymentPass().apply(Context(), module)
    times.append(time.process_time())
    program = fast_program_of(module)
    times.append(time.process_time())
    engine = FastEngine(program)
    execution = engine.run()
    times.append(time.process_time())
    phases = [end - start for start, end in pairwise(times)]
    return {
        **dict(zip(PHASES, phases, strict=True)),
        "visits": program.visits,
        "events": int(engine.state.totals[0].events),
        "cycles": execution.finished[0],
    }


if __name__ == "__main__":
    print(json.dumps(measure(CASES[int(sys.argv[1])])))
