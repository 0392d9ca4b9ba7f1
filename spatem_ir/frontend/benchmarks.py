"""The benchmark networks of the SPATEM study and their variants, by name.

Their trained weights are not public; timing needs shapes only, and values use weights that are
described by a seed and generated when needed.  Sources of the layer tables: the variants of a
published OU simulator of National Taiwan University (`lenet`, `deepid`, `caffenet`, `overfeat`),
the Caffe model zoo, and the networks' own papers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod, sqrt
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import (
    FloatAttr,
    IntAttr,
    IntegerType,
    ModuleOp,
    Signedness,
    TensorType,
    f32,
)
from xdsl.ir import Attribute, Block, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import (
    ConvOp,
    DenseOp,
    FlattenOp,
    LocalOp,
    NetworkOp,
    OutputOp,
)
from spatem_ir.dialects.cnn.attributes import WindowAttr
from spatem_ir.dialects.cnn.parameters import SeededAttr
from spatem_ir.dialects.cnn.weight_layers import MAXIMUM_BITS, weight_properties
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.concat import ConcatOp
from spatem_ir.operators.max_pool import MaxPoolOp
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.frontend.options import ImportOptions


@dataclass(frozen=True)
class Conv:
    """A square convolution."""

    name: str
    channels: int
    kernel: int
    stride: int = 1
    pad: int = 0
    groups: int = 1


@dataclass(frozen=True)
class Local:
    """A locally connected layer whose square regions of output positions share weights."""

    name: str
    channels: int
    kernel: int
    stride: int = 1
    region: int = 1


@dataclass(frozen=True)
class MaxPool:
    """A square maximum pooling."""

    name: str
    kernel: int
    stride: int
    pad: int = 0


@dataclass(frozen=True)
class Dense:
    """A fully connected layer; `inputs` names earlier layers if it reads more than the last."""

    name: str
    features: int
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Benchmark:
    """An input of channels × height × width, and layers."""

    input_shape: tuple[int, int, int]
    layers: tuple[Conv | Local | MaxPool | Dense, ...]


_LENET_TRUNK = (
    Conv("C1", 6, 5),
    MaxPool("S2", 2, 2),
    Conv("C3", 16, 5),
    MaxPool("S4", 2, 2),
    Conv("C5", 120, 5),
)
_DEEPID_TRUNK = (
    Conv("C1", 20, 4),
    MaxPool("P1", 2, 2),
    Conv("C2", 40, 3),
    MaxPool("P2", 2, 2),
)
_DEEPFACE_HEAD = (Conv("C1", 32, 11), MaxPool("M2", 3, 2), Conv("C3", 16, 9))
_DEEPFACE_TAIL = (Dense("F7", 4096), Dense("F8", 4030))


def _caffenet(groups: int) -> tuple[Conv | MaxPool | Dense, ...]:
    return (
        Conv("conv1", 96, 11, stride=4),
        MaxPool("pool1", 3, 2),
        Conv("conv2", 256, 5, pad=2, groups=groups),
        MaxPool("pool2", 3, 2),
        Conv("conv3", 384, 3, pad=1),
        Conv("conv4", 384, 3, pad=1, groups=groups),
        Conv("conv5", 256, 3, pad=1, groups=groups),
        MaxPool("pool5", 3, 2),
        Dense("fc6", 4096),
        Dense("fc7", 4096),
        Dense("fc8", 1000),
    )


_OVERFEAT_FAST = (
    Conv("conv1", 96, 11, stride=4),
    MaxPool("pool1", 2, 2),
    Conv("conv2", 256, 5),
    MaxPool("pool2", 2, 2),
    Conv("conv3", 512, 3, pad=1),
    Conv("conv4", 1024, 3, pad=1),
    Conv("conv5", 1024, 3, pad=1),
    MaxPool("pool5", 2, 2),
    Dense("fc6", 3072),
    Dense("fc7", 4096),
    Dense("fc8", 1000),
)


def _convolutions(*channels: int | str, pad: int = 1) -> tuple[Conv | MaxPool, ...]:
    """3 × 3 convolutions of so many channels; "M" is a pooling, a number behind "/" a stride."""
    layers: list[Conv | MaxPool] = []
    for each in channels:
        number = 1 + sum(isinstance(layer, Conv) for layer in layers)
        if each == "M":
            layers.append(MaxPool(f"pool{number - 1}", 2, 2))
        else:
            wide, _, stride = str(each).partition("/")
            layers.append(Conv(f"conv{number}", int(wide), 3, stride=int(stride or 1), pad=pad))
    return tuple(layers)


def _separable(*channels: tuple[int, int, int]) -> tuple[Conv, ...]:
    """Depthwise and pointwise convolutions: channels in, channels out, stride."""
    return tuple(
        layer
        for number, (inputs, outputs, stride) in enumerate(channels, 2)
        for layer in (
            Conv(f"dw{number}", inputs, 3, stride=stride, pad=1, groups=inputs),
            Conv(f"pw{number}", outputs, 1),
        )
    )


BENCHMARKS: dict[str, Benchmark] = {
    "lenet": Benchmark(
        (1, 32, 32), (*_LENET_TRUNK, Dense("F6a", 120), Dense("F6", 84), Dense("out", 10))
    ),
    "lenet5-1998": Benchmark((1, 32, 32), (*_LENET_TRUNK, Dense("F6", 84), Dense("out", 10))),
    "lenet-caffe": Benchmark(
        (1, 28, 28),
        (
            Conv("conv1", 20, 5),
            MaxPool("pool1", 2, 2),
            Conv("conv2", 50, 5),
            MaxPool("pool2", 2, 2),
            Dense("ip1", 500),
            Dense("ip2", 10),
        ),
    ),
    "deepid": Benchmark(
        (1, 39, 31),
        (
            *_DEEPID_TRUNK,
            Conv("C3", 60, 3),
            MaxPool("P3", 2, 2),
            Conv("C4", 80, 2),
            Dense("F5", 160),
            Dense("F6", 100),
        ),
    ),
    "deepid-cvpr14": Benchmark(
        (1, 39, 31),
        (
            *_DEEPID_TRUNK,
            Local("C3", 60, 3, region=2),
            MaxPool("P3", 2, 2),
            Local("C4", 80, 2),
            Dense("DeepID160", 160, inputs=("P3", "C4")),
            Dense("softmax", 8700),
        ),
    ),
    "deepface": Benchmark(
        (3, 152, 152),
        (
            *_DEEPFACE_HEAD,
            Local("L4", 16, 9),
            Local("L5", 16, 7, stride=2),
            Local("L6", 16, 5),
            *_DEEPFACE_TAIL,
        ),
    ),
    "deepface-shared": Benchmark(
        (3, 152, 152),
        (
            *_DEEPFACE_HEAD,
            Conv("L4", 16, 9),
            Conv("L5", 16, 7, stride=2),
            Conv("L6", 16, 5),
            *_DEEPFACE_TAIL,
        ),
    ),
    "caffenet": Benchmark((3, 227, 227), _caffenet(groups=1)),
    "caffenet-bvlc": Benchmark((3, 227, 227), _caffenet(groups=2)),
    "overfeat": Benchmark((3, 221, 221), _OVERFEAT_FAST),
    "overfeat-231": Benchmark((3, 231, 231), _OVERFEAT_FAST),
    "overfeat-accurate": Benchmark(
        (3, 221, 221),
        (
            Conv("conv1", 96, 7, stride=2),
            MaxPool("pool1", 3, 3),
            Conv("conv2", 256, 7),
            MaxPool("pool2", 2, 2),
            Conv("conv3", 512, 3, pad=1),
            Conv("conv4", 512, 3, pad=1),
            Conv("conv5", 1024, 3, pad=1),
            Conv("conv6", 1024, 3, pad=1),
            MaxPool("pool6", 3, 3),
            Dense("fc7", 4096),
            Dense("fc8", 4096),
            Dense("fc9", 1000),
        ),
    ),
    "li-alexnet": Benchmark((3, 227, 227), _caffenet(groups=1)[:-3]),
    "li-vgg-a": Benchmark(
        (3, 224, 224),
        _convolutions(64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
    ),
    "li-resnet-18": Benchmark(
        (3, 224, 224),
        (
            Conv("conv0", 64, 7, stride=2, pad=3),
            MaxPool("pool0", 3, 2, pad=1),
            *_convolutions(
                *[64] * 4, "128/2", *[128] * 3, "256/2", *[256] * 3, "512/2", *[512] * 3
            ),
        ),
    ),
    "li-mobilenet": Benchmark(
        (3, 224, 224),
        (
            Conv("conv1", 32, 3, stride=2, pad=1),
            *_separable(
                *((32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1)),
                *((256, 512, 2), *[(512, 512, 1)] * 5, (512, 1024, 2), (1024, 1024, 1)),
            ),
        ),
    ),
}
"""The networks by name; the SPATEM study uses lenet, deepid, deepface, caffenet and overfeat.

Those that begin with li- are the convolutions and poolings of the networks that Li, Han and Chen
have (TODAES 29(1):21): no fully connected layers, no shortcuts.
"""

DEFAULT_WEIGHT_BITS = 2
"""One cell per weight, the setting of the SPATEM study."""

DEFAULT_ACTIVATION_BITS = 8

INPUT_SPREAD = 1 / sqrt(3)
"""Root mean square of a uniformly distributed input, as a part of its range."""

HIDDEN_SPREAD = 0.18
"""Root mean square of a rectified normal activation of standard deviation 1/4 of the range."""


def build_benchmark(name: str, options: ImportOptions) -> ModuleOp:
    """The named network at level `cnn`, with seeded weights."""
    for what, bits in (("weight", options.weight_bits), ("activation", options.activation_bits)):
        if bits is not None and not 2 <= bits <= MAXIMUM_BITS:
            raise SpatemError(f"--{what}-bits is {bits}; 2 to {MAXIMUM_BITS} are possible")
    if not 0 <= options.seed < 2**31:
        raise SpatemError(f"--seed is {options.seed}; it must be from 0 to {2**31 - 1}")
    return _Builder(BENCHMARKS[name], options).build(name)


def square_window(kernel: int, stride: int, pad: int) -> Window:
    """A window that is the same along rows and columns, and at both ends of each."""
    return Window((kernel, kernel), (stride, stride), (pad, pad, pad, pad))


class _Builder:
    """Appends the ops of a benchmark's layers to a block."""

    def __init__(self, benchmark: Benchmark, options: ImportOptions):
        self.benchmark = benchmark
        self.weight_bits = options.weight_bits or DEFAULT_WEIGHT_BITS
        self.activation_bits = options.activation_bits or DEFAULT_ACTIVATION_BITS
        self.next_seed = options.seed * 1000
        self.activation = IntegerType(self.activation_bits, Signedness.UNSIGNED)
        self.block = Block(arg_types=[TensorType(self.activation, benchmark.input_shape)])
        self.block.args[0].name_hint = "image"
        self.spread = INPUT_SPREAD
        self.by_name: dict[str, SSAValue] = {}

    def build(self, name: str) -> ModuleOp:
        value: SSAValue = self.block.args[0]
        last = self.benchmark.layers[-1]
        for layer in self.benchmark.layers:
            value = self.add(layer, value, is_last=layer is last)
            value.name_hint = layer.name.lower()
            self.by_name[layer.name] = value
        self.block.add_op(OutputOp(operands=[[value]]))
        return ModuleOp([NetworkOp(name, self.block)])

    def add(
        self, layer: Conv | Local | MaxPool | Dense, value: SSAValue, *, is_last: bool
    ) -> SSAValue:
        if isinstance(layer, MaxPool):
            window = square_window(layer.kernel, layer.stride, layer.pad)
            result = self.feature_map(value, shape_of(value)[0], window)
            return self.append(MaxPoolOp(layer.name, value, WindowAttr(window), result))
        if isinstance(layer, Dense):
            value = self.flattened([self.by_name[name] for name in layer.inputs] or [value])
            element = IntegerType(8, Signedness.SIGNED) if is_last else self.activation
            weights = (layer.features, shape_of(value)[0])
            output = TensorType(element, [layer.features])
            return self.append(DenseOp(value, output, self.weights(layer.name, weights)))
        pad = layer.pad if isinstance(layer, Conv) else 0
        window = square_window(layer.kernel, layer.stride, pad)
        kernel = window.kernel
        output = self.feature_map(value, layer.channels, window)
        channels = shape_of(value)[0]
        if isinstance(layer, Conv):
            weights = (layer.channels, channels // layer.groups, *kernel)
            properties = self.weights(layer.name, weights)
            return self.append(ConvOp(value, output, window, properties, layer.groups))
        regions = prod(size // layer.region for size in output.get_shape()[1:])
        properties = self.weights(layer.name, (regions, layer.channels, channels, *kernel))
        region = (layer.region, layer.region)
        return self.append(LocalOp(value, output, window, region, properties))

    def append(self, op: ConvOp | LocalOp | DenseOp | MaxPoolOp | FlattenOp | ConcatOp) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]

    def feature_map(self, value: SSAValue, channels: int, window: Window) -> TensorType:
        _, height, width = shape_of(value)
        return TensorType(self.activation, [channels, *window.output_size(height, width)])

    def flattened(self, values: list[SSAValue]) -> SSAValue:
        flat = [
            self.append(FlattenOp(value)) if len(shape_of(value)) == 3 else value
            for value in values
        ]
        if len(flat) == 1:
            return flat[0]
        features = sum(shape_of(value)[0] for value in flat)
        return self.append(ConcatOp(flat, TensorType(self.activation, [features])))

    def weights(self, name: str, shape: tuple[int, ...]) -> dict[str, Attribute | None]:
        """Seeded weights and bias, and a scale that spreads the outputs over their range."""
        regions, shape_of_one = (shape[0], shape[1:]) if len(shape) == 5 else (1, shape)
        rows = prod(shape_of_one[1:])
        deviation = 2**self.weight_bits / sqrt(12)
        scale = 0.25 / (sqrt(rows) * deviation * self.spread)
        self.spread = HIDDEN_SPREAD
        element = IntegerType(self.weight_bits, Signedness.SIGNED)
        bias = IntegerType(32, Signedness.SIGNED)
        seed, self.next_seed = self.next_seed, self.next_seed + 2
        return weight_properties(
            name,
            weights=SeededAttr(IntAttr(seed), TensorType(element, shape)),
            weight_scale=FloatAttr(float(f"{scale:.3g}"), f32),
            bias=SeededAttr(IntAttr(seed + 1), TensorType(bias, [regions * shape_of_one[0]])),
        )
