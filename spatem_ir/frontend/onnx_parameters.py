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
        channels = shape[0]
        scales = quantized.scale.values.size
        if scales != 1 and (quantized.axis != 0 or scales != channels):
            node.fail("its weights must have one scale for all or one per output channel")
        weights_type = TensorType(quantized.storage, shape)
        return weight_properties(
            node.name,
            weights=self._array(f"{node.name}.weights", quantized.codes, weights_type),
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
        storage = IntegerType(self.post_training.weight_bits, Signedness.SIGNED)
        return QuantizedConstant(Constant(codes), storage, Constant(scale), 0)

    def _bias(
        self,
        node: Node,
        code: Quantization,
        weight_scale: Constant,
        bias: Value | None,
        channels: int,
    ) -> Attribute | None:
        """The int32 bias, whose scale is input scale · weight scale; float biases are rounded."""
        expected = np.float32(code.scale) * weight_scale.values.reshape(-1)
        match bias:
            case None:
                return None
            case Constant():
                codes = bias
            case QuantizedConstant():
                if bias.codes.values.dtype != np.int32 or bias.zero_point:
                    node.fail("its bias must be int32 with zero point 0")
                stated = bias.scale.values.reshape(-1)
                if not np.allclose(stated, expected, rtol=BIAS_TOLERANCE, atol=0):
                    node.fail("the scale of its bias must be input scale · weight scale")
                codes = bias.codes
            case _:
                node.fail("its bias is not constant")
        if codes.values.size not in (1, channels):
            node.fail(f"its bias has {codes.values.size} elements for {channels} output channels")
        if codes.values.size < channels:
            codes = Constant(np.broadcast_to(codes.values.reshape(1), channels))
        if codes.values.dtype != np.int32:
            codes = Constant(bias_codes(codes.values.reshape(-1), expected))
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


def quantized_constant(
    node: Node, codes: Constant, scale: Value | None, zero_point: Value | None, axis: int
) -> QuantizedConstant:
    """Constant codes with the scale and zero point at a node's inputs."""
    bits, signed = _code(node, codes)
    storage = IntegerType(bits, Signedness.SIGNED if signed else Signedness.UNSIGNED)
    zero = _uniform_zero_point(node, zero_point)
    axis %= max(codes.values.ndim, 1)
    return QuantizedConstant(codes, storage, _scale(node, scale), zero, axis)


def activation_quantization(
    node: Node, scale: Value | None, zero_point: Value | None, storage: tuple[int, bool]
) -> Quantization:
    """The code of an activation from the constants at a node's inputs.

    `storage` is bits and signedness of the codes where the zero point is left out.
    """
    scales = _scale(node, scale)
    if scales.values.size != 1:
        node.fail("has an activation with one scale per channel; it must be one for all")
    zero = _uniform_zero_point(node, zero_point)
    bits, signed = _code(node, zero_point) if isinstance(zero_point, Constant) else storage
    return Quantization(bits, signed, float(scales.values.reshape(())), zero)


def _uniform_zero_point(node: Node, zero_point: Value | None) -> int:
    """The one zero point of a tensor, 0 if it is left out."""
    if zero_point is None:
        return 0
    if not isinstance(zero_point, Constant):
        node.fail("its zero point is not constant")
    values = zero_point.values.astype(np.int64).reshape(-1)
    if np.any(values != values[0]):
        node.fail("its zero points differ between channels; they must be equal")
    return int(values[0])


def _scale(node: Node, scale: Value | None) -> Constant:
    if not isinstance(scale, Constant) or scale.values.dtype != np.float32:
        node.fail("its scale must be a float32 constant")
    if not (np.isfinite(scale.values) & (scale.values > 0)).all():
        node.fail("its scale must be positive and finite")
    return scale


def _code(node: Node, constant: Constant) -> tuple[int, bool]:
    code = code_of(constant.values.dtype)
    if code is None:
        node.fail(f"quantises to {constant.values.dtype}; only integers are supported")
    return code
