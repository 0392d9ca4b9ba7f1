"""Energy of an execution by component: Σ actions · energy per action."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.runtime.machine.execution import Execution
    from spatem_ir.runtime.metrics.layer_metrics import LayerMetrics

ENERGY_GROUPS = {
    "crossbars": {"dacs": "DACs", "adcs": "ADCs", "cells": "cells"},
    "CUs": {"shift_adds": "shift-and-adds", "input_registers": "input registers"},
    "merging": {"merging_adders": "adders of CUs and PEs"},
    "PEs": {
        "buffers": "buffers and ports",
        "activation_units": "activation",
        "pooling_units": "pooling",
    },
    "network": {"links": "links and routers"},
    "chip port": {"io": "I/O"},
}
"""The components of :func:`energy_parts_nj` by where they are, each with what it is called."""


def energy_parts_nj(
    accelerator: Accelerator, layers: Sequence[LayerMetrics], execution: Execution
) -> dict[str, float]:
    """The energy of one image by component, nanojoule.

    Converters and cells work during OU operations; one shift-and-add follows every conversion.
    `buffers` are PE buffers with their ports to the CUs; a fetched operand is charged there once,
    and in the input register of each crossbar that it is for.
    """
    energy = accelerator.energy
    conversions = sum(layer.adc_conversions for layer in layers)
    picojoule = {
        "dacs": sum(layer.dac_conversions for layer in layers) * energy.dac_conversion_pj,
        "adcs": conversions * energy.adc_conversion_pj,
        "cells": sum(layer.cell_reads for layer in layers) * energy.cell_read_pj,
        "shift_adds": conversions * energy.shift_add_pj,
        "input_registers": execution.register_bytes * energy.register_byte_pj,
        "merging_adders": execution.additions * energy.shift_add_pj,
        "buffers": execution.fetched_bytes * energy.buffer_byte_pj,
        "activation_units": execution.activated_values * energy.activation_pj,
        "pooling_units": execution.pooled_values * energy.pooling_pj,
        "links": execution.byte_hops * energy.link_byte_pj,
        "io": execution.io_bytes * energy.io_byte_pj,
    }
    return {component: energy / 1000 for component, energy in picojoule.items()}
