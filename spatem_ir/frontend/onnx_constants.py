"""Evaluation of nodes whose inputs are all constant.

Operators whose results may be an initialiser under another name, shape or order say so themselves
(`Import.fold`); all others are computed by ONNX's reference implementation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

from spatem_ir.frontend.onnx_branches import inlined
from spatem_ir.frontend.onnx_constant_work import check_work
from spatem_ir.frontend.onnx_graph import (
    OnnxGraph,
    array_of,
    first_line,
    nodes_of,
    reachable,
)
from spatem_ir.frontend.onnx_shapes import (
    inferred_types,
    node_proto,
    static_shape,
)
from spatem_ir.operators.core.register import imports
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.operators.core.operator import Fold


MOST_ELEMENTS = 1 << 26
"""Elements of the largest constant that is computed."""

MOST_REPEATED = 1 << 27
"""Elements of the largest constant of one value, which takes no memory by itself."""

MOST_BYTES = 1 << 29
"""Bytes of all constants together that are computed."""

VIEWS = frozenset(
    [
        "ConstantOfShape",
        "Flatten",
        "Identity",
        "Reshape",
        "Squeeze",
        "Transpose",
        "Unsqueeze",
    ]
)
"""Operators whose constant results take no memory of their own."""

OTHER_FLOATS = frozenset(["float16", "bfloat16", "float64"])
"""Types of real numbers that become float32, in which the host computes."""

SHRINKING = frozenset(["Compress", "NonZero", "Unique"])
"""Operators whose results have a size that depends on values, and at most that of an operand for
each of its dimensions."""

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

    Constants decide the shapes of what is behind them, shapes are constants again; an If whose
    condition is constant is replaced by its branch.

    Raises:
        SpatemError: the operands of a node do not fit together, or the result of a constant one is
            larger than :data:`MOST_ELEMENTS`.
    """
    return _Folding(graph).folded()


class _Folding:
    """A graph whose nodes are visited in their order; what is known of its tensors so far."""

    def __init__(self, graph: OnnxGraph):
        self.graph = graph
        self.constants = dict(graph.constants)
        self.types = dict(graph.types)
        self.names = {node.name for node in graph.nodes}
        self.bytes = 0

    def folded(self) -> OnnxGraph:
        """The graph without its constant nodes, and those on which nothing depends any more."""
        nodes: list[OnnxNode] = []
        waiting = list(reversed(self.graph.nodes))
        while waiting:
            node = waiting.pop()
            branch = self._branch(node)
            if branch is not None:
                waiting += reversed(branch)
                continue
            self._infer(node)
            results = self._evaluated(node)
            if results is None:
                nodes.append(node)
            else:
                self.constants.update(zip(node.outputs, results, strict=False))
        kept = reachable(nodes, self.graph.outputs)
        read = {*self.graph.outputs, *(name for node in kept for name in node.inputs)}
        return dataclasses.replace(
            self.graph,
            nodes=kept,
            constants={
                name: in_float32(value) for name, value in self.constants.items() if name in read
            },
            types=self.types,
        )

    def _branch(self, node: OnnxNode) -> list[OnnxNode] | None:
        """The nodes of the branch that an If with a constant condition takes."""
        condition = self.constants.get(node.input(0)) if node.operator == "If" else None
        if condition is None:
            return None
        taken = node.attribute("then_branch" if condition.values.all() else "else_branch")
        branch = inlined(taken, node.name, node.outputs)
        for entry in branch.initializer:
            self.constants[entry.name] = Constant(array_of(entry, f"{node.file}: '{entry.name}'"))
        nodes: list[OnnxNode] = []
        for inner in nodes_of(branch, node.file):
            name = f"{node.name}.{inner.name}" if inner.name in self.names else inner.name
            self.names.add(name)
            nodes.append(dataclasses.replace(inner, name=name))
        return nodes

    def _shape_of(self, tensor: str) -> tuple[int, ...] | None:
        if tensor in self.constants:
            return self.constants[tensor].values.shape
        return static_shape(self.types[tensor]) if tensor in self.types else None

    def _infer(self, node: OnnxNode) -> None:
        """Infer the shapes of a node's results that nobody has inferred yet."""
        if all(self._shape_of(name) is not None for name in node.outputs if name):
            return
        known = imports().get(node.operator)
        if known is not None and known.typed_like is not None:
            found = self._typed_like(node, node.input(known.typed_like))
        else:
            found = inferred_types(node, self.types, self.constants, self.graph.opset)
        self.types |= {name: kind for name, kind in found.items() if static_shape(kind) is not None}

    def _typed_like(self, node: OnnxNode, tensor: str) -> dict[str, onnx.TypeProto]:
        """The type of a node's result: the shape of its first operand, elements of a tensor."""
        shape = self._shape_of(node.inputs[0])
        if shape is None or not (tensor in self.constants or tensor in self.types):
            return {}
        if tensor in self.constants:
            element = helper.np_dtype_to_tensor_dtype(self.constants[tensor].values.dtype)
        else:
            element = self.types[tensor].tensor_type.elem_type
        return {node.outputs[0]: helper.make_tensor_type_proto(element, shape)}

    def _evaluated(self, node: OnnxNode) -> Sequence[Constant] | None:
        """The results of a node as constants; None if it is not constant."""
        if node.operator == "Shape":
            shape = self._shape_of(node.inputs[0])
            if shape is None:
                return None
            taken = shape[node.attribute("start", 0) : node.attribute("end")]
            return [Constant(np.array(taken, np.int64))]
        present = [name for name in node.inputs if name]
        if not all(name in self.constants for name in present) or not is_computed(node):
            return None
        self._check_size(node)
        results = computed(node, self.constants, self.graph.opset)
        self.bytes += sum(each.values.nbytes for each in results if each.values.flags.owndata)
        return results

    def _check_size(self, node: OnnxNode) -> None:
        """Check that the constant results of a node are not too large.

        Raises:
            SpatemError: they are, or their size is not known before.
        """
        sizes = [self.constants[name].values.size for name in node.inputs if name]
        shapes = {name: self._shape_of(name) for name in filter(None, node.outputs)}
        check_work(node, sizes, [prod(shape) for shape in shapes.values() if shape is not None])
        most = MOST_REPEATED if node.operator == "ConstantOfShape" else MOST_ELEMENTS
        limit = max(most, *sizes, 0)
        for name, shape in shapes.items():
            if shape is None and node.operator not in {*SHRINKING, *CONSTANT_OPERATORS}:
                node.fail("the size of its constant result is not known before it is computed")
            if shape is not None and prod(shape) > limit:
                node.fail(f"its constant result has {prod(shape)} elements; {most} are possible")
            size = 0 if shape is None else prod(shape) * self._bytes_of_element(name)
            if node.operator not in VIEWS and self.bytes + size > max(MOST_BYTES, size):
                node.fail(
                    f"with its result the computed constants have {self.bytes + size} bytes; "
                    f"{MOST_BYTES} are possible"
                )

    def _bytes_of_element(self, tensor: str) -> int:
        """The size of an element of a tensor, as far as it is known."""
        element = self.types[tensor].tensor_type.elem_type if tensor in self.types else 0
        known = element in helper.get_all_tensor_dtypes()
        return helper.tensor_dtype_to_np_dtype(element).itemsize if known else 0


def is_computed(node: OnnxNode) -> bool:
    """Whether a node is computed where its operands are constant."""
    if _fold_of(node.operator) is not None:
        return True
    return any(node.inputs) and "." not in node.operator and node.operator not in NOT_EVALUATED


def computed(node: OnnxNode, constants: Mapping[str, Constant], opset: int) -> Sequence[Constant]:
    """The results of a node whose operands are all constant.

    Raises:
        SpatemError: the operands do not fit together.
    """
    fold = _fold_of(node.operator)
    if fold is None:
        return computed_by_reference(node, constants, opset)
    try:
        return [fold(node, [constants[name] for name in node.inputs if name])]
    except SpatemError:
        raise
    except Exception as error:
        node.fail(f"its constant operands do not fit: {first_line(error)}")


def in_float32(constant: Constant) -> Constant:
    """A constant, in float32 if it holds real numbers of another width."""
    if constant.values.dtype.name not in OTHER_FLOATS:
        return constant
    return Constant(constant.values.astype(np.float32))


def computed_by_reference(
    node: OnnxNode, constants: Mapping[str, Constant], opset: int
) -> Sequence[Constant]:
    """The results of a node as ONNX's own reference computes them.

    Raises:
        SpatemError: the operands do not fit together.
    """
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    proto = node_proto(node)
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
    try:
        found = ReferenceEvaluator(model).run(None, feeds)
    except Exception as error:
        node.fail(f"its operands do not fit: {first_line(error)}")
    values = dict(zip(results, found, strict=True))
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
    return Constant(np.broadcast_to(value.reshape(()), operands[0].values))


CONSTANT_OPERATORS: dict[str, Fold] = {
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
}
"""Operators without operands that are activations, beside Shape."""
