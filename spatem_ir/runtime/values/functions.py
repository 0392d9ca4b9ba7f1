"""Interpreter functions: one implementation for each op of a network.

Values in flight are arrays of shape [images, …]: float32, or codes in their storage type.  The
digital operators follow in :mod:`spatem_ir.runtime.values.digital_functions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from xdsl.interpreter import (
    Interpreter,
    InterpreterFunctions,
    PythonValues,
    ReturnedValues,
    TerminatorValue,
    impl,
    impl_terminator,
    register_impls,
)

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import (
    ConcatOp,
    ConvOp,
    DenseOp,
    DequantizeOp,
    FlattenOp,
    LocalOp,
    OutputOp,
    QuantizeOp,
    TransposeOp,
)
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.numerics.codes import dequantize, quantize
from spatem_ir.numerics.requantization import Requantizer
from spatem_ir.runtime.values.accumulator import Accumulator
from spatem_ir.runtime.values.delivery import Delivery
from spatem_ir.runtime.values.digital import Array
from spatem_ir.runtime.values.floating_layers import FloatLayer
from spatem_ir.weights.parameters import weight_matrices
from spatem_ir.weights.store import ParameterStore


@dataclass
class WeightLayers:
    """How the weight layers of a module compute.

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

    def run(self, op: WeightLayerOp, images: Array) -> PythonValues:
        """The layer's result."""
        name = op.sym_name.data
        if name in self.floating:
            return (self.floating[name].apply(images),)
        sums = self.accumulator.accumulate(op, images)
        return (self.requantizers[name].apply(sums),)


@register_impls
@dataclass
class CnnFunctions(InterpreterFunctions):
    """The ops of the `cnn` dialect that have no digital unit: layers, views, host, output."""

    layers: WeightLayers
    delivery: Delivery

    @impl(ConvOp)
    def run_conv(self, _: Interpreter, op: ConvOp, args: tuple[Array]) -> PythonValues:
        return self.layers.run(op, args[0])

    @impl(LocalOp)
    def run_local(self, _: Interpreter, op: LocalOp, args: tuple[Array]) -> PythonValues:
        return self.layers.run(op, args[0])

    @impl(DenseOp)
    def run_dense(self, _: Interpreter, op: DenseOp, args: tuple[Array]) -> PythonValues:
        return self.layers.run(op, args[0])

    @impl(FlattenOp)
    def run_flatten(self, _: Interpreter, op: FlattenOp, args: tuple[Array]) -> PythonValues:
        return (args[0].reshape(len(args[0]), *shape_of(op.output)),)

    @impl(TransposeOp)
    def run_transpose(self, _: Interpreter, op: TransposeOp, args: tuple[Array]) -> PythonValues:
        return (args[0].transpose(0, *(1 + dimension for dimension in op.order)),)

    @impl(ConcatOp)
    def run_concat(self, _: Interpreter, op: ConcatOp, args: tuple[Array, ...]) -> PythonValues:
        return (np.concatenate(args, axis=1),)

    @impl(QuantizeOp)
    def run_quantize(self, _: Interpreter, op: QuantizeOp, args: tuple[Array]) -> PythonValues:
        return (quantize(args[0], quantized(op, op.output)),)

    @impl(DequantizeOp)
    def run_dequantize(self, _: Interpreter, op: DequantizeOp, args: tuple[Array]) -> PythonValues:
        codes = self.delivery.received(op, 0, args[0])
        return (dequantize(codes, quantized(op, op.input)),)

    @impl_terminator(OutputOp)
    def run_output(
        self, _: Interpreter, op: OutputOp, args: tuple[Array, ...]
    ) -> tuple[TerminatorValue, PythonValues]:
        received = [self.delivery.received(op, number, a) for number, a in enumerate(args)]
        return ReturnedValues(tuple(received)), ()


@register_impls
@dataclass
class MvmFunctions(InterpreterFunctions):
    """The ops of the `mvm` dialect."""

    layers: WeightLayers
    delivery: Delivery

    @impl(LayerOp)
    def run_layer(self, _: Interpreter, op: LayerOp, args: tuple[Array]) -> PythonValues:
        return self.layers.run(op, self.delivery.received(op, 0, args[0]))
