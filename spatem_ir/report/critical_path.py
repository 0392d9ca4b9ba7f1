"""The critical path of an execution as compact tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from spatem_ir.runtime.critical_path import CriticalPath, PathPart

if TYPE_CHECKING:
    from rich.console import Console

LABELS = {part: "I/O" if part is PathPart.IO else part.value for part in PathPart}
"""The columns: what takes time on a path."""


def print_critical_path(console: Console, path: CriticalPath) -> None:
    """Print what the time is spent on, and how busy resources are."""
    console.print()
    console.print(f"critical path: {path.cycles:,} cycles", style="bold")
    console.print(share_table(path))
    console.print(busy_table(path))


def share_table(path: CriticalPath) -> Table:
    """One row per layer in the order of the path, and the sums: shares of the path."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_footer=False)
    table.add_column("layer")
    parts = [part for part in PathPart if part is not PathPart.WRITE or path.total.cycles[part]]
    for column in (*(LABELS[part] for part in parts), "cycles", "share"):
        table.add_column(column, justify="right")
    rows = [(layer.name, layer.cycles) for layer in path.layers]
    sums = [("total", path.total.cycles), ("of it queueing", path.total.queueing)]
    for number, (name, cycles) in enumerate([*rows, *sums], 1):
        total = sum(cycles.values())
        shares = [_share(cycles[part], path.cycles) for part in parts]
        is_last = number == len(rows)
        table.add_row(name, *shares, f"{total:,}", _share(total, path.cycles), end_section=is_last)
    return table


def busy_table(path: CriticalPath) -> Table:
    """One row per kind of resource: how many were used, how busy they are."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("busy")
    for column in ("used", "mean", "busiest"):
        table.add_column(column, justify="right")
    for kind, busy in path.busy.items():
        table.add_row(kind.value, f"{busy.used:,}", f"{busy.mean:.1%}", f"{busy.most:.1%}")
    return table


def _share(cycles: int, total: int) -> str:
    return f"{cycles / total:.1%}" if cycles else ""
