"""Energy of one image: as a sum, what is dynamic and what is static, by component, by operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

from spatem_ir.hardware.component import STATIC
from spatem_ir.hardware.components import energy_parts
from spatem_ir.runtime.energy import energy_parts_nj as energy_of_components
from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Line, Metrics, Row, metric
from spatem_ir.runtime.metrics.time import interval_cycles, latency_ns

OPERATIONS_PER_WEIGHT = 2
"""A multiplication and an addition, as throughputs are counted."""


def _energy(m: Metrics) -> str:
    return f"{m.energy_nj:,} nJ: dynamic {m.dynamic_energy_nj:,}, static {m.static_energy_nj:,}"


@metric(
    "nJ",
    report=Line("energy", _energy),
    column=Line("energy, nJ", "{:,.0f}"),
)
def energy_nj(run: Measurement) -> float:
    """Σ actions · energy per action + power of all components · latency."""
    return round(sum(energy_of_components(run.accelerator, run.actions).values()), 3)


@metric("nJ")
def dynamic_energy_nj(run: Measurement) -> float:
    """The part of the energy that is for actions."""
    return round(_energy_of(run, is_static=False), 3)


@metric("nJ")
def static_energy_nj(run: Measurement) -> float:
    """The part of the energy that all components take in the time, whatever happens."""
    return round(_energy_of(run, is_static=True), 3)


def _energy_of(run: Measurement, *, is_static: bool) -> float:
    known = energy_parts()
    parts = energy_of_components(run.accelerator, run.actions)
    return sum(part for key, part in parts.items() if known[key].is_static == is_static)


def _groups(m: Metrics) -> Iterator[Row]:
    """What each kind of component takes of the energy; what is static comes last."""
    operations = sum(layer.ou_operations for layer in m.layers)
    groups: dict[str, dict[str, float]] = {}
    known = energy_parts()
    for key, energy in m.energy_parts_nj.items():
        groups.setdefault(known[key].group, {})[known[key].label] = energy
    for group, parts in sorted(groups.items(), key=lambda entry: entry[0] == STATIC):
        total = sum(parts.values())
        text = f"{total:,.3f} nJ ({total / m.energy_nj if m.energy_nj else 0:.1%})"
        if len(parts) > 1:
            text += ": " + ", ".join(f"{label} {part:,.3f}" for label, part in parts.items())
        if group == "crossbars":
            text += f"; {1000 * total / operations:,.3f} pJ per OU operation"
        yield f"  {group}", text


@metric("nJ", report=_groups, scalar=False)
def energy_parts_nj(run: Measurement) -> dict[str, float]:
    """The energy by component; what is static in parts of its own."""
    parts = energy_of_components(run.accelerator, run.actions)
    return {component: round(part, 6) for component, part in parts.items()}


@metric("actions", scalar=False)
def actions(run: Measurement) -> dict[str, int]:
    """How often everything happened that takes energy, and the cycles in which it did."""
    return asdict(run.actions)


@metric("nJ · µs", report=Line("energy-delay product", "{:,} nJ · µs"))
def energy_delay_nj_us(run: Measurement) -> float:
    """Energy · latency: lower where neither is bought with the other."""
    return round(energy_nj.value(run) * latency_ns.value(run) / 1000, 3)


def _efficiency(m: Metrics) -> str:
    return f"{m.gops_per_watt:,} GOPS/W at {m.joules_per_image:.4g} J per image"


@metric("J")
def joules_per_image(run: Measurement) -> float:
    """The energy of an image at the throughput: its actions, and power · interval."""
    return float(f"{_pipelined_nj(run) / 1e9:.6g}")


@metric("GOPS/W", report=Line("energy efficiency", _efficiency))
def gops_per_watt(run: Measurement) -> float:
    """Operations of the weight layers, two for a weight and window, by the energy of an image."""
    layers = [node.layer for node in run.dataflow.layers if node.layer is not None]
    weights = sum(layer.weights * layer.windows for layer in layers)
    energy = _pipelined_nj(run)
    return round(OPERATIONS_PER_WEIGHT * weights / energy, 3) if energy else 0.0


def _pipelined_nj(run: Measurement) -> float:
    """What an image takes if each takes the interval, and all of a batch share what is written."""
    at_interval = replace(
        run.actions,
        cycles=interval_cycles.value(run),
        set_pulses=round(run.actions.set_pulses / run.images),
        reset_pulses=round(run.actions.reset_pulses / run.images),
    )
    return sum(energy_of_components(run.accelerator, at_interval).values())
