"""The report of a run as compact tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spatem_ir.hardware.parameters import AdcMode
from spatem_ir.report.critical_path import print_critical_path
from spatem_ir.report.names import shortened
from spatem_ir.runtime.metrics.layer_metrics import shown_columns
from spatem_ir.runtime.metrics.register import all_metrics
from spatem_ir.support.messages import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.driver.checks import ModelDifferences
    from spatem_ir.driver.run import RunResult
    from spatem_ir.exchange.fidelity import Fidelity
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.metrics.layer_metrics import LayerMetrics

GAP = 3
"""Characters between two columns of a table of layers; two more are left and right of it."""

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
        console.print(layer_table(result.metrics.layers, console.width))
    console.print(metric_table(result))
    if result.critical_path is not None:
        print_critical_path(console, result.critical_path)


def print_times(times: Sequence[tuple[str, float]]) -> None:
    """Print how many seconds each step of a run took to standard output."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_footer=True)
    table.add_column("step", footer="all steps")
    total = sum(seconds for _, seconds in times)
    table.add_column("seconds", justify="right", footer=f"{total:.2f}")
    for step, seconds in times:
        table.add_row(step, f"{seconds:.2f}")
    report_console().print(table)


class PlainConsole(Console):
    """A console on which text is only text: no markup, nothing that a terminal obeys."""

    def __init__(self, width: int | None = None):
        super().__init__(highlight=False, markup=False, emoji=False, width=width)

    def render_str(self, text: str, **options: Any) -> Text:
        """Text to be shown."""
        return super().render_str(printable(text), **options)


def report_console() -> Console:
    """A console that is wide enough for the tables."""
    return PlainConsole(max(Console().width, LEAST_WIDTH))


def layer_table(layers: Sequence[LayerMetrics], width: int) -> Table:
    """One row per layer: grid, tiles, crossbars, OU operations, lossless ADCs and busy share.

    Names of layers are shortened where the table would be wider than `width`.
    """
    shown = shown_columns()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    columns = [
        [column.text(getattr(layer, name)) for layer in layers] for name, column in shown.items()
    ]
    widths = [
        max(map(len, (column.header, *texts)))
        for column, texts in zip(shown.values(), columns, strict=True)
    ]
    for name, column in shown.items():
        table.add_column(column.header, justify="left" if name == "name" else "right", no_wrap=True)
    names, *others = columns
    left = width - sum(widths[1:]) - GAP * len(others) - 2
    for row in zip(shortened(names, left), *others, strict=True):
        table.add_row(*row)
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
    measured = result.metrics
    rows = [row for each in all_metrics().values() if measured for row in each.rows(measured)]
    return rows + dispatch_rows(result) + value_rows(result)


def dispatch_rows(result: RunResult) -> list[tuple[str, str]]:
    """What free dispatch gained over the order of the crossbars' programs, if it was asked for."""
    simulation = result.simulation
    if simulation is None or simulation.static_cycles is None:
        return []
    free, static = simulation.latency_cycles, simulation.static_cycles
    return [("dispatch", f"free: {(free - static) / static:+.2%} of {static:,} cycles in order")]


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
    if result.fidelity is not None:
        rows.append(("float model", fidelity_text(result.fidelity)))
    if result.model_differences is not None and result.model_differences.elements:
        rows.append(("given model", differences_text(result.model_differences)))
    return rows


def fidelity_text(fidelity: Fidelity) -> str:
    """How far a network is from the float32 model that was given."""
    output, layer = fidelity.worst_output, fidelity.worst_layer
    where = "the output" if len(fidelity.outputs) == 1 else f"output '{output.name}'"
    texts = [f"SQNR {output.sqnr_db:.1f} dB at {where}"]
    if layer is not None:
        texts.append(f"at worst {layer.sqnr_db:.1f} dB in layer {layer.name}")
    if fidelity.top1_agreement is not None:
        texts.append(f"{fidelity.top1_agreement:.2%} have its top class")
    inputs = "input" if fidelity.images == 1 else "inputs"
    return f"{', '.join(texts)}, on {fidelity.images} {fidelity.inputs} {inputs}"


def differences_text(differences: ModelDifferences) -> str:
    """How outputs differ from those of the quantised model that was given."""
    codes, rounding = differences.most_codes, differences.rounding
    text = f"{differences.elements:,} output elements differ as onnxruntime optimises it"
    if codes is not None:
        text += f", by {_codes(codes)} at most"
    if rounding is not None:
        text += (
            f"; operator by operator {rounding.differing:,} of {rounding.elements:,} codes, by "
            f"{_codes(rounding.most_codes)} at most"
        )
    return text


def _codes(number: int) -> str:
    return f"{number} code" if number == 1 else f"{number:,} codes"


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
