"""Energy of one image, as a sum and by component."""

from __future__ import annotations

from collections.abc import Iterator

from spatem_ir.hardware.components import energy_parts
from spatem_ir.runtime.energy import energy_parts_nj as energy_of_components
from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Line, Metrics, Row, metric
from spatem_ir.runtime.metrics.time import latency_ns


@metric(
    "nJ",
    report=Line("energy", "{:,} nJ"),
    column=Line("energy, nJ", "{:,.0f}"),
)
def energy_nj(run: Measurement) -> float:
    """Σ actions · energy per action."""
    parts = energy_of_components(run.accelerator, run.layers, run.execution)
    return round(sum(parts.values()), 3)


def _groups(m: Metrics) -> Iterator[Row]:
    """What each kind of component takes of the energy."""
    operations = sum(layer.ou_operations for layer in m.layers)
    groups: dict[str, dict[str, float]] = {}
    known = energy_parts()
    for key, energy in m.energy_parts_nj.items():
        groups.setdefault(known[key].group, {})[known[key].label] = energy
    for group, parts in groups.items():
        total = sum(parts.values())
        text = f"{total:,.3f} nJ ({total / m.energy_nj if m.energy_nj else 0:.1%})"
        if len(parts) > 1:
            text += ": " + ", ".join(f"{label} {part:,.3f}" for label, part in parts.items())
        if group == "crossbars":
            text += f"; {1000 * total / operations:,.3f} pJ per OU operation"
        yield f"  {group}", text


@metric("nJ", report=_groups, scalar=False)
def energy_parts_nj(run: Measurement) -> dict[str, float]:
    """The energy by component."""
    parts = energy_of_components(run.accelerator, run.layers, run.execution)
    return {component: round(part, 6) for component, part in parts.items()}


@metric("nJ · µs", report=Line("energy-delay product", "{:,} nJ · µs"))
def energy_delay_nj_us(run: Measurement) -> float:
    """Energy · latency: lower where neither is bought with the other."""
    return round(energy_nj.value(run) * latency_ns.value(run) / 1000, 3)
