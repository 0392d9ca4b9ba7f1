"""Evaluation of nodes whose inputs are all constant."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spatem_ir.frontend.onnx_graph import OnnxGraph
from spatem_ir.operators.core.register import imports
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode

if TYPE_CHECKING:
    from spatem_ir.operators.core.operator import Fold


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
    fold = _fold_of(node.operator)
    present = [name for name in node.inputs if name]
    if fold is None or not all(name in constants for name in present):
        return None
    try:
        return fold(node, [constants[name] for name in present])
    except (ValueError, IndexError, TypeError) as error:
        node.fail(f"its constant operands do not fit: {error}")


def _fold_of(operator: str) -> Fold | None:
    """How an operator of ONNX is computed on constants; None if it is not."""
    if operator in CONSTANT_OPERATORS:
        return CONSTANT_OPERATORS[operator]
    known = imports().get(operator)
    return None if known is None else known.fold


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


def _gather(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    source, indices = operands[0].values, operands[1].values
    return Constant(np.take(source, indices, axis=node.attribute("axis", 0)))


CONSTANT_OPERATORS: dict[str, Fold] = {
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Gather": _gather,
}
"""Operators that are supported on constants only, beside Shape."""
