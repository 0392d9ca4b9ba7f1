"""The report of a run as compact tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from spatem_ir.hardware.accelerator import AdcMode
from spatem_ir.report.critical_path import print_critical_path
from spatem_ir.runtime.energy import ENERGY_GROUPS

if TYPE_CHECKING:
    from spatem_ir.driver.run import RunResult
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.metrics import Metrics

AREA_LABELS = {
    "crossbars": "crossbars",
    "compute_units": "CUs",
    "processing_elements": "PEs",
    "chip_io": "chip port",
}
"""What the components of the chip's area are called."""

LEAST_WIDTH = 110
"""Columns of the report where the terminal is narrower or unknown."""


def print_report(result: RunResult) -> None:
    """Print the layers and the metrics of a run to standard output."""
    console = report_console()
    title = f"{result.network} on {result.accelerator.name}"
    if result.strategy is not None:
        title += f", strategy {result.strategy}"
    console.print(title, style="bold")
    if result.metrics is not None:
        console.print(layer_table(result.metrics))
    console.print(metric_table(result))
    if result.critical_path is not None:
        print_critical_path(console, result.critical_path)


def report_console() -> Console:
    """A console that is wide enough for the tables."""
    console = Console(highlight=False)
    return Console(highlight=False, width=max(console.width, LEAST_WIDTH))


def layer_table(metrics: Metrics) -> Table:
    """One row per layer: grid, tiles, crossbars, OU operations, lossless ADCs and busy share."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer")
    numbers = ("matrix", "hwm x wwm x iw x ib", "tiles", "crossbars", "OU operations")
    for column in (*numbers, "lossless", "busy"):
        table.add_column(column, justify="right")
    for layer in metrics.layers:
        table.add_row(
            layer.name,
            layer.matrix,
            layer.grid,
            f"{layer.tiles:,}",
            f"{layer.crossbars:,}",
            f"{layer.ou_operations:,}",
            "yes" if layer.lossless else "no",
            "" if layer.busy_share is None else f"{layer.busy_share:.1%}",
        )
    return table


def metric_table(result: RunResult) -> Table:
    """The network's metrics, one per row."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column()
    for name, text in metric_rows(result):
        table.add_row(name, text)
    return table


def metric_rows(result: RunResult) -> list[tuple[str, str]]:
    """Names and values of all that was measured."""
    rows = [] if result.metrics is None else machine_rows(result.metrics)
    return rows + value_rows(result)


def machine_rows(m: Metrics) -> list[tuple[str, str]]:
    """Names and values of what the machine does."""
    rows: list[tuple[str, str]] = []
    if m.latency_cycles is not None:
        rows += [
            (
                "latency",
                f"{m.latency_cycles:,} cycles = {m.latency_ou_cycles:,} OU cycles = "
                f"{m.latency_ns:,} ns",
            ),
            ("interval", f"{m.interval_cycles:,.0f} cycles = {m.images_per_second:,.0f} images/s"),
            ("computation parallelism", f"{m.computation_parallelism:,} busy crossbars on average"),
            (
                "communication",
                f"{m.communication_bytes:,} bytes: inputs {m.input_bytes:,}, activations "
                f"{m.activation_bytes:,}, partial sums {m.partial_sum_bytes:,}, I/O {m.io_bytes:,}",
            ),
            ("byte-hops", f"{m.byte_hops:,}"),
        ]
    rows += [
        (
            "cells used",
            f"{m.cells_used:,} of {m.cells_total:,} ({m.cells_used / m.cells_total:.2%})",
        ),
        (
            "crossbars used",
            f"{m.crossbars_used:,} of {m.crossbars_total:,} "
            f"({m.crossbars_used / m.crossbars_total:.2%})",
        ),
    ]
    bound = (
        f"{m.lower_bound_cycles:,} cycles by {m.lower_bound_name} "
        f"(work {m.work_bound_cycles:,}, path {m.path_bound_cycles:,})"
    )
    if m.optimality_gap is not None:
        bound += f"; latency is {m.optimality_gap:.2f} x that"
    rows.append(("lower bound", bound))
    if m.peak_buffer_bytes is not None:
        peak = f"{m.peak_buffer_bytes:,} of {m.buffer_bytes:,} bytes in PE {m.peak_buffer_pe}"
        rows.append(("peak buffer", peak))
    rows += energy_rows(m)
    parts = (f"{label} {m.area_parts_mm2[part]:,.2f}" for part, label in AREA_LABELS.items())
    rows.append(("area", f"{m.area_mm2:,.2f} mm²: {', '.join(parts)}"))
    return rows


def energy_rows(m: Metrics) -> list[tuple[str, str]]:
    """The energy of an image: the sum, and what each kind of component takes of it."""
    if m.energy_nj is None or m.energy_parts_nj is None:
        return []
    rows = [("energy", f"{m.energy_nj:,} nJ")]
    operations = sum(layer.ou_operations for layer in m.layers)
    for group, labels in ENERGY_GROUPS.items():
        parts = {label: m.energy_parts_nj[component] for component, label in labels.items()}
        total = sum(parts.values())
        text = f"{total:,.3f} nJ ({total / m.energy_nj if m.energy_nj else 0:.1%})"
        if len(parts) > 1:
            text += ": " + ", ".join(f"{label} {part:,.3f}" for label, part in parts.items())
        if group == "crossbars":
            text += f"; {1000 * total / operations:,.3f} pJ per OU operation"
        rows.append((f"  {group}", text))
    return rows


def value_rows(result: RunResult) -> list[tuple[str, str]]:
    """What was found of the values."""
    rows: list[tuple[str, str]] = []
    if not result.exact:
        rows.append(("analog", analog_text(result.accelerator)))
    if result.agreement is not None:
        rows.append(("agreement", f"{result.agreement:.2%} have the exact network's top class"))
    if result.accuracy is not None:
        rows.append(("accuracy", f"{result.accuracy:.2%} on {result.images} held-out images"))
    if result.outputs_match is not None:
        verdict = "equal to" if result.outputs_match else "DIFFERENT from"
        check = "every level" if result.check == "levels" else result.check
        images = "1 image" if result.images == 1 else f"{result.images} images"
        rows.append(("outputs", f"{verdict} {check} on {images}"))
    if result.tensors is not None:
        found = result.tensors
        rows.append(("tensors", f"{found.tensors:,} with {found.elements:,} elements compared"))
        if found.first_difference is not None:
            rows.append(("first difference", str(found.first_difference)))
    return rows


def analog_text(accelerator: Accelerator, *, swept: bool = False) -> str:
    """What is not exact in an accelerator's arithmetic; without what is `swept`, if anything is."""
    analog, bits = accelerator.analog, accelerator.ou.adc_bits
    modes = {
        AdcMode.LOSSLESS: "lossless ADCs",
        AdcMode.CLIP: "ADCs clip" if swept else f"{bits}-bit ADCs clip above {2**bits - 1}",
        AdcMode.ROUND: "ADCs round" if swept else f"{bits}-bit ADCs round to {2**bits} levels",
    }
    texts = [modes[analog.adc_mode], f"{analog.encoding} weights"]
    if analog.cell_sigma and not swept:
        texts.append(f"cell sigma {analog.cell_sigma:g}")
    if analog.stuck_at_zero or analog.stuck_at_one:
        texts.append(f"{analog.stuck_at_zero:.2%} / {analog.stuck_at_one:.2%} stuck at 0 / 1")
    if analog.read_noise:
        texts.append(f"read noise {analog.read_noise:g}")
    return ", ".join([*texts, f"seed {analog.seed}"])
