"""The digital units of PEs: activation and pooling (rule R6 of docs/machine.md)."""

from __future__ import annotations

from spatem_ir.hardware.component import STATIC, Actions, Component, Count, Part
from spatem_ir.hardware.parameters import ProcessingElement

ACTIVATION = Part("activation_units", "PEs", "activation")
POOLING = Part("pooling_units", "PEs", "pooling")
STATIC_ELEMENTS = Part("static_processing_elements", STATIC, "PEs")
PROCESSING_ELEMENTS = Part("processing_elements", "PEs", "PEs")


class DigitalUnits(Component):
    """Activation and pooling units in every PE."""

    Parameters = ProcessingElement
    energies = (ACTIVATION, POOLING, STATIC_ELEMENTS)
    areas = (PROCESSING_ELEMENTS,)

    def values_per_cycle(self, *, pooling: bool) -> int:
        """R6: values that the pooling or activation units of a PE work on in a cycle."""
        pe = self.description.pe
        return pe.poolings_per_cycle if pooling else pe.activations_per_cycle

    def cycles(self, values: Count, *, pooling: bool) -> Count:
        """R6: the cycles in which they work on so many values."""
        return -(-values // self.values_per_cycle(pooling=pooling))

    def energy_pj(self, actions: Actions) -> dict[Part, float]:
        """Of all values that activation and pooling units worked on; and what PEs take anyway."""
        energy = self.description.energy
        elements_mw = self.description.pes * self.description.power.pe_digital_mw
        return {
            ACTIVATION: actions.activated_values * energy.activation_pj,
            POOLING: actions.pooled_values * energy.pooling_pj,
            STATIC_ELEMENTS: self.static_pj(actions, elements_mw),
        }

    def area_mm2(self) -> dict[Part, float]:
        """All of a PE but its CUs: its buffer, bus, units and part of a router."""
        return {PROCESSING_ELEMENTS: self.description.pes * self.description.area.pe_digital_mm2}
