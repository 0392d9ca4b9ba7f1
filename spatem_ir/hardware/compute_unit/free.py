"""Free compute units: each crossbar runs its stream, whatever the others of its CU do."""

from __future__ import annotations

from spatem_ir.hardware.component import STATIC, Actions, Part
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.hardware.parameters import ComputeUnit, Description

DACS = Part("dacs", "crossbars", "DACs")
ADCS = Part("adcs", "crossbars", "ADCs")
CELLS = Part("cells", "crossbars", "cells")
SHIFT_ADDS = Part("shift_adds", "CUs", "shift-and-adds")
INPUT_REGISTERS = Part("input_registers", "CUs", "input registers")

STATIC_CROSSBARS = Part("static_crossbars", STATIC, "crossbars")
STATIC_UNITS = Part("static_compute_units", STATIC, "CUs")

CROSSBARS = Part("crossbars", "crossbars", "crossbars")
UNITS = Part("compute_units", "CUs", "CUs")


class FreeComputeUnits(ComputeUnits):
    """Crossbars that share an input register, equally, and adders, but no clock of operations."""

    Parameters = ComputeUnit
    energies = (DACS, ADCS, CELLS, SHIFT_ADDS, INPUT_REGISTERS, STATIC_CROSSBARS, STATIC_UNITS)
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

        Wordlines are driven, and cells read, for as long as an operation takes; a bitline is
        converted once, and one shift-and-add follows every conversion.
        """
        energy, power = self.description.energy, self.description.power
        operation_ns = self.operation_cycles * self.description.cycle_ns
        crossbars, cus = self.description.crossbars, self.description.pes * self.cus_per_pe
        return {
            DACS: actions.dac_conversions * operation_ns * energy.dac_pj_per_ns,
            ADCS: actions.adc_conversions * energy.adc_conversion_pj,
            CELLS: actions.cell_reads * operation_ns * energy.cell_pj_per_ns,
            SHIFT_ADDS: actions.adc_conversions * energy.shift_add_pj,
            INPUT_REGISTERS: actions.registered_bytes * energy.register_byte_pj,
            STATIC_CROSSBARS: self.static_pj(actions, crossbars * power.crossbar_mw),
            STATIC_UNITS: self.static_pj(actions, cus * power.cu_digital_mw),
        }

    def area_mm2(self) -> dict[Part, float]:
        """Crossbars with their converters, and what else is in a CU."""
        description = self.description
        cus = description.pes * self.cus_per_pe
        return {
            CROSSBARS: description.crossbars * description.area.crossbar_mm2,
            UNITS: cus * description.area.cu_digital_mm2,
        }
