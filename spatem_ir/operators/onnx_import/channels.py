"""Constants that broadcasting makes as large as an activation, as one number for each channel."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.operators.onnx_import.shapes import extents_text
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.onnx_import.network import NetworkBuilder

    Build = Callable[[SSAValue, Reals], SSAValue]


def by_channel(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    constant: Constant | QuantizedConstant,
    build: Build,
) -> SSAValue:
    """What `build` makes of an operand and of one number for each of its channels.

    The dimensions along which the constant varies take the place of the channels, and their own
    again in the result.
    """
    import numpy as np

    if isinstance(constant, QuantizedConstant):
        constant = constant.dequantized()
    shape = shape_of(operand)
    values = constant.values.astype(np.float32)
    varying = _varying_dimensions(node, values.shape, shape)
    order = (*varying, *(axis for axis in range(len(shape)) if axis not in varying))
    moved = network.transposed(operand, order)
    extents = shape_of(moved)
    channels = prod(extents[: len(varying)]) if varying else extents[0]
    maps = network.regrouped(moved, (channels, *extents[max(1, len(varying)) :]))
    result = build(maps, np.broadcast_to(values.reshape(-1), channels))
    inverse = tuple(order.index(axis) for axis in range(len(shape)))
    return network.transposed(network.regrouped(result, extents), inverse)


def _varying_dimensions(
    node: OnnxNode, constant: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[int, ...]:
    """The dimensions of `shape` along which a constant has more than one value."""
    aligned = (*[1] * (len(shape) + 1 - len(constant)), *constant)
    fits = zip(aligned, (1, *shape), strict=False)
    if len(aligned) > len(shape) + 1 or any(own not in (1, extent) for own, extent in fits):
        node.fail(
            f"has a constant of shape [{extents_text(constant)}], which does not fit "
            f"[batch, {extents_text(shape)}]: behind the batch it must have the same extents, or 1"
        )
    return tuple(axis for axis, extent in enumerate(aligned[1:]) if extent > 1)
