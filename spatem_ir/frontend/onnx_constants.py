"""Evaluation of nodes whose inputs are all constant.

Operators whose results may be an initialiser under another name, shape or order say so themselves
(`Import.fold`); all others are computed by ONNX's reference implementation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from spatem_ir.frontend.onnx_graph import OnnxGraph, first_line
from spatem_ir.operators.core.register import imports
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.operators.core.operator import Fold


MOST_ELEMENTS = 1 << 26
"""Elements of the largest constant that is computed."""

NOT_EVALUATED = frozenset(
    [
        "Bernoulli",
        "DequantizeLinear",
        "If",
        "Loop",
        "Multinomial",
        "QuantizeLinear",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
        "Scan",
    ]
)
"""Operators of ONNX that are left where they are: quantisation, random numbers and control."""


def fold_constants(graph: OnnxGraph) -> OnnxGraph:
    """The graph with the results of constant nodes as constants in place of the nodes.

    Raises:
        SpatemError: the operands of a constant node do not fit together, or its result is larger
            than :data:`MOST_ELEMENTS`.
    """
    constants, nodes = dict(graph.constants), []
    for node in graph.nodes:
        results = _evaluate(node, constants, graph)
        if results is None:
            nodes.append(node)
        else:
            constants.update(zip(node.outputs, results, strict=False))
    return dataclasses.replace(graph, nodes=tuple(nodes), constants=constants)


def _evaluate(
    node: OnnxNode, constants: Mapping[str, Constant], graph: OnnxGraph
) -> Sequence[Constant] | None:
    """The results of a node as constants; None if it is not constant."""
    if node.operator == "Shape":
        shape = graph.shapes.get(node.inputs[0])
        if shape is None:
            return None
        return [Constant(np.array(shape[node.attribute("start", 0) : node.attribute("end")]))]
    fold = _fold_of(node.operator)
    present = [name for name in node.inputs if name]
    if not all(name in constants for name in present):
        return None
    if fold is None and (not present or "." in node.operator or node.operator in NOT_EVALUATED):
        return None
    for name in node.outputs:
        size = prod(graph.shapes.get(name, ()))
        if size > MOST_ELEMENTS:
            node.fail(f"its constant result has {size} elements; {MOST_ELEMENTS} are possible")
    try:
        if fold is None:
            return _by_reference(node, constants, graph.opset)
        return [fold(node, [constants[name] for name in present])]
    except SpatemError:
        raise
    except Exception as error:
        node.fail(f"its constant operands do not fit: {first_line(error)}")


def _by_reference(
    node: OnnxNode, constants: Mapping[str, Constant], opset: int
) -> Sequence[Constant]:
    """The results of a node as ONNX's own reference computes them."""
    from onnx import helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    attributes: dict[str, Any] = {
        name: numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        for name in node.attributes
        if (value := node.attribute(name)) is not None
    }
    proto = helper.make_node(node.operator, node.inputs, node.outputs, node.name, **attributes)
    feeds = {name: constants[name].values for name in node.inputs if name}
    inputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape
        )
        for name, values in feeds.items()
    ]
    results = [name for name in node.outputs if name]
    outputs = [helper.make_empty_tensor_value_info(name) for name in results]
    graph = helper.make_graph([proto], "constant", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    values = dict(zip(results, ReferenceEvaluator(model).run(None, feeds), strict=True))
    return [Constant(np.asarray(values.get(name))) for name in node.outputs]


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


CONSTANT_OPERATORS: dict[str, Fold] = {
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
}
"""Operators without operands that are activations, beside Shape."""
