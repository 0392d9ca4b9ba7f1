"""Free compute units: each crossbar runs its stream, whatever the others of its CU do."""

from __future__ import annotations

from spatem_ir.hardware.component import Actions, Part
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.hardware.parameters import ComputeUnit, Description

DACS = Part("dacs", "crossbars", "DACs")
ADCS = Part("adcs", "crossbars", "ADCs")
CELLS = Part("cells", "crossbars", "cells")
SHIFT_ADDS = Part("shift_adds", "CUs", "shift-and-adds")
INPUT_REGISTERS = Part("input_registers", "CUs", "input registers")

CROSSBARS = Part("crossbars", "crossbars", "crossbars")
UNITS = Part("compute_units", "CUs", "CUs")


class FreeComputeUnits(ComputeUnits):
    """Crossbars that share an input register, equally, and adders, but no clock of operations."""

    Parameters = ComputeUnit
    energies = (DACS, ADCS, CELLS, SHIFT_ADDS, INPUT_REGISTERS)
    areas = (CROSSBARS, UNITS)

    def __init__(self, description: Description):
        super().__init__(description)
        self.parameters = description.cu

    @property
    def crossbars_per_cu(self) -> int:
        """The parameter `cu.crossbars`."""
        return self.parameters.crossbars

    @property
    def cus_per_pe(self) -> int:
        """The parameter `pe.compute_units`."""
        return self.description.pe.compute_units

    @property
    def operation_cycles(self) -> int:
        """R1: the parameter `ou.cycles`; a visit is one operation after the other."""
        return self.description.ou.cycles

    @property
    def pipeline_cycles(self) -> int:
        """R4: the parameter `ou.pipeline_cycles`: sample-and-hold, conversion, shift-and-add."""
        return self.description.ou.pipeline_cycles

    @property
    def operand_bytes(self) -> int:
        """R2: the input register, shared equally by the crossbars of a CU."""
        return self.parameters.input_register_bytes // self.parameters.crossbars

    @property
    def operand_key(self) -> str:
        """Of the table `[cu]`."""
        return "cu.input_register_bytes"

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """Converters and cells during OU operations, registers for what is fetched.

        One shift-and-add follows every conversion.
        """
        energy = self.description.energy
        return {
            DACS: actions.dac_conversions * energy.dac_conversion_pj,
            ADCS: actions.adc_conversions * energy.adc_conversion_pj,
            CELLS: actions.cell_reads * energy.cell_read_pj,
            SHIFT_ADDS: actions.adc_conversions * energy.shift_add_pj,
            INPUT_REGISTERS: actions.registered_bytes * energy.register_byte_pj,
        }

    def area_mm2(self) -> dict[Part, float]:
        """Crossbars with their converters, and what else is in a CU."""
        description = self.description
        cus = description.pes * self.cus_per_pe
        return {
            CROSSBARS: description.crossbars * description.area.crossbar_mm2,
            UNITS: cus * description.area.cu_digital_mm2,
        }
