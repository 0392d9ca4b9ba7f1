"""Random ONNX models of one quantised operator each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[Any]
MICROSOFT = "com.microsoft"


@dataclass
class Case:
    """A model of one operator under construction, with random parameters from `random`."""

    random: np.random.Generator
    inputs: dict[str, Array] = field(default_factory=dict)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: list[onnx.TensorProto] = field(default_factory=list)

    def integer(self, low: int, high: int) -> int:
        """A random whole number from `low` to `high`, both included."""
        return int(self.random.integers(low, high, endpoint=True))

    def chance(self, share: float = 0.5) -> bool:
        """True in a share of the cases."""
        return bool(self.random.random() < share)

    def dtype(self) -> type[np.integer]:
        """uint8 or int8."""
        return np.uint8 if self.chance() else np.int8

    def codes(self, dtype: type[np.integer], *shape: int) -> Array:
        """Random codes; now and then only extreme ones."""
        limits = np.iinfo(dtype)
        if self.chance(0.1):
            return self.random.choice(np.array([limits.min, limits.max], dtype), shape)
        return self.random.integers(limits.min, limits.max, shape, dtype, endpoint=True)

    def constant(self, values: Any, dtype: Any = None) -> str:
        """A constant."""
        name = f"c{len(self.initialisers)}"
        self.initialisers.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def activation(self, dtype: type[np.integer], *shape: int) -> str:
        """An input of the model, [images, …]."""
        name = f"x{len(self.inputs)}"
        self.inputs[name] = self.codes(dtype, *shape)
        return name

    def scale(self, low: float = 1e-3, high: float = 0.2, size: int | None = None) -> str:
        """A random scale, or one per channel; now and then a power of two, which makes ties."""
        exponents = self.random.uniform(np.log2(low), np.log2(high), size)
        if self.chance(0.3):
            exponents = np.rint(exponents)
        return self.constant(np.exp2(exponents), np.float32)

    def zero(self, dtype: type[np.integer]) -> str:
        """A random zero point, 0 in half of the cases."""
        return self.constant(0 if self.chance() else self.codes(dtype), dtype)

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """An operator; returns its result."""
        name = f"t{len(self.nodes)}"
        node = helper.make_node(operator, inputs, [name], name, domain=domain, **attributes)
        self.nodes.append(node)
        return name

    def dequantized(self, dtype: type[np.integer], *shape: int) -> str:
        """A new input behind DequantizeLinear."""
        tensor = self.activation(dtype, *shape)
        return self.node("DequantizeLinear", tensor, self.scale(0.01, 0.1), self.zero(dtype))

    def quantized(self, tensor: str, low: float = 0.01, high: float = 0.1) -> str:
        """A tensor behind QuantizeLinear."""
        return self.node("QuantizeLinear", tensor, self.scale(low, high), self.zero(self.dtype()))

    def model(self, output: str) -> onnx.ModelProto:
        """The model with one output."""
        inputs = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(values.dtype), ["N", *values.shape[1:]]
            )
            for name, values in self.inputs.items()
        ]
        graph = helper.make_graph(
            self.nodes, "case", inputs, [onnx.ValueInfoProto(name=output)], self.initialisers
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
        model = onnx.shape_inference.infer_shapes(
            helper.make_model(graph, opset_imports=opsets, ir_version=8)
        )
        for value in model.graph.output:
            if not value.type.WhichOneof("value"):
                zero = next(e for e in reversed(self.initialisers) if e.data_type in (2, 3))
                shape = [f"d{axis}" for axis in range(next(iter(self.inputs.values())).ndim)]
                value.type.CopyFrom(helper.make_tensor_type_proto(zero.data_type, shape))
        return model


def _window(c: Case, size: tuple[int, int], *, dilated: bool = True) -> dict[str, Any]:
    """Attributes of a window that fits into a map."""
    kernel = [c.integer(1, min(4, extent)) for extent in size]
    attributes: dict[str, Any] = {"strides": [c.integer(1, 3), c.integer(1, 3)]}
    if dilated and c.chance(0.3):
        attributes["dilations"] = [
            c.integer(1, max(1, (extent - 1) // max(k - 1, 1)))
            for k, extent in zip(kernel, size, strict=True)
        ]
    elif c.chance(0.3):
        attributes["auto_pad"] = str(c.random.choice(["SAME_UPPER", "SAME_LOWER", "VALID"]))
    if "auto_pad" not in attributes and c.chance():
        attributes["pads"] = [c.integer(0, k - 1) for k in (*kernel, *kernel)]
    return {"kernel_shape": kernel, **attributes}


def _pooling(c: Case, size: tuple[int, int], *, dilated: bool = True) -> dict[str, Any]:
    """Attributes of a pooling; automatic padding leaves no gaps, which are refused."""
    attributes = _window(c, size, dilated=dilated)
    if "auto_pad" in attributes:
        limits = zip(attributes["strides"], attributes["kernel_shape"], strict=True)
        attributes["strides"] = [min(stride, kernel) for stride, kernel in limits]
    return attributes


def _maps(c: Case) -> tuple[int, int, tuple[int, int]]:
    """Images, channels and size of feature maps."""
    return c.integer(1, 3), c.integer(1, 12), (c.integer(3, 16), c.integer(3, 16))


def _shape(c: Case) -> tuple[int, ...]:
    images, channels, size = _maps(c)
    return images, channels, *size


def _weights(c: Case, activation: type[np.integer]) -> type[np.integer]:
    """A type of weights that onnxruntime has for a type of activations."""
    return np.int8 if activation is np.int8 else c.dtype()


def qlinear_convolution(c: Case) -> str:
    """QLinearConv."""
    images, channels, size = _maps(c)
    groups = int(c.random.choice([g for g in range(1, channels + 1) if channels % g == 0]))
    outputs = groups * c.integer(1, 6)
    attributes = _window(c, size)
    dtype = c.dtype()
    weights = _weights(c, dtype)
    per_channel = outputs if c.chance() else None
    zero = np.zeros(per_channel or (), weights) if per_channel or c.chance() else c.codes(weights)
    kernel = attributes["kernel_shape"]
    inputs = [
        c.activation(dtype, images, channels, *size),
        c.scale(),
        c.zero(dtype),
        c.constant(c.codes(weights, outputs, channels // groups, *kernel)),
        c.scale(size=per_channel),
        c.constant(zero, weights),
        c.scale(0.05, 20),
        c.zero(dtype),
    ]
    if c.chance():
        inputs.append(c.constant(c.random.integers(-5000, 5000, outputs), np.int32))
    return c.node("QLinearConv", *inputs, group=groups, **attributes)


def qlinear_matmul(c: Case) -> str:
    """QLinearMatMul."""
    rows, columns, dtype = c.integer(1, 200), c.integer(1, 100), c.dtype()
    weights = _weights(c, dtype)
    inputs = [
        c.activation(dtype, c.integer(1, 8), rows),
        c.scale(),
        c.zero(dtype),
        c.constant(c.codes(weights, rows, columns)),
        c.scale(),
        c.zero(weights),
        c.scale(0.05, 20),
        c.zero(dtype),
    ]
    return c.node("QLinearMatMul", *inputs)


def qgemm(c: Case) -> str:
    """QGemm of onnxruntime."""
    rows, columns, dtype = c.integer(1, 200), c.integer(1, 100), c.dtype()
    weights = _weights(c, dtype)
    per_channel = columns if c.chance() else None
    inputs = [
        c.activation(dtype, c.integer(1, 8), rows),
        c.scale(),
        c.zero(dtype),
        c.constant(c.codes(weights, columns, rows)),
        c.scale(size=per_channel),
        c.constant(np.zeros(per_channel or (), weights)),
        c.constant(c.random.integers(-5000, 5000, columns), np.int32),
        c.scale(0.05, 20),
        c.zero(dtype),
    ]
    return c.node("QGemm", *inputs, domain=MICROSOFT, transB=1)


def integer_convolution(c: Case) -> str:
    """ConvInteger."""
    images, channels, size = _maps(c)
    attributes = _window(c, size)
    weights = c.dtype()
    kernel = attributes["kernel_shape"]
    inputs = [
        c.activation(np.uint8, images, channels, *size),
        c.constant(c.codes(weights, c.integer(1, 12), channels, *kernel)),
        c.zero(np.uint8),
        c.zero(weights),
    ]
    return c.node("ConvInteger", *inputs, **attributes)


def integer_matmul(c: Case) -> str:
    """MatMulInteger."""
    rows, columns, weights = c.integer(1, 200), c.integer(1, 100), c.dtype()
    inputs = [
        c.activation(np.uint8, c.integer(1, 8), rows),
        c.constant(c.codes(weights, rows, columns)),
        c.zero(np.uint8),
        c.zero(weights),
    ]
    return c.node("MatMulInteger", *inputs)


def max_pool(c: Case) -> str:
    """MaxPool on codes."""
    images, channels, size = _maps(c)
    attributes = _pooling(c, size)
    if "auto_pad" not in attributes and "dilations" not in attributes:
        attributes["ceil_mode"] = c.integer(0, 1)
    return c.node("MaxPool", c.activation(c.dtype(), images, channels, *size), **attributes)


def average_pool(c: Case) -> str:
    """QLinearAveragePool of onnxruntime, of windows or of the whole map."""
    images, channels, size = _maps(c)
    is_whole = c.integer(0, 3) == 0
    windows = _pooling(c, size, dilated=False)
    attributes: dict[str, Any] = {"kernel_shape": size} if is_whole else windows
    dtype, scale = c.dtype(), c.scale(0.01, 0.1)
    inputs = [
        c.activation(dtype, images, channels, *size),
        scale,
        c.zero(dtype),
        # With equal scales many means lie between two codes.
        scale if c.integer(0, 1) else c.scale(0.01, 0.1),
        c.zero(dtype),
    ]
    attributes["count_include_pad"] = c.integer(0, 1)
    return c.node("QLinearAveragePool", *inputs, domain=MICROSOFT, **attributes)


def global_average_pool(c: Case) -> str:
    """QLinearGlobalAveragePool of onnxruntime."""
    images, channels, size = _maps(c)
    dtype = c.dtype()
    inputs = [
        c.activation(dtype, images, 8 * channels, *size),
        c.scale(0.01, 0.1),
        c.zero(dtype),
        c.scale(0.01, 0.1),
        c.zero(dtype),
    ]
    return c.node("QLinearGlobalAveragePool", *inputs, domain=MICROSOFT, channels_last=0)


def add(c: Case) -> str:
    """Add or Sum between DequantizeLinear and QuantizeLinear, also with a repeated operand."""
    shape = _shape(c)
    other = (*shape[:2], 1, 1) if c.chance(0.3) else shape
    operands = [c.dequantized(c.dtype(), *shape), c.dequantized(c.dtype(), *other)]
    if c.chance(0.3):
        operands.append(c.dequantized(c.dtype(), *shape))
    operator = "Add" if len(operands) == 2 else "Sum"
    return c.quantized(c.node(operator, *operands))


def mul(c: Case) -> str:
    """QLinearMul of onnxruntime."""
    shape, dtype = _shape(c), c.dtype()
    other = (*shape[:2], 1, 1) if c.chance(0.3) else shape
    inputs: list[str] = []
    for extent in (shape, other):
        inputs += [c.activation(dtype, *extent), c.scale(0.01, 0.1), c.zero(dtype)]
    inputs += [c.scale(0.01, 0.5), c.zero(dtype)]
    return c.node("QLinearMul", *inputs, domain=MICROSOFT)


def leaky_relu(c: Case) -> str:
    """LeakyRelu between DequantizeLinear and QuantizeLinear."""
    slope = float(np.float32(c.random.uniform(0.001, 0.9)))
    tensor = c.dequantized(c.dtype(), *_shape(c))
    return c.quantized(c.node("LeakyRelu", tensor, alpha=slope))


def sigmoid(c: Case) -> str:
    """Sigmoid between DequantizeLinear and QuantizeLinear."""
    return c.quantized(c.node("Sigmoid", c.dequantized(c.dtype(), *_shape(c))), 0.003, 0.01)


def concat(c: Case) -> str:
    """Concat of tensors with different scales."""
    shape = _shape(c)
    parts = [
        c.dequantized(c.dtype(), shape[0], c.integer(1, 9), *shape[2:])
        for _ in range(c.integer(1, 3))
    ]
    return c.quantized(c.node("Concat", *parts, axis=1))


def clip(c: Case) -> str:
    """Clip between quantisations."""
    low, high = sorted(c.random.uniform(-6, 6, 2).astype(np.float32))
    bounds = [c.constant(low), c.constant(high)]
    return c.quantized(c.node("Clip", c.dequantized(c.dtype(), *_shape(c)), *bounds))


def moves(c: Case) -> str:
    """Relu, Reshape, Transpose and Pad between quantisations."""
    images, channels, size = _maps(c)
    tensor = c.node("Relu", c.dequantized(c.dtype(), images, 2 * channels, *size))
    tensor = c.node("Reshape", tensor, c.constant([0, 2, channels, *size]))
    tensor = c.node("Transpose", tensor, perm=[0, 2, 1, 3, 4])
    tensor = c.node("Reshape", tensor, c.constant([0, 2 * channels, *size]))
    pads = [0, 0, *(c.integer(0, 2) for _ in range(2)), 0, 0, *(c.integer(0, 2) for _ in range(2))]
    return c.quantized(c.node("Pad", tensor, c.constant(pads)))


KINDS: tuple[Callable[[Case], str], ...] = (
    qlinear_convolution,
    qlinear_matmul,
    qgemm,
    integer_convolution,
    integer_matmul,
    max_pool,
    average_pool,
    global_average_pool,
    add,
    mul,
    leaky_relu,
    sigmoid,
    concat,
    clip,
    moves,
)
"""The operators that are compared."""
