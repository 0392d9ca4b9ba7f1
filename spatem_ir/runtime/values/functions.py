"""Interpreter functions: one implementation for each op of a network.

Values in flight are arrays of shape [images, …] in their storage type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
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

from spatem_ir.dialects.checks import quantized, shape_of
from spatem_ir.dialects.cnn import (
    AveragePoolOp,
    ConcatOp,
    ConvOp,
    DenseOp,
    DequantizeOp,
    FlattenOp,
    GlobalAveragePoolOp,
    LocalOp,
    MaxPoolOp,
    OutputOp,
    QuantizeOp,
    ReluOp,
    SoftmaxOp,
)
from spatem_ir.dialects.cnn_weight_layers import WeightLayerOp
from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.runtime.values.accumulator import Accumulator
from spatem_ir.runtime.values.codes import dequantize, quantize
from spatem_ir.runtime.values.delivery import Delivery
from spatem_ir.runtime.values.digital import (
    average_pool,
    global_average_pool,
    max_pool,
    relu,
    softmax,
)
from spatem_ir.runtime.values.parameters import Requantization

Array = NDArray[Any]


@dataclass
class WeightLayers:
    """How the weight layers of a module compute: accumulation, then requantisation by name."""

    accumulator: Accumulator
    requantizations: dict[str, Requantization]

    def run(self, op: WeightLayerOp, images: NDArray[np.integer]) -> PythonValues:
        """The layer's result."""
        sums = self.accumulator.accumulate(op, images)
        return (self.requantizations[op.sym_name.data].apply(sums),)


@register_impls
@dataclass
class CnnFunctions(InterpreterFunctions):
    """The ops of the `cnn` dialect."""

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

    @impl(MaxPoolOp)
    def run_max_pool(self, _: Interpreter, op: MaxPoolOp, args: tuple[Array]) -> PythonValues:
        return (max_pool(self.delivery.received(op, 0, args[0]), op.window.data),)

    @impl(AveragePoolOp)
    def run_average_pool(
        self, _: Interpreter, op: AveragePoolOp, args: tuple[Array]
    ) -> PythonValues:
        result = average_pool(
            self.delivery.received(op, 0, args[0]),
            op.window.data,
            quantized(op, op.input),
            quantized(op, op.output),
            count_include_pad=op.count_include_pad is not None,
        )
        return (result,)

    @impl(GlobalAveragePoolOp)
    def run_global_average_pool(
        self, _: Interpreter, op: GlobalAveragePoolOp, args: tuple[Array]
    ) -> PythonValues:
        images = self.delivery.received(op, 0, args[0])
        return (global_average_pool(images, quantized(op, op.input), quantized(op, op.output)),)

    @impl(ReluOp)
    def run_relu(self, _: Interpreter, op: ReluOp, args: tuple[Array]) -> PythonValues:
        return (relu(self.delivery.received(op, 0, args[0]), quantized(op, op.input)),)

    @impl(FlattenOp)
    def run_flatten(self, _: Interpreter, op: FlattenOp, args: tuple[Array]) -> PythonValues:
        return (args[0].reshape(len(args[0]), *shape_of(op.output)),)

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

    @impl(SoftmaxOp)
    def run_softmax(self, _: Interpreter, op: SoftmaxOp, args: tuple[Array]) -> PythonValues:
        return (softmax(args[0]),)

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
