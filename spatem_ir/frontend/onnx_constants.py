"""Evaluation of nodes whose inputs are all constant."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from spatem_ir.frontend.onnx_graph import Constant, OnnxGraph, OnnxNode


def fold_constants(graph: OnnxGraph) -> OnnxGraph:
    """The graph with the results of constant nodes as constants in place of the nodes.

    Raises:
        SpatemError: the operands of a constant node do not fit together.
    """
    constants, nodes = dict(graph.constants), []
    for node in graph.nodes:
        result = _evaluate(node, constants, graph)
        if result is None:
            nodes.append(node)
        else:
            constants[node.outputs[0]] = result
    return dataclasses.replace(graph, nodes=tuple(nodes), constants=constants)


def _evaluate(
    node: OnnxNode, constants: Mapping[str, Constant], graph: OnnxGraph
) -> Constant | None:
    """The result of a node as a constant; None if it is not constant."""
    if node.operator == "Shape":
        shape = graph.shapes.get(node.inputs[0])
        if shape is None:
            return None
        return Constant(np.array(shape[node.attribute("start", 0) : node.attribute("end")]))
    evaluate = EVALUATORS.get(node.operator)
    present = [name for name in node.inputs if name]
    if evaluate is None or not all(name in constants for name in present):
        return None
    try:
        return evaluate(node, [constants[name] for name in present])
    except (ValueError, IndexError, TypeError) as error:
        node.fail(f"its constant operands do not fit: {error}")


def quantized(
    values: NDArray[Any], scale: NDArray[Any], zero_point: NDArray[Any]
) -> NDArray[np.integer[Any]]:
    """ONNX QuantizeLinear: round half to even of values / scale, plus zero point, saturated."""
    code = code_of(zero_point.dtype)
    assert code is not None
    bits, signed = code
    lowest = -(2 ** (bits - 1)) if signed else 0
    codes = np.rint(values / scale) + zero_point.astype(np.float32)
    return np.clip(codes, lowest, lowest + 2**bits - 1).astype(zero_point.dtype)


def code_of(dtype: np.dtype[Any]) -> tuple[int, bool] | None:
    """Bits and signedness of an integer type, ONNX's types of 2 and 4 bits included."""
    sign, found, width = dtype.name.rpartition("int")
    return (int(width), not sign) if found and width.isdigit() and sign in ("", "u") else None


def narrowed(bits: int, signed: bool, limits: tuple[int, int]) -> int:
    """The fewest bits of an integer type that holds all values between limits."""
    lowest, highest = limits
    for fewer in range(1, bits):
        least = -(2 ** (fewer - 1)) if signed else 0
        if least <= lowest and highest < least + 2**fewer:
            return fewer
    return bits


def _clip(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    values = operands[0].values
    if code_of(values.dtype) is None or len(operands) != 3:
        node.fail("of a constant is supported for integers with both bounds only")
    lowest, highest = (int(operand.values.reshape(())) for operand in operands[1:])
    return Constant(np.clip(values, lowest, highest), limits=(lowest, highest))


def _constant(node: OnnxNode, _: Sequence[Constant]) -> Constant:
    for name, dtype in CONSTANT_ATTRIBUTES.items():
        value = node.attribute(name)
        if value is not None:
            return Constant(np.asarray(value, dtype))
    node.fail(f"its value has an unsupported form: {', '.join(node.attributes)}")


CONSTANT_ATTRIBUTES = {
    "value": None,
    "value_float": np.float32,
    "value_floats": np.float32,
    "value_int": np.int64,
    "value_ints": np.int64,
}
"""The attributes that can hold the value of a Constant node, and their types."""


def _constant_of_shape(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    value = node.attribute("value", np.zeros(1, np.float32))
    return Constant(np.full(operands[0].values, value.reshape(())))


def _cast(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    node.attribute("saturate")
    dtype = helper.tensor_dtype_to_np_dtype(node.attribute("to"))
    if operands[0].values.dtype == dtype:
        return operands[0]
    return Constant(operands[0].values.astype(dtype))


def _reshape(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    source, target = operands[0], operands[1].values.tolist()
    if not node.attribute("allowzero", 0):
        shape = source.values.shape
        target = [shape[i] if size == 0 else size for i, size in enumerate(target)]
    return source.reshaped(tuple(target))


def _flatten(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    shape, axis = operands[0].values.shape, node.attribute("axis", 1)
    rows = int(np.prod(shape[:axis], dtype=np.int64))
    return operands[0].reshaped((rows, operands[0].values.size // rows))


def _unsqueeze(_: OnnxNode, operands: Sequence[Constant]) -> Constant:
    axes = tuple(operands[1].values.tolist())
    return operands[0].reshaped(np.expand_dims(operands[0].values, axes).shape)


def _squeeze(_: OnnxNode, operands: Sequence[Constant]) -> Constant:
    axes = tuple(operands[1].values.tolist()) if len(operands) > 1 else None
    return operands[0].reshaped(np.squeeze(operands[0].values, axes).shape)


def _transpose(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    permutation = node.attribute("perm", range(operands[0].values.ndim)[::-1])
    return operands[0].transposed(tuple(permutation))


def _gather(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    source, indices = operands[0].values, operands[1].values
    return Constant(np.take(source, indices, axis=node.attribute("axis", 0)))


def _concat(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    return Constant(np.concatenate([o.values for o in operands], axis=node.attribute("axis")))


def _quantize(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    values, scale = operands[0].values, operands[1].values
    zero_point = operands[2].values if len(operands) > 2 else np.zeros(scale.shape, np.uint8)
    node.attribute("saturate")
    axis = node.attribute("axis", 1)
    if scale.size == 1:
        shape = (1,) * values.ndim
    else:
        shape = tuple(-1 if i == axis % values.ndim else 1 for i in range(values.ndim))
    return Constant(quantized(values, scale.reshape(shape), zero_point.reshape(shape)))


EVALUATORS: dict[str, Callable[[OnnxNode, Sequence[Constant]], Constant]] = {
    "Add": lambda _, operands: Constant(operands[0].values + operands[1].values),
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Flatten": _flatten,
    "Gather": _gather,
    "Identity": lambda _, operands: operands[0],
    "Mul": lambda _, operands: Constant(operands[0].values * operands[1].values),
    "QuantizeLinear": _quantize,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
