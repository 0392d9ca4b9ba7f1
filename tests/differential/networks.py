"""Small quantised networks as plain data, how to draw them, and their IR.

A network is a list of steps; step n computes value n + 1 from earlier values, value 0 is the input.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod, sqrt

import numpy as np
from hypothesis import strategies as st
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
    AveragePoolOp,
    ConcatOp,
    ConvOp,
    DenseOp,
    DequantizeOp,
    FlattenOp,
    LocalOp,
    MaxPoolOp,
    NetworkOp,
    OutputOp,
    QuantizeOp,
    ReluOp,
)
from spatem_ir.dialects.cnn_attributes import FileAttr, Quantization, QuantType, WindowAttr
from spatem_ir.dialects.cnn_weight_layers import weight_properties
from spatem_ir.frontend.weights import ParameterStore, digest_of
from spatem_ir.geometry.window import Window

Draw = st.DrawFn
Shape = tuple[int, ...]

ACCUMULATOR = Quantization(32, True, 1.0, 0)
POINT = Window((1, 1))


@dataclass(frozen=True)
class WeightStep:
    """A weight layer; weights have the shape of the `cnn` op that `kind` names."""

    kind: str
    source: int
    weights: NDArray[np.integer]
    weight_bits: int
    weight_signed: bool
    weight_zero_point: int
    weight_scale: NDArray[np.float32]
    bias: NDArray[np.int32] | None
    code: Quantization
    window: Window = POINT
    groups: int = 1
    region: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class PoolStep:
    """A pooling, maximum or average."""

    kind: str
    source: int
    window: Window
    code: Quantization
    count_include_pad: bool = False


@dataclass(frozen=True)
class ReluStep:
    """A rectification."""

    source: int


@dataclass(frozen=True)
class JoinStep:
    """Values with the same code, flattened if their maps differ in size, one after the other."""

    sources: tuple[int, ...]
    flat: bool


Step = WeightStep | PoolStep | ReluStep | JoinStep


@dataclass(frozen=True)
class Network:
    """An input, steps, and which values are outputs.

    `float_input` puts a quantisation before the input, `float_output` a dequantisation behind the
    last output.
    """

    input_shape: Shape
    input_code: Quantization
    steps: list[Step]
    outputs: list[int]
    float_input: bool
    float_output: bool


@dataclass
class Values:
    """Shapes and codes of the values so far."""

    shapes: list[Shape]
    codes: list[Quantization]
    steps: list[Step] = field(default_factory=list)

    def append(self, step: Step, shape: Shape, code: Quantization) -> None:
        self.steps.append(step)
        self.shapes.append(shape)
        self.codes.append(code)

    @property
    def last(self) -> int:
        return len(self.shapes) - 1


@st.composite
def codes(draw: Draw) -> Quantization:
    """Activation codes of 2 to 8 bits, half of them with a zero point other than 0."""
    code = Quantization(draw(st.integers(2, 8)), draw(st.booleans()), 1.0, 0)
    zero_point = draw(st.just(0) | st.integers(code.minimum, code.maximum))
    return replace(code, scale=draw(st.sampled_from([1.0, 0.05, 0.0371])), zero_point=zero_point)


@st.composite
def windows(draw: Draw, height: int, width: int, *, pooling: bool = False) -> Window:
    """Windows of which at least one fits; a pooling has none of padding alone."""
    kernel = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    most = 0 if draw(st.booleans()) else 2
    top, left, bottom, right = (
        draw(st.integers(0, min(most, kernel[axis % 2] - 1) if pooling else most))
        for axis in range(4)
    )
    dilations = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2)]))
    strides = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    window = Window(kernel, strides, (top, left, bottom, right), dilations)
    fits = min(window.output_size(height, width)) > 0
    if not fits or (pooling and (window.positions(height, width) < 0).all(axis=1).any()):
        return Window((1, 1), strides)
    return window


def scaled(draw: Draw, code: Quantization, source: Quantization, rows: int, bits: int) -> float:
    """A weight scale with which typical sums fill the range of the output's code."""
    typical = sqrt(rows) * 2 ** (source.bits + bits) / 12
    step = 2**code.bits / 4 / typical
    return step * code.scale / source.scale * draw(st.sampled_from([0.5, 1.0, 3.0]))


def parameters(
    draw: Draw, shape: Shape, channels: int, biases: int, source: Quantization, code: Quantization
) -> dict[str, object]:
    """Weights of 2 to 8 bits, their scale and zero point, and a bias."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weight = Quantization(draw(st.integers(2, 8)), draw(st.booleans()), 1.0, 0)
    dtype = np.int8 if weight.signed else np.uint8
    scale = scaled(draw, code, source, prod(shape) // biases, weight.bits)
    per_channel = draw(st.booleans())
    spread = rng.uniform(0.5, 1.5, channels) if per_channel else np.ones(())
    bias = rng.integers(-200, 200, biases).astype(np.int32) if draw(st.booleans()) else None
    weights = rng.integers(weight.minimum, weight.maximum + 1, shape)
    return {
        "weights": weights.astype(dtype),
        "weight_bits": weight.bits,
        "weight_signed": weight.signed,
        "weight_zero_point": draw(st.just(0) | st.integers(weight.minimum, weight.maximum)),
        "weight_scale": np.asarray(scale * spread, np.float32),
        "bias": bias,
        "code": code,
    }


def add_convolution(draw: Draw, values: Values, source: int, local: bool) -> None:
    channels, height, width = values.shapes[source]
    window = draw(windows(height, width))
    rows, columns = window.output_size(height, width)
    groups = 1 if local else draw(st.sampled_from([1, channels]))
    features = groups * draw(st.integers(1, max(1, 6 // groups)))
    code = draw(codes())
    shape: Shape = (features, channels // groups, *window.kernel)
    region, regions = (1, 1), 1
    if local:
        region = draw(st.sampled_from([(1, 1), (rows, 1), (1, columns)]))
        regions = rows // region[0] * (columns // region[1])
        shape = (regions, *shape)
    weights = parameters(draw, shape, features, regions * features, values.codes[source], code)
    kind = "local" if local else "conv"
    step = WeightStep(kind, source, window=window, groups=groups, region=region, **weights)  # type: ignore[arg-type]
    values.append(step, (features, rows, columns), code)


def add_dense(draw: Draw, values: Values, source: int, *, last: bool) -> None:
    features = draw(st.integers(1, 12))
    code = ACCUMULATOR if last and draw(st.booleans()) else draw(codes())
    shape = (features, prod(values.shapes[source]))
    weights = parameters(draw, shape, features, features, values.codes[source], code)
    values.append(WeightStep("dense", source, **weights), (features,), code)  # type: ignore[arg-type]


def add_pool(draw: Draw, values: Values, source: int) -> None:
    channels, height, width = values.shapes[source]
    window = draw(windows(height, width, pooling=True))
    average = draw(st.booleans())
    code = draw(codes()) if average else values.codes[source]
    counts = average and draw(st.booleans())
    step = PoolStep("average" if average else "max", source, window, code, counts)
    values.append(step, (channels, *window.output_size(height, width)), code)


def add_join(draw: Draw, values: Values, source: int) -> None:
    """Join a value with an earlier one of the same code, if need be with itself."""
    same = [n for n in range(values.last + 1) if values.codes[n] == values.codes[source]]
    other = draw(st.sampled_from(same))
    shapes = values.shapes[source], values.shapes[other]
    flat = len({shape[1:] for shape in shapes}) > 1 or draw(st.booleans())
    joined = (
        (sum(prod(shape) for shape in shapes),)
        if flat
        else (shapes[0][0] + shapes[1][0], *shapes[0][1:])
    )
    values.append(JoinStep((source, other), flat), joined, values.codes[source])


@st.composite
def networks(draw: Draw) -> Network:
    """Networks of one to five steps, at least one of which is a weight layer."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(3, 6)), draw(st.integers(3, 6)))
    values = Values([shape], [draw(codes())])
    for _ in range(draw(st.integers(0, 3))):
        kinds = ["conv", "conv", "local", "pool", "relu", "join"]
        kind = draw(st.sampled_from(kinds if len(values.shapes[-1]) == 3 else ["relu", "join"]))
        match kind:
            case "conv" | "local":
                add_convolution(draw, values, values.last, kind == "local")
            case "pool":
                add_pool(draw, values, values.last)
            case "relu":
                values.append(ReluStep(values.last), values.shapes[-1], values.codes[-1])
            case "join":
                add_join(draw, values, values.last)
    layers = [n for n, step in enumerate(values.steps, 1) if isinstance(step, WeightStep)]
    if not layers or draw(st.booleans()):
        add_dense(draw, values, values.last, last=True)
        layers.append(values.last)
    outputs = [*draw(st.lists(st.sampled_from(layers), max_size=1)), values.last]
    return Network(
        shape, values.codes[0], values.steps, outputs, draw(st.booleans()), draw(st.booleans())
    )


class _Builder:
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


def shape_of(value: SSAValue) -> Shape:
    assert isinstance(value.type, TensorType)
    return value.type.get_shape()


def build(network: Network) -> tuple[ModuleOp, ParameterStore]:
    """The network at level `cnn`, and its parameters."""
    builder = _Builder(network)
    module = builder.build()
    return module, ParameterStore(arrays=builder.arrays)


def random_images(network: Network, count: int, seed: int) -> NDArray[np.generic]:
    """Inputs for the network: codes, or the real values of which half round exactly to codes."""
    rng = np.random.default_rng(seed)
    code, shape = network.input_code, (count, *network.input_shape)
    images = rng.integers(code.minimum, code.maximum + 1, shape)
    if network.float_input:
        steps = images - code.zero_point + rng.choice([0.0, 0.5], shape)
        return (steps * code.scale).astype(np.float32)
    return images
