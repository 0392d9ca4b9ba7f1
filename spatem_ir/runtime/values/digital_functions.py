"""Interpreter functions of the digital operators of the `cnn` dialect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from xdsl.dialects.builtin import FloatAttr
from xdsl.interpreter import Interpreter, InterpreterFunctions, PythonValues, impl, register_impls
from xdsl.ir import Attribute

from spatem_ir.dialects.cnn import (
    AddOp,
    AffineOp,
    AveragePoolOp,
    BatchNormOp,
    ClipOp,
    DigitalOp,
    GlobalAveragePoolOp,
    IdentityOp,
    LeakyReluOp,
    LrnOp,
    MaxPoolOp,
    MulOp,
    PadOp,
    ReluOp,
    RequantizeOp,
    SigmoidOp,
    SoftmaxOp,
)
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.digital import UnaryDigitalOp
from spatem_ir.numerics.codes import Reals, element_of
from spatem_ir.runtime.values.delivery import Delivery
from spatem_ir.runtime.values.digital import Array, RealFunction, computed, tabulated
from spatem_ir.runtime.values.elementwise import add, affine, clip, leaky_relu, mul, sigmoid
from spatem_ir.runtime.values.normalization import batch_norm, lrn, softmax
from spatem_ir.runtime.values.pooling import (
    average_pool,
    average_pool_codes,
    global_average_pool,
    global_average_pool_codes,
    max_pool,
)
from spatem_ir.weights.store import ParameterStore

Arrays = tuple[Array, ...]


@register_impls
@dataclass
class DigitalFunctions(InterpreterFunctions):
    """The digital operators, on float32 or on codes; their parameters come from `store`."""

    delivery: Delivery
    store: ParameterStore

    def received(self, op: DigitalOp, args: Arrays) -> list[Array]:
        """What the operator receives as its operands."""
        return [self.delivery.received(op, number, array) for number, array in enumerate(args)]

    def computed(self, op: DigitalOp, args: Arrays, function: RealFunction) -> PythonValues:
        """The result of an operator that is a float32 function of its whole operands."""
        sources = [quantization_of(operand.type) for operand in op.operands]
        target = quantization_of(op.output.type)
        return (computed(function, self.received(op, args), sources, target),)

    def tabulated(
        self, op: UnaryDigitalOp, args: Arrays, function: RealFunction, *, per_channel: bool = False
    ) -> PythonValues:
        """The result of an operator that is a float32 function of each element."""
        (values,) = self.received(op, args)
        source, target = quantization_of(op.input.type), quantization_of(op.output.type)
        return (tabulated(function, values, source, target, per_channel=per_channel),)

    def parameter(self, parameter: Attribute) -> Reals:
        """The values of a float32 parameter."""
        return np.asarray(self.store.values(parameter), np.float32)

    @impl(MaxPoolOp)
    def run_max_pool(self, _: Interpreter, op: MaxPoolOp, args: Arrays) -> PythonValues:
        (images,) = self.received(op, args)
        return (max_pool(images, op.window.data),)

    @impl(AveragePoolOp)
    def run_average_pool(self, _: Interpreter, op: AveragePoolOp, args: Arrays) -> PythonValues:
        (images,) = self.received(op, args)
        source, target = quantization_of(op.input.type), quantization_of(op.output.type)
        window, counted = op.window.data, op.count_include_pad is not None
        if source is None or target is None:
            return (average_pool(images, window, count_include_pad=counted),)
        return (average_pool_codes(images, window, source, target, count_include_pad=counted),)

    @impl(GlobalAveragePoolOp)
    def run_global_average_pool(
        self, _: Interpreter, op: GlobalAveragePoolOp, args: Arrays
    ) -> PythonValues:
        (images,) = self.received(op, args)
        source, target = quantization_of(op.input.type), quantization_of(op.output.type)
        if source is None or target is None:
            return (global_average_pool(images),)
        return (global_average_pool_codes(images, source, target),)

    @impl(ReluOp)
    def run_relu(self, _: Interpreter, op: ReluOp, args: Arrays) -> PythonValues:
        (values,) = self.received(op, args)
        return (clip(values, 0.0, None, quantization_of(op.input.type)),)

    @impl(ClipOp)
    def run_clip(self, _: Interpreter, op: ClipOp, args: Arrays) -> PythonValues:
        (values,) = self.received(op, args)
        bounds = _number(op.lowest), _number(op.highest)
        return (clip(values, *bounds, quantization_of(op.input.type)),)

    @impl(LeakyReluOp)
    def run_leaky_relu(self, _: Interpreter, op: LeakyReluOp, args: Arrays) -> PythonValues:
        return self.tabulated(op, args, partial(leaky_relu, slope=op.slope.value.data))

    @impl(SigmoidOp)
    def run_sigmoid(self, _: Interpreter, op: SigmoidOp, args: Arrays) -> PythonValues:
        return self.tabulated(op, args, sigmoid)

    @impl(IdentityOp)
    def run_identity(self, _: Interpreter, op: IdentityOp, args: Arrays) -> PythonValues:
        return tuple(self.received(op, args))

    @impl(RequantizeOp)
    def run_requantize(self, _: Interpreter, op: RequantizeOp, args: Arrays) -> PythonValues:
        return self.tabulated(op, args, lambda values: values)

    @impl(AffineOp)
    def run_affine(self, _: Interpreter, op: AffineOp, args: Arrays) -> PythonValues:
        scale, shift = self.parameter(op.scale), self.parameter(op.shift)
        function = partial(affine, scale=scale, shift=shift)
        return self.tabulated(op, args, function, per_channel=True)

    @impl(AddOp)
    def run_add(self, _: Interpreter, op: AddOp, args: Arrays) -> PythonValues:
        return self.computed(op, args, add)

    @impl(MulOp)
    def run_mul(self, _: Interpreter, op: MulOp, args: Arrays) -> PythonValues:
        first, second = self.received(op, args)
        codes = [quantization_of(value.type) for value in (*op.inputs, op.output)]
        match codes:
            case [Quantization() as a, Quantization() as b, Quantization() as target]:
                return (mul(first, second, (a, b), target),)
        return (first * second,)

    @impl(BatchNormOp)
    def run_batch_norm(self, _: Interpreter, op: BatchNormOp, args: Arrays) -> PythonValues:
        (values,) = self.received(op, args)
        result = batch_norm(
            values,
            self.parameter(op.scale),
            self.parameter(op.shift),
            self.parameter(op.mean),
            self.parameter(op.variance),
            op.epsilon.value.data,
        )
        return (result,)

    @impl(LrnOp)
    def run_lrn(self, _: Interpreter, op: LrnOp, args: Arrays) -> PythonValues:
        reals = {"alpha": op.alpha, "beta": op.beta, "bias": op.bias}
        numbers = {name: real.value.data for name, real in reals.items()}
        return self.computed(op, args, partial(lrn, size=op.size.value.data, **numbers))

    @impl(SoftmaxOp)
    def run_softmax(self, _: Interpreter, op: SoftmaxOp, args: Arrays) -> PythonValues:
        return self.computed(op, args, partial(softmax, axis=1 + op.axis.value.data))

    @impl(PadOp)
    def run_pad(self, _: Interpreter, op: PadOp, args: Arrays) -> PythonValues:
        (values,) = self.received(op, args)
        padding = element_of(op.value.value.data, quantization_of(op.input.type))
        return (np.pad(values, [(0, 0), *op.pads], constant_values=padding),)


def _number(bound: FloatAttr | None) -> float | None:
    return None if bound is None else bound.value.data
