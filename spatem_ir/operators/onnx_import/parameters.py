"""Weights, biases and scales of imported layers: references to files, or new arrays."""

from __future__ import annotations

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
from xdsl.ir import Attribute, SSAValue

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import DequantizeOp
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.parameters import FileAttr
from spatem_ir.dialects.cnn.weight_layers import ACCUMULATOR_TYPE, weight_properties
from spatem_ir.operators.onnx_import.tensors import (
    Constant,
    OnnxNode,
    QuantizedConstant,
    Value,
    code_of,
    narrowed,
)
from spatem_ir.weights.store import ParameterStore, digest_of

FEWEST_WEIGHT_BITS = 2
"""Bits of the narrowest weights."""

BIAS_TOLERANCE = 1e-4
"""Relative deviation of a bias scale from input scale · weight scale that counts as rounding."""


class Parameters:
    """Makes the parameter attributes of layers.

    An array whose elements are an initialiser of the model refers to the model (`source`); any
    other is kept in `store`.
    """

    def __init__(self, source: str, store: ParameterStore):
        self.source = source
        self.store = store

    def of_layer(
        self,
        node: OnnxNode,
        operand: SSAValue,
        weights: Constant | QuantizedConstant,
        bias: Value | None,
        shape: tuple[int, ...],
    ) -> dict[str, Attribute | None]:
        """The properties of a weight layer.

        Args:
            node: the layer.
            operand: the layer's input.
            weights: constant weights, output channels first.
            bias: a constant with one element per output channel, or one for all.
            shape: the shape of the layer's weights.
        """
        channels = shape[0]
        key = f"{node.name}.weights"
        if isinstance(weights, Constant):
            if not is_floating(operand) or weights.values.dtype != np.float32:
                node.fail(f"has {weights.values.dtype} weights that are not dequantised")
            return weight_properties(
                node.name,
                weights=self.array(key, weights, TensorType(f32, shape)),
                weight_scale=None,
                bias=self._bias(node, operand, None, bias, channels),
            )
        for what, numbers in (("scale", weights.scale.values), ("zero point", weights.zero_points)):
            if numbers.size != 1 and (weights.axis != 0 or numbers.size != channels):
                node.fail(f"its weights must have one {what} for all or one per output channel")
        if weights.zero_points.size > 1:
            weights = weights.recoded(weights.centred())
        return weight_properties(
            node.name,
            weights=self.array(key, weights.codes, TensorType(weights.storage, shape)),
            weight_scale=self._scale(f"{node.name}.scale", weights.scale),
            weight_zero_point=int(weights.zero_points[0]),
            bias=self._bias(node, operand, weights.scale, bias, channels),
        )

    def _bias(
        self,
        node: OnnxNode,
        operand: SSAValue,
        weight_scale: Constant | None,
        bias: Value | None,
        channels: int,
    ) -> Attribute | None:
        """The bias: int32 in units of input scale · weight scale if it is given so, or float32."""
        match bias:
            case None:
                return None
            case QuantizedConstant():
                code = _code_behind(operand)
                constant = bias.dequantized()
                if code is not None and weight_scale is not None:
                    unit = np.float32(code.scale) * weight_scale.values
                    constant = bias.codes if _counts_in(bias, unit) else constant
            case Constant():
                constant = bias
            case _:
                node.fail("its bias is not constant")
        if constant.values.size not in (1, channels):
            node.fail(
                f"its bias has {constant.values.size} elements for {channels} output channels"
            )
        if constant.values.size < channels:
            constant = Constant(np.broadcast_to(constant.values.reshape(1), channels))
        wanted = (np.float32,) if is_floating(operand) else (np.int32,)
        if isinstance(bias, Constant) and constant.values.dtype not in wanted:
            node.fail(f"has a bias of {constant.values.dtype}, not {wanted[0].__name__}")
        element = ACCUMULATOR_TYPE if constant.values.dtype == np.int32 else f32
        return self.array(f"{node.name}.bias", constant, TensorType(element, [channels]))

    def _scale(self, key: str, scale: Constant) -> Attribute:
        if scale.values.size == 1:
            return FloatAttr(float(scale.values.reshape(())), f32)
        return self.array(key, scale, TensorType(f32, [scale.values.size]))

    def array(self, key: str, constant: Constant, tensor_type: TensorType) -> FileAttr:
        """A constant as a parameter of the given type, called `key` if the model has it not."""
        if constant.key is None:
            values = constant.values.reshape(tensor_type.get_shape())
            return self.store.keep(key, values, tensor_type.element_type)
        source, digest = StringAttr(self.source), StringAttr(digest_of(constant.values))
        return FileAttr(source, StringAttr(constant.key), digest, tensor_type)


def _code_behind(operand: SSAValue) -> Quantization | None:
    """The code of an operand, also of one that was just dequantised."""
    owner = operand.owner
    return quantization_of((owner.input if isinstance(owner, DequantizeOp) else operand).type)


def _counts_in(bias: QuantizedConstant, unit: NDArray[np.float32]) -> bool:
    """Whether a bias is int32 in units of input scale · weight scale."""
    if bias.codes.values.dtype != np.int32 or bias.zero_points.any():
        return False
    stated = bias.scale.values.reshape(-1)
    return np.allclose(stated, unit.reshape(-1), rtol=BIAS_TOLERANCE, atol=0)


def quantized_constant(
    node: OnnxNode, codes: Constant, scale: Value | None, zero_point: Value | None, axis: int
) -> QuantizedConstant:
    """Constant codes with the scale and zero point at a node's inputs."""
    bits, signed = _code(node, codes)
    if codes.limits is not None:
        bits = max(narrowed(bits, signed, codes.limits), FEWEST_WEIGHT_BITS)
    storage = IntegerType(bits, Signedness.SIGNED if signed else Signedness.UNSIGNED)
    scales, zeros = _scale(node, scale), _zero_points(node, zero_point)
    axis %= max(codes.values.ndim, 1)
    extent = codes.values.shape[axis] if codes.values.ndim else 1
    for what, numbers in (("scales", scales.values), ("zero points", zeros)):
        if numbers.size not in (1, extent):
            node.fail(f"has {numbers.size} {what} for a dimension of {extent}")
    return QuantizedConstant(codes, storage, scales, zeros, axis)


def activation_quantization(
    node: OnnxNode, scale: Value | None, zero_point: Value | None, storage: tuple[int, bool]
) -> Quantization:
    """The code of an activation from the constants at a node's inputs.

    `storage` is bits and signedness of the codes where the zero point is left out.
    """
    scales = _scale(node, scale).values.reshape(-1)
    if (scales != scales[0]).any():
        node.fail("has an activation with one scale per channel; it must be one for all")
    zeros = _zero_points(node, zero_point)
    if zeros.size != 1:
        node.fail("has an activation with several zero points; it must be one for all")
    bits, signed = _code(node, zero_point) if isinstance(zero_point, Constant) else storage
    return Quantization(bits, signed, float(scales[0]), int(zeros[0]))


def _zero_points(node: OnnxNode, zero_point: Value | None) -> NDArray[np.int64]:
    """The zero points of a tensor: one if they are equal, 0 if they are left out."""
    if zero_point is None:
        return np.zeros(1, np.int64)
    if not isinstance(zero_point, Constant):
        node.fail("its zero point is not constant")
    values = zero_point.values.astype(np.int64).reshape(-1)
    return values[:1] if (values == values[0]).all() else values


def _scale(node: OnnxNode, scale: Value | None) -> Constant:
    if isinstance(scale, Constant) and scale.values.dtype == np.float16:
        scale = Constant(scale.values.astype(np.float32))
    if not isinstance(scale, Constant) or scale.values.dtype != np.float32:
        node.fail("its scale must be a float32 or float16 constant")
    if not (np.isfinite(scale.values) & (scale.values > 0)).all():
        node.fail("its scale must be positive and finite")
    return scale


def _code(node: OnnxNode, constant: Constant) -> tuple[int, bool]:
    code = code_of(constant.values.dtype)
    if code is None:
        node.fail(f"quantises to {constant.values.dtype}; only integers are supported")
    return code
