"""Weights as matrices, and the digital step that follows the accumulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, Signedness, TensorType

from spatem_ir.dialects.checks import quantized, shape_of
from spatem_ir.dialects.cnn_attributes import Quantization
from spatem_ir.dialects.cnn_weight_layers import WeightLayerOp
from spatem_ir.frontend.weights import ParameterStore
from spatem_ir.geometry.layer import Layer
from spatem_ir.runtime.values.codes import to_codes


def weight_matrices(op: WeightLayerOp, store: ParameterStore) -> NDArray[np.integer]:
    """The weights of a layer: shape [matrices, columns, rows].

    Raises:
        SpatemError: the weights cannot be found or are not what the IR states.
    """
    layer = op.layer
    values = cast("NDArray[np.integer]", store.values(op.weights))
    return values.reshape(layer.matrices, layer.columns, layer.rows)


def weight_excess(op: WeightLayerOp, *, offset_binary: bool) -> int:
    """How much a stored weight code exceeds the weight's value: zero point and offset.

    Crossbars store signed weights of b bits in offset binary: weight + 2^(b − 1).
    """
    zero_point = op.weight_zero_point.value.data
    signed = op.weight_element.signedness.data is Signedness.SIGNED
    return zero_point + (1 << (op.weight_element.width.data - 1) if offset_binary and signed else 0)


@dataclass(frozen=True)
class Requantization:
    """What the home of a layer's results does to the accumulated sums.

    `constant` (int32, [channels, positions or 1, 1]) holds the bias and what the input's zero point
    adds to every sum; `multiplier` (float32, [channels or 1, 1, 1]) leads to the output's scale;
    `code` is None if the result is the accumulator itself.
    """

    constant: NDArray[np.int32]
    multiplier: NDArray[np.float32]
    code: Quantization | None
    shape: tuple[int, ...]

    @staticmethod
    def of(
        op: WeightLayerOp, weights: NDArray[np.integer], store: ParameterStore
    ) -> Requantization:
        """The requantisation of a layer; `weights` as of :func:`weight_matrices`."""
        layer = op.layer
        source, target = quantized(op, op.input), quantized(op, op.output)
        constants = np.zeros((layer.matrices, layer.columns), np.int64)
        if op.bias is not None:
            constants += store.values(op.bias).astype(np.int64).reshape(constants.shape)
        if source.zero_point:
            sums = weights.sum(axis=2, dtype=np.int64)
            excess = weight_excess(op, offset_binary=False)
            constants -= source.zero_point * (sums - layer.rows * excess)
        scale = np.asarray(store.values(op.weight_scale), np.float32).reshape(-1, 1, 1)
        multiplier = np.float32(source.scale) * scale / np.float32(target.scale)
        return Requantization(
            constant=_per_output(layer, constants.astype(np.int32)),
            multiplier=multiplier,
            code=None if is_accumulator(op.output.type) else target,
            shape=shape_of(op.output),
        )

    def apply(self, sums: NDArray[np.int32]) -> NDArray[np.integer]:
        """Results of shape [images, …] from sums of shape [channels, positions, images]."""
        sums = sums + self.constant
        if self.code is None:
            results: NDArray[np.integer] = sums
        else:
            results = to_codes(sums.astype(np.float32) * self.multiplier, self.code)
        images_first = np.ascontiguousarray(results.transpose(2, 0, 1))
        return images_first.reshape(-1, *self.shape)


def is_accumulator(tensor: object) -> bool:
    """Whether a tensor type has plain si32 elements, which stand for the accumulator itself."""
    assert isinstance(tensor, TensorType)
    return tensor.element_type == IntegerType(32, Signedness.SIGNED)


def _per_output(layer: Layer, constants: NDArray[np.int32]) -> NDArray[np.int32]:
    """Constants of [matrices, columns] as [channels, positions or 1, 1]."""
    if layer.region is None:
        return constants.reshape(-1, 1, 1)
    spread = np.empty((layer.columns, layer.positions, 1), np.int32)
    for matrix in range(layer.matrices):
        spread[:, layer.window_positions(matrix), 0] = constants[matrix][:, None]
    return spread
