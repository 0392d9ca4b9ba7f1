"""Every network on a chip with a tenth of the crossbars that it needs: in stages, with values.

    python -m benchmarks.small_chips [--strategy isaac] [NETWORK …] > table.md

The chip is `isaac-ou` with fewer PEs; of a network that needs few crossbars it is one PE with fewer
CUs, or one CU with fewer crossbars.  Printed are rows of a Markdown table: crossbars that one copy
of each layer takes, those of the chip, stages, cycles of an image, of these the ones in which a
stage waits for cells, and CPU seconds of everything.  Values of one random image at level `ou` are
those of the integer reference, or the row says so.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from time import process_time

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.stages import stage_modules
from spatem_ir.driver.checks import equals_reference
from spatem_ir.driver.compile import compile_network
from spatem_ir.driver.inputs import input_images
from spatem_ir.frontend.load import load_network, network_names
from spatem_ir.frontend.options import ImportOptions
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition.whole_crossbars import whole_crossbars_of
from spatem_ir.support.errors import SpatemError

SHARE = 10
"""How many times more crossbars a network needs than there are."""

HEADER = """| network | needs crossbars | has | stages | cycles | waiting for cells | values | s |
|---|---:|---:|---:|---:|---:|---|---:|"""


def smaller(machine: Accelerator, crossbars: int) -> Accelerator:
    """A machine with at most so many crossbars: fewer PEs, then fewer CUs, then less in each."""
    pes = max(1, min(machine.pes, crossbars // machine.crossbars_per_pe))
    rows = max(n for n in range(1, int(pes**0.5) + 1) if pes % n == 0)
    cus = max(1, min(machine.cus_per_pe, crossbars // machine.crossbars_per_cu // pes))
    each = max(1, min(machine.crossbars_per_cu, crossbars // pes // cus))
    return replace(
        machine,
        name=f"{machine.name}-{pes * cus * each}",
        chip=replace(machine.chip, pe_rows=rows, pe_columns=pes // rows),
        pe=replace(machine.pe, compute_units=cus),
        cu=replace(machine.cu, crossbars=each),
    )


def row(name: str, strategy: str) -> str:
    """The row of a network."""
    began = process_time()
    machine = load_accelerator("isaac-ou")
    loaded = load_network(name, ImportOptions()).module
    layers = [op.layer for op in loaded.walk() if isinstance(op, WeightLayerOp)]
    needed = sum(whole_crossbars_of(layer, machine).crossbars for layer in layers)
    chip = smaller(machine, max(1, needed // SHARE))
    size = f"| {name} | {needed:,} | {chip.crossbars:,} "
    try:
        deployment = compile_network(name, chip, strategy=strategy)
        images, _ = input_images(deployment.source, count=1)
        outputs = deployment.run(*images)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        same = equals_reference(deployment, images, outputs)
        found = deployment.simulate()
    except SpatemError as error:
        return f"{size}| — | — | — | {error} | {process_time() - began:.0f} |"
    return (
        f"{size}| {len(stage_modules(deployment.module))} | {found.latency_cycles:,} "
        f"| {found.write_wait_cycles:,} | {'equal' if same else 'different'} "
        f"| {process_time() - began:.0f} |"
    )


def main() -> None:
    """Print the rows of the networks that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=network_names())
    parser.add_argument("--strategy", default="isaac")
    arguments = parser.parse_args()
    print(HEADER, flush=True)
    for name in arguments.networks:
        print(row(name, arguments.strategy), flush=True)


if __name__ == "__main__":
    sys.exit(main())
