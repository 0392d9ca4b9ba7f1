"""Area of the chip, as a sum and by component."""

from __future__ import annotations

from spatem_ir.hardware.components import area_parts
from spatem_ir.runtime.metrics.measurement import Measurement
from spatem_ir.runtime.metrics.metric import Line, Metrics, metric


def _area(m: Metrics) -> str:
    known = area_parts()
    parts = (f"{known[key].label} {area:,.2f}" for key, area in m.area_parts_mm2.items())
    return f"{m.area_mm2:,.2f} mm²: {', '.join(parts)}"


@metric("mm²", report=Line("area", _area))
def area_mm2(run: Measurement) -> float:
    """Σ components · area."""
    return round(run.accelerator.area_mm2, 6)


@metric("mm²", scalar=False)
def area_parts_mm2(run: Measurement) -> dict[str, float]:
    """The area by component."""
    return {name: round(area, 6) for name, area in run.accelerator.area_parts_mm2.items()}
