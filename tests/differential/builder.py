"""Networks as IR of level `cnn`, with their parameters."""

from __future__ import annotations

import numpy as np
from differential.steps import (
    CropStep,
    DigitalStep,
    JoinStep,
    Network,
    PoolStep,
    ReluStep,
    Shape,
    ShuffleStep,
    WeightStep,
)
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    FloatAttr,
    IntegerType,
    ModuleOp,
    Signedness,
    StringAttr,
    TensorType,
    f32,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

from spatem_ir.dialects.cnn import (
    ConvOp,
    DenseOp,
    DequantizeOp,
    FlattenOp,
    LocalOp,
    NetworkOp,
    OutputOp,
    QuantizeOp,
    TransposeOp,
)
from spatem_ir.dialects.cnn.attributes import QuantType, WindowAttr
from spatem_ir.dialects.cnn.parameters import FileAttr
from spatem_ir.dialects.cnn.weight_layers import weight_properties
from spatem_ir.operators.add import AddOp
from spatem_ir.operators.affine import AffineOp
from spatem_ir.operators.average_pool import AveragePoolOp
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.concat import ConcatOp
from spatem_ir.operators.gather import GatherOp
from spatem_ir.operators.leaky_relu import LeakyReluOp
from spatem_ir.operators.lrn import LrnOp
from spatem_ir.operators.max_pool import MaxPoolOp
from spatem_ir.operators.mul import MulOp
from spatem_ir.operators.pad import PadOp
from spatem_ir.operators.relu import ReluOp
from spatem_ir.operators.requantize import RequantizeOp
from spatem_ir.operators.sigmoid import SigmoidOp
from spatem_ir.operators.softmax import SoftmaxOp
from spatem_ir.weights.store import ParameterStore, digest_of


class Builder:
    """Appends the ops of a network to a block; `values` are the SSA values of the steps."""

    def __init__(self, network: Network):
        self.network = network
        self.arrays: dict[str, NDArray[np.generic]] = {}
        element = f32 if network.float_input else QuantType.of(network.input_code)
        self.block = Block(arg_types=[TensorType(element, network.input_shape)])
        self.values: list[SSAValue] = [self.block.args[0]]
        if network.float_input:
            quantised = TensorType(QuantType.of(network.input_code), network.input_shape)
            self.values[0] = self.add(QuantizeOp(self.block.args[0], quantised))

    def build(self) -> ModuleOp:
        for number, step in enumerate(self.network.steps):
            match step:
                case WeightStep():
                    self.values.append(self.weight_layer(step, f"layer{number}"))
                case PoolStep():
                    self.values.append(self.pool(step, f"pool{number}"))
                case ReluStep():
                    self.values.append(self.add(ReluOp(f"relu{number}", self.values[step.source])))
                case JoinStep():
                    self.values.append(self.join(step))
                case CropStep():
                    crop = GatherOp(self.values[step.source], step.axis, step.indices)
                    self.values.append(self.add(crop))
                case ShuffleStep():
                    self.values.append(self.shuffle(step))
                case DigitalStep():
                    self.values.append(self.digital(step, f"{step.kind}{number}"))
        outputs = [self.values[number] for number in self.network.outputs]
        if self.network.float_output:
            floats = TensorType(f32, shape_of(outputs[-1]))
            outputs[-1] = self.add(DequantizeOp(outputs[-1], floats))
        self.block.add_op(OutputOp(operands=[outputs]))
        return ModuleOp([NetworkOp("network", self.block)])

    def add(self, op: Operation) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]

    def parameter(self, key: str, values: NDArray[np.generic], element: Attribute) -> FileAttr:
        self.arrays[key] = values
        path, name, digest = map(StringAttr, ("network.npz", key, digest_of(values)))
        return FileAttr(path, name, digest, TensorType(element, values.shape))

    def weight_layer(self, step: WeightStep, name: str) -> SSAValue:
        source = self.values[step.source]
        sign = Signedness.SIGNED if step.weight_signed else Signedness.UNSIGNED
        weights = self.parameter(
            f"{name}.weights", step.weights, IntegerType(step.weight_bits, sign)
        )
        scale = (
            self.parameter(f"{name}.scale", step.weight_scale, f32)
            if step.weight_scale.ndim
            else FloatAttr(float(step.weight_scale), f32)
        )
        bias = None
        if step.bias is not None:
            si32 = IntegerType(32, Signedness.SIGNED)
            bias = self.parameter(f"{name}.bias", step.bias, si32)
        properties = weight_properties(name, weights, scale, step.weight_zero_point, bias)
        element = QuantType.of(step.code)
        if step.kind == "dense":
            if len(shape_of(source)) > 1:
                source = self.add(FlattenOp(source))
            output = TensorType(element, [step.weights.shape[0]])
            return self.add(DenseOp(source, output, properties))
        size = step.window.output_size(*shape_of(source)[1:])
        output = TensorType(element, [step.weights.shape[-4], *size])
        if step.kind == "local":
            return self.add(LocalOp(source, output, step.window, step.region, properties))
        return self.add(ConvOp(source, output, step.window, properties, step.groups))

    def pool(self, step: PoolStep, name: str) -> SSAValue:
        source, window = self.values[step.source], WindowAttr(step.window)
        channels, height, width = shape_of(source)
        shape = (channels, *step.window.output_size(height, width))
        output = TensorType(QuantType.of(step.code), shape)
        if step.kind == "max":
            return self.add(MaxPoolOp(name, source, window, output))
        counts = step.count_include_pad
        return self.add(AveragePoolOp(name, source, window, output, count_include_pad=counts))

    def join(self, step: JoinStep) -> SSAValue:
        sources = [self.values[number] for number in step.sources]
        if step.flat:
            sources = [
                self.add(FlattenOp(source)) if len(shape_of(source)) > 1 else source
                for source in sources
            ]
        first = sum(shape_of(source)[0] for source in sources)
        assert isinstance(sources[0].type, TensorType)
        shape = (first, *shape_of(sources[0])[1:])
        return self.add(ConcatOp(sources, TensorType(sources[0].type.element_type, shape)))

    def shuffle(self, step: ShuffleStep) -> SSAValue:
        source = self.values[step.source]
        channels, height, width = shape_of(source)
        groups = (step.groups, channels // step.groups, height, width)
        apart = self.add(FlattenOp(source, groups))
        return self.add(
            FlattenOp(self.add(TransposeOp(apart, (1, 0, 2, 3))), (channels, height, width))
        )

    def digital(self, step: DigitalStep, name: str) -> SSAValue:
        sources = [self.values[number] for number in step.sources]
        source, numbers = sources[0], step.numbers
        output = TensorType(QuantType.of(step.code), shape_of(source))
        match step.kind:
            case "add":
                return self.add(AddOp(name, sources, output))
            case "mul":
                return self.add(MulOp(name, sources, output))
            case "leaky_relu":
                return self.add(LeakyReluOp(name, source, numbers[0], output))
            case "clip":
                return self.add(ClipOp(name, source, numbers[0], numbers[1]))
            case "sigmoid":
                return self.add(SigmoidOp(name, source, output))
            case "affine":
                scale, shift = (
                    self.parameter(f"{name}.{key}", values, f32)
                    for key, values in zip(("scale", "shift"), step.parameters, strict=True)
                )
                return self.add(AffineOp(name, source, scale, shift, output))
            case "lrn":
                size, alpha, beta, bias = numbers
                return self.add(LrnOp(name, source, int(size), alpha, beta, bias, output))
            case "softmax":
                return self.add(SoftmaxOp(name, source, int(numbers[0]), output))
            case "pad":
                before, after = zip(*step.pads, strict=True)
                return self.add(PadOp(name, source, before, after, numbers[0]))
            case _:
                return self.add(RequantizeOp(name, source, output))


def shape_of(value: SSAValue) -> Shape:
    assert isinstance(value.type, TensorType)
    return value.type.get_shape()


def build(network: Network) -> tuple[ModuleOp, ParameterStore]:
    """The network at level `cnn`, and its parameters."""
    builder = Builder(network)
    module = builder.build()
    return module, ParameterStore(arrays=builder.arrays, weights_file="network.npz")
