"""Energy of an execution by component: Σ actions · energy per action, and power · time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.hardware.component import Actions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.machine.execution import Execution
    from spatem_ir.runtime.metrics.layer_metrics import LayerMetrics


def actions_of(layers: Sequence[LayerMetrics], execution: Execution) -> Actions:
    """How often an execution of one image did what takes energy, and how long it took."""
    return Actions(
        cycles=execution.ended,
        dac_conversions=sum(layer.dac_conversions for layer in layers),
        adc_conversions=sum(layer.adc_conversions for layer in layers),
        cell_reads=sum(layer.cell_reads for layer in layers),
        registered_bytes=execution.register_bytes,
        additions=execution.additions,
        fetched_bytes=execution.fetched_bytes,
        written_bytes=execution.buffers.written_bytes,
        read_bytes=execution.buffers.read_bytes,
        activated_values=execution.activated_values,
        pooled_values=execution.pooled_values,
        link_bytes=execution.byte_hops,
        io_bytes=execution.io_bytes,
        external_bytes=execution.external_bytes,
        set_pulses=0 if execution.staged is None else execution.staged.set_pulses,
        reset_pulses=0 if execution.staged is None else execution.staged.reset_pulses,
    )


def energy_parts_nj(accelerator: Accelerator, actions: Actions) -> dict[str, float]:
    """The energy of so many actions by part of a component, nanojoule."""
    parts = accelerator.components.energy_pj(actions)
    return {part.key: picojoule / 1000 for part, picojoule in parts.items()}
