"""How the weight layers of a module compute, at the module's level."""

from __future__ import annotations

from dataclasses import dataclass, field

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.numerics.codes import Array
from spatem_ir.numerics.requantization import Requantizer
from spatem_ir.runtime.values.accumulator import Accumulator
from spatem_ir.runtime.values.floating_layers import FloatLayer
from spatem_ir.weights.parameters import weight_matrices
from spatem_ir.weights.store import ParameterStore


@dataclass
class WeightLayers:
    """The weight layers of a module.

    Layers on codes by accumulation, then requantisation by name; those on float32 by themselves.
    """

    accumulator: Accumulator
    requantizers: dict[str, Requantizer] = field(default_factory=dict)
    floating: dict[str, FloatLayer] = field(default_factory=dict)

    def load(self, op: WeightLayerOp, store: ParameterStore) -> None:
        """Take over a layer's parameters.

        Raises:
            SpatemError: they cannot be found, or are not what the IR states.
        """
        name, weights = op.sym_name.data, weight_matrices(op, store)
        if is_floating(op.input):
            self.floating[name] = FloatLayer.of(op, weights, store)
        else:
            self.accumulator.load(op, weights)
            self.requantizers[name] = Requantizer.of(op, weights, store)

    def run(self, op: WeightLayerOp, images: Array) -> Array:
        """A layer's result on images [n, …]: sums requantised, or sums as they are."""
        name = op.sym_name.data
        if name in self.floating:
            return self.floating[name].apply(images)
        sums = self.accumulator.accumulate(op, images)
        return self.requantizers[name].apply(sums)
