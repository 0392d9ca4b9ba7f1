"""Parameters of weight layers: weights as matrices, constants for each output."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, Signedness, TensorType

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.weights.store import ParameterStore

Number = TypeVar("Number", bound=np.number)


def weight_matrices(op: WeightLayerOp, store: ParameterStore) -> NDArray[Any]:
    """The weights of a layer, codes or float32: shape [matrices, columns, rows].

    Raises:
        SpatemError: the weights cannot be found or are not what the IR states.
    """
    layer = op.layer
    return store.values(op.weights).reshape(layer.matrices, layer.columns, layer.rows)


def weight_excess(op: WeightLayerOp, *, offset_binary: bool) -> int:
    """How much a stored weight code exceeds the weight's value: zero point and offset.

    Crossbars store signed weights of b bits in offset binary: weight + 2^(b − 1).
    """
    zero_point = op.weight_zero_point.value.data
    signed = op.weight_element.signedness.data is Signedness.SIGNED
    return zero_point + (1 << (op.weight_element.width.data - 1) if offset_binary and signed else 0)


def is_accumulator(tensor: object) -> bool:
    """Whether a tensor type has plain si32 elements, which stand for the accumulator itself."""
    assert isinstance(tensor, TensorType)
    return tensor.element_type == IntegerType(32, Signedness.SIGNED)


def per_output(layer: Layer, constants: NDArray[Number]) -> NDArray[Number]:
    """Constants of [matrices, columns] as [channels, positions or 1, 1]."""
    if layer.region is None:
        return constants.reshape(-1, 1, 1)
    spread = np.empty((layer.columns, layer.positions, 1), constants.dtype)
    for matrix in range(layer.matrices):
        spread[:, layer.window_positions(matrix), 0] = constants[matrix][:, None]
    return spread
