"""The table of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from spatem_ir.report.tables import analog_text, report_console

if TYPE_CHECKING:
    from spatem_ir.driver.sweep import SweepResult

MEASURES = {
    "accuracy": "images that are classified as labelled",
    "agreement": "images with the top class of the exact network",
}
"""What the shares of the table are of."""


def print_sweep(result: SweepResult) -> None:
    """Print the shares of all combinations to standard output."""
    console = report_console()
    images = "1 image" if result.images == 1 else f"{result.images} images"
    console.print(f"{result.network} on {result.accelerator.name}, {images}", style="bold")
    console.print(f"{result.measure}: {MEASURES[result.measure]}; exact network {result.exact:.2%}")
    console.print(f"analog: {analog_text(result.accelerator, swept=True)}")
    console.print(sweep_table(result))


def sweep_table(result: SweepResult) -> Table:
    """ADC bits down, deviations of the cells across."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("ADC bits")
    sigmas = list(dict.fromkeys(point.cell_sigma for point in result.points))
    for sigma in sigmas:
        table.add_column(f"cell sigma {sigma:g}", justify="right")
    for first in range(0, len(result.points), len(sigmas)):
        row = result.points[first : first + len(sigmas)]
        bits = f"{row[0].adc_bits} (lossless)" if row[0].lossless else str(row[0].adc_bits)
        table.add_row(bits, *(f"{point.share:.2%}" for point in row))
    return table
