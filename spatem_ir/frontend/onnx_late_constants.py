"""Nodes on constants that are known during the import only: codes behind DequantizeLinear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.frontend.onnx_constant_work import check_work
from spatem_ir.frontend.onnx_constants import MOST_ELEMENTS, computed, is_computed
from spatem_ir.frontend.onnx_graph import OnnxGraph
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value

MOVEMENTS = frozenset(
    [
        "Concat",
        "DepthToSpace",
        "Expand",
        "Flatten",
        "Gather",
        "Identity",
        "Reshape",
        "Slice",
        "SpaceToDepth",
        "Split",
        "Squeeze",
        "Tile",
        "Transpose",
        "Unsqueeze",
    ]
)
"""Operators that move elements: their results on codes are codes."""


def of_constants(
    node: OnnxNode, values: Mapping[str, Value], graph: OnnxGraph
) -> Sequence[Value] | None:
    """The results of a node whose operands are all constant; None if they are not.

    Codes that are moved stay codes if their scales are those of the indices of one dimension
    again.  All other operators compute on float32.

    Raises:
        SpatemError: the operands do not fit together, or a result is too large.
    """
    operands = {name: values[name] for name in node.inputs if name in values}
    constants = {
        name: value
        for name, value in operands.items()
        if isinstance(value, Constant | QuantizedConstant)
    }
    quantized = [value for value in constants.values() if isinstance(value, QuantizedConstant)]
    if len(constants) < len(set(filter(None, node.inputs))) or not is_computed(node):
        return None
    shapes = [graph.shape_of(name) for name in node.outputs]
    results = [prod(shape) for shape in shapes if shape is not None]
    for elements in results:
        if elements > MOST_ELEMENTS:
            node.fail(f"its constant result has {elements} elements; {MOST_ELEMENTS} are possible")
    check_work(node, [_elements(constants[name]) for name in node.inputs if name], results)
    if node.operator in MOVEMENTS and len({value.storage for value in quantized}) == 1:
        moved = _moved(node, constants, graph.opset)
        if moved is not None:
            return moved
    reals = {
        name: value.dequantized() if isinstance(value, QuantizedConstant) else value
        for name, value in constants.items()
    }
    return computed(node, reals, graph.opset)


def _elements(constant: Constant | QuantizedConstant) -> int:
    values = constant.codes if isinstance(constant, QuantizedConstant) else constant
    return values.values.size


def _moved(
    node: OnnxNode, constants: Mapping[str, Constant | QuantizedConstant], opset: int
) -> list[QuantizedConstant] | None:
    """The codes that a node moves, with their scales and zero points.

    None if these do not belong to one dimension any more.
    """

    def of(part: Callable[[QuantizedConstant], Constant]) -> Sequence[Constant]:
        parts = {
            name: part(value) if isinstance(value, QuantizedConstant) else value
            for name, value in constants.items()
        }
        return computed(node, parts, opset)

    quantized = [value for value in constants.values() if isinstance(value, QuantizedConstant)]
    codes, first = of(lambda value: value.codes), quantized[0]
    if len(quantized) == 1 and first.scale.values.size == first.zero_points.size == 1:
        return [replace(first, codes=result) for result in codes]
    spread = zip(
        codes,
        of(lambda value: Constant(value.spread(value.scale.values))),
        of(lambda value: Constant(value.spread(value.zero_points))),
        strict=True,
    )
    found: list[QuantizedConstant] = []
    for result, scales, zeros in spread:
        axis = _only_axis(scales.values, zeros.values)
        if axis is None:
            return None
        along = tuple(slice(None) if n == axis else 0 for n in range(scales.values.ndim))
        scale, zero_points = _unique(scales.values[along]), _unique(zeros.values[along])
        is_first = np.array_equal(scale, first.scale.values.reshape(-1))
        found.append(
            replace(
                first,
                codes=result,
                scale=first.scale if is_first else Constant(scale),
                zero_points=zero_points,
                axis=axis,
            )
        )
    return found


def _unique(numbers: NDArray[Any]) -> NDArray[Any]:
    """Numbers of the indices of a dimension, or the one that all are."""
    numbers = numbers.reshape(-1)
    return numbers[:1] if (numbers == numbers[0]).all() else numbers


def _only_axis(*numbers: NDArray[Any]) -> int | None:
    """The one dimension along which arrays of one shape vary; None if there are several."""
    varying = {
        axis
        for array in numbers
        for axis in range(array.ndim)
        if (array != array.take([0], axis)).any()
    }
    if len(varying) > 1:
        return None
    return next(iter(varying), 0)
