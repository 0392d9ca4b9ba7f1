"""Weights, biases and scales of imported layers: references to files, or new arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    FloatAttr,
    IntegerType,
    Signedness,
    StringAttr,
    TensorType,
    f32,
)
from xdsl.ir import Attribute

from spatem_ir.dialects.cnn_attributes import FileAttr, Quantization
from spatem_ir.dialects.cnn_weight_layers import weight_properties
from spatem_ir.frontend.onnx_constants import code_of
from spatem_ir.frontend.onnx_graph import Constant, Graph, Node
from spatem_ir.frontend.onnx_values import QuantizedConstant, Value
from spatem_ir.frontend.quantize import PostTraining, bias_codes
from spatem_ir.frontend.weights import digest_of

BIAS_TOLERANCE = 1e-4
"""Relative deviation of a bias scale from input scale · weight scale that counts as rounding."""

BIAS_TYPE = IntegerType(32, Signedness.SIGNED)


class Parameters:
    """Makes the parameter attributes of layers.

    An array whose elements are an initialiser of the model refers to the model (`source`); any
    other goes to `arrays` and refers to `weights_file`.  `post_training` quantises the weights of a
    float model; None for a model that is quantised.
    """

    def __init__(
        self, graph: Graph, source: str, weights_file: str, post_training: PostTraining | None
    ):
        self.source = source
        self.weights_file = weights_file
        self.post_training = post_training
        self.arrays: dict[str, NDArray[Any]] = {}
        self.keys_of_model = set() if post_training else set(graph.constants)

    def of_layer(
        self,
        node: Node,
        code: Quantization,
        weights: Value,
        bias: Value | None,
        shape: tuple[int, ...],
    ) -> dict[str, Attribute | None]:
        """The properties of a weight layer.

        Args:
            node: the layer.
            code: the code of the layer's input.
            weights: constant weights, output channels first.
            bias: a constant with one element per output channel, or one for all.
            shape: the shape of the layer's weights.
        """
        quantized = self._quantized_weights(node, code, weights, bias)
        element = _integer_type(node, quantized.codes)
        channels = shape[0]
        if quantized.scale.values.size not in (1, channels) or quantized.axis != 0:
            node.fail("its weight scales must be one, or one per output channel")
        codes = self._array(f"{node.name}.weights", quantized.codes, TensorType(element, shape))
        return weight_properties(
            node.name,
            weights=codes,
            weight_scale=self._scale(f"{node.name}.scale", quantized.scale),
            weight_zero_point=quantized.zero_point,
            bias=self._bias(node, code, quantized.scale, bias, channels),
        )

    def _quantized_weights(
        self, node: Node, code: Quantization, weights: Value, bias: Value | None
    ) -> QuantizedConstant:
        if isinstance(weights, QuantizedConstant):
            return weights
        if not isinstance(weights, Constant):
            node.fail("its weights are not constant")
        if self.post_training is None:
            node.fail("its weights are float, but the model is quantised: quantise all layers")
        largest_bias = np.abs(bias.values) if isinstance(bias, Constant) else np.zeros(1)
        codes, scale = self.post_training.weight_codes(weights.values, code.scale, largest_bias)
        return QuantizedConstant(Constant(codes), Constant(scale), 0)

    def _bias(
        self,
        node: Node,
        code: Quantization,
        weight_scale: Constant,
        bias: Value | None,
        channels: int,
    ) -> Attribute | None:
        """The int32 bias, whose scale is input scale · weight scale; float biases are rounded."""
        expected = np.float32(code.scale) * weight_scale.values
        match bias:
            case None:
                return None
            case Constant() if bias.values.dtype == np.int32:
                codes = bias
            case Constant():
                codes = Constant(bias_codes(bias.values.reshape(-1), expected.reshape(-1)))
            case QuantizedConstant():
                if bias.codes.values.dtype != np.int32 or bias.zero_point:
                    node.fail("its bias must be int32 with zero point 0")
                stated = bias.scale.values
                if not np.allclose(stated, expected.reshape(-1), rtol=BIAS_TOLERANCE, atol=0):
                    node.fail("the scale of its bias must be input scale · weight scale")
                codes = bias.codes
            case _:
                node.fail("its bias is not constant")
        if codes.values.size not in (1, channels):
            node.fail(f"its bias has {codes.values.size} elements for {channels} output channels")
        if codes.values.size < channels:
            codes = Constant(np.broadcast_to(codes.values.reshape(1), (channels,)))
        return self._array(f"{node.name}.bias", codes, TensorType(BIAS_TYPE, [channels]))

    def _scale(self, key: str, scale: Constant) -> Attribute:
        if scale.values.size == 1:
            return FloatAttr(float(scale.values.reshape(())), f32)
        return self._array(key, scale, TensorType(f32, [scale.values.size]))

    def _array(self, key: str, constant: Constant, tensor_type: TensorType) -> FileAttr:
        path = self.source
        if constant.key is None:
            path = self.weights_file
            while key in self.keys_of_model:
                key += "'"
            self.arrays[key] = np.ascontiguousarray(constant.values)
        else:
            key = constant.key
        digest = digest_of(constant.values)
        return FileAttr(StringAttr(path), StringAttr(key), StringAttr(digest), tensor_type)


def quantization_of_activation(
    node: Node, scale: Value | None, zero_point: Value | None
) -> Quantization:
    """The code of an activation from the constants at a node's scale and zero point inputs."""
    if not isinstance(scale, Constant) or scale.values.size != 1:
        node.fail("its activation scale must be one constant")
    code, zero = (8, False), 0
    if zero_point is not None:
        if not isinstance(zero_point, Constant):
            node.fail("its zero point is not constant")
        code, zero = _code(node, zero_point), uniform_zero_point(node, zero_point)
    value = float(np.float32(scale.values.reshape(())))
    if not (value > 0 and np.isfinite(value)):
        node.fail(f"has the scale {value}; it must be positive")
    return Quantization(*code, value, zero)


def uniform_zero_point(node: Node, zero_point: Value | None) -> int:
    """The one zero point of a tensor, 0 if it is left out."""
    if zero_point is None:
        return 0
    if not isinstance(zero_point, Constant):
        node.fail("its zero point is not constant")
    values = zero_point.values.astype(np.int64).reshape(-1)
    if np.any(values != values[0]):
        node.fail("its zero points differ between channels; they must be equal")
    return int(values[0])


def _code(node: Node, constant: Constant) -> tuple[int, bool]:
    code = code_of(constant.values.dtype)
    if code is None:
        node.fail(f"works on {constant.values.dtype}; only integers are supported")
    return code


def _integer_type(node: Node, codes: Constant) -> IntegerType:
    bits, signed = _code(node, codes)
    return IntegerType(bits, Signedness.SIGNED if signed else Signedness.UNSIGNED)
