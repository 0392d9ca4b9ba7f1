"""Growth of compile time, simulation time and memory with windows, tiles and crossbars.

One layer on a synthetic chip, one axis at a time, each size in a process of its own on one core:

* windows: a 3 x 3 convolution of 32 to 64 channels on 384 crossbars, on ever larger maps;
* tiles: a 1 x 1 convolution on 256 positions with ever more channels, one tile per crossbar;
* crossbars: 1,048,576 windows of one tile, shared by copies of it on all crossbars of the chip.

`compile` is pack, assign and order, `simulate` the elaboration and the event loop.  Exponents are
slopes in the double logarithmic plot, over all sizes and over the last step: 1 is linear growth.
`python -m benchmarks.scaling FILE.svg` also plots.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, NamedTuple

from benchmarks.measure import ONE_THREAD, run_python


class Case(NamedTuple):
    """A convolution of `kernel` x `kernel` and its grid, on a mesh of square PEs.

    `side` is that of its map; `rows` and `columns` are the parts of `height` rows and 32 columns
    into which its matrix is cut, `copies` those that share the windows; `pes` are the sides of the
    mesh.
    """

    kernel: int
    side: int
    height: int
    rows: int
    columns: int
    copies: int
    pes: tuple[int, int]

    @property
    def windows(self) -> int:
        """Windows of the layer."""
        return self.side**2

    @property
    def tiles(self) -> int:
        """Tiles of all copies, one on each crossbar that is used."""
        return self.rows * self.columns * self.copies

    @property
    def crossbars(self) -> int:
        """Crossbars of the chip."""
        return self.pes[0] * self.pes[1] * CROSSBARS_PER_PE

    @property
    def text(self) -> str:
        """The layer as IR of level `mvm`."""
        channels, features = self.height * self.rows // self.kernel**2, 32 * self.columns
        pad, k = self.kernel // 2, self.kernel
        source = f"tensor<{channels}x{self.side}x{self.side}xui8>"
        result = f"tensor<{features}x{self.side}x{self.side}xui8>"
        grid = f"hwm = {self.rows}, wwm = {self.columns}, iw = {self.copies} cyclic, ib = 1"
        return f"""
            cnn.network @net(%0: {source}) {{
              %1 = mvm.layer @layer %0 <{k}x{k}, pads [{pad}, {pad}, {pad}, {pad}]>
                weights #cnn.seeded<0, tensor<{features}x{channels}x{k}x{k}xsi8>> scale 0.5
                matrix {self.height * self.rows}x{features} windows {self.windows}
                grid <{grid}, tile {self.height}x32> : {source} -> {result}
              cnn.output %1 : {result}
            }}"""


CUS_PER_PE, CROSSBARS_PER_CU = 128, 8
CROSSBARS_PER_PE = CUS_PER_PE * CROSSBARS_PER_CU

AXES = {
    "windows": [Case(3, side, 96, 3, 2, 64, (4, 4)) for side in (64, 128, 256, 512)],
    "tiles": [Case(1, 16, 96, parts, parts, 1, (4, 4)) for parts in (8, 16, 32, 64, 128)],
    "crossbars": [
        Case(1, 1024, 16, 1, 1, rows * columns * CROSSBARS_PER_PE, (rows, columns))
        for rows, columns in ((2, 2), (4, 4), (8, 8), (16, 16), (32, 32))
    ],
}

MEASURED = ("compile", "simulate", "peak_mb")


def main() -> dict[str, list[dict[str, float]]]:
    """Print a table and the exponents of each axis; returns the rows of the tables."""
    run_python(["-m", "benchmarks.scaling", "windows", "0"])
    tables = {}
    for axis, cases in AXES.items():
        print(f"{axis:>11}      visits       events  compile s  simulate s  M events/s  peak MB")
        rows = tables[axis] = []
        for number, case in enumerate(cases):
            cost = run_python(["-m", "benchmarks.scaling", axis, str(number)], ONE_THREAD)
            row = {**json.loads(cost.output), "size": getattr(case, axis), "peak_mb": cost.peak_mb}
            rows.append(row)
            print(
                f"{row['size']:11,} {row['visits']:11,} {row['events']:12,} {row['compile']:10.2f} "
                f"{row['simulate']:11.2f} {row['events'] / row['execute'] / 1e6:11.1f} "
                f"{row['peak_mb']:8,.0f}",
                flush=True,
            )
        for name, chosen in (("exponent", rows), ("last step", rows[-2:])):
            slopes = [f"{exponent(chosen, quantity):.2f}" for quantity in MEASURED]
            print(f"{name:>36} {slopes[0]:>10} {slopes[1]:>11} {slopes[2]:>20}")
        print()
    return tables


def exponent(rows: list[dict[str, float]], quantity: str) -> float:
    """The slope of the least-squares line through the logarithms of sizes and of a quantity."""
    import numpy as np

    sizes, values = (np.log([row[name] for row in rows]) for name in ("size", quantity))
    return float(np.polyfit(sizes, values, 1)[0])


def measure(case: Case) -> dict[str, float]:
    """CPU seconds of compilation and simulation, and counts, of a case in this process."""
    from dataclasses import replace

    from xdsl.context import Context
    from xdsl.parser import Parser

    from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
    from spatem_ir.dialects.level import Level
    from spatem_ir.driver.pipeline import remaining_pipeline, run_pipeline
    from spatem_ir.hardware.loader import load_accelerator
    from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
    from spatem_ir.runtime.machine.fast.engine import FastEngine
    from spatem_ir.universe import register_dialects

    isaac, (rows, columns) = load_accelerator("isaac-ou"), case.pes
    accelerator = replace(
        isaac,
        chip=replace(isaac.chip, pe_rows=rows, pe_columns=columns),
        pe=replace(isaac.pe, compute_units=CUS_PER_PE, buffer_bytes=2**31 - 1),
        cu=replace(isaac.cu, crossbars=CROSSBARS_PER_CU),
    )
    context = Context()
    register_dialects(context)
    start = time.process_time()
    module = Parser(context, case.text).parse_module()
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    run_pipeline(context, module, remaining_pipeline(Level.MVM))
    compiled = time.process_time()
    program = fast_program_of(module)
    elaborated = time.process_time()
    engine = FastEngine(program)
    engine.run()
    executed = time.process_time()
    return {
        "compile": compiled - start,
        "simulate": executed - compiled,
        "execute": executed - elaborated,
        "visits": program.visits,
        "events": int(engine.state.totals[0].events),
    }


def plot(tables: dict[str, list[dict[str, float]]], file: str) -> None:
    """Draw CPU time and peak memory against the size of each axis, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "scaling"})
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(2, len(tables), figsize=(10, 6), sharex="col", sharey="row")
    labels = {"compile": "compile, CPU s", "simulate": "simulate, CPU s", "peak_mb": "peak, MB"}
    for column, (axis, rows) in enumerate(tables.items()):
        sizes = [row["size"] for row in rows]
        for panel, quantities in zip(panels[:, column], (MEASURED[:2], MEASURED[2:]), strict=True):
            for quantity in quantities:
                values = [row[quantity] for row in rows]
                panel.loglog(sizes, values, marker="o", label=labels[quantity])
            last = rows[-1][quantities[-1]]
            linear = [last * size / sizes[-1] for size in sizes]
            panel.loglog(sizes, linear, linestyle=":", color="grey", label="linear")
            panel.minorticks_off()
            panel.grid(visible=True, alpha=0.3)
        panels[1, column].set_xlabel(axis)
    for panel in panels[:, 0]:
        panel.legend(fontsize="small")
    figure.tight_layout()
    metadata: dict[str, Any] = {"Date": None}
    figure.savefig(file, metadata=metadata)


if __name__ == "__main__":
    if sys.argv[1] in AXES:
        print(json.dumps(measure(AXES[sys.argv[1]][int(sys.argv[2])])))
    else:
        plot(main(), sys.argv[1])
