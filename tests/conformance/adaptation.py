"""Adaptation of a case to networks with the batch in front and constant parameters.

The suite feeds everything as graph inputs and mostly has no batch.  Two changes make an equivalent
model:

- An input that is a parameter of its operator (weights, scales, bounds, a shape: any input but the
  first one, except for operators on several tensors alike) gets the case's value as initialiser.
- In a `node` case of an operator that does not say which dimension is the batch, every activation
  gets a leading dimension of 1, and operands of fewer dimensions get those that broadcasting would
  add.  Numbers of dimensions in attributes and parameters move along; Flatten, which leaves two
  dimensions, has an Unsqueeze behind it.  Operators that have the batch in front by definition
  (convolutions, poolings, normalisations, Gemm) stay as they are, and what a Gemm adds with a row
  for each image is an activation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from conformance.suite import Array, Case, in_storage
from onnx import helper, numpy_helper

OPERATORS_ON_ACTIVATIONS = frozenset({"Add", "Concat", "Div", "Max", "Min", "Mul", "Sub", "Sum"})
"""Operators whose inputs are all activations; the others have one, their first."""


@dataclass(frozen=True, eq=False)
class Adapted:
    """The model that is imported.

    `names` are the inputs of the case, `activations` those of the model; with `is_lifted` all its
    activations have an added dimension in front.
    """

    model: onnx.ModelProto
    names: tuple[str, ...]
    activations: tuple[str, ...]
    is_lifted: bool

    def inputs(self, arrays: list[Array]) -> list[Array]:
        """The model's inputs from those of the case."""
        values = dict(zip(self.names, arrays, strict=True))
        chosen = [in_storage(values[name]) for name in self.activations]
        rank = max(array.ndim for array in chosen)
        return [_lifted(array, rank) for array in chosen] if self.is_lifted else chosen

    def outputs(self, arrays: list[Array]) -> list[Array]:
        """The case's outputs from those of the model."""
        return [array[0] for array in arrays] if self.is_lifted else arrays


def adapt(case: Case) -> Adapted:
    """The equivalent of a case with constant parameters and a batch."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    graph = model.graph
    initialised = {entry.name for entry in graph.initializer}
    names = tuple(value.name for value in graph.input if value.name not in initialised)
    values = dict(zip(names, case.data_sets[0][0], strict=True))
    parameters = {
        name
        for node in graph.node
        if node.op_type not in OPERATORS_ON_ACTIVATIONS
        for name in node.input[1:]
        if name in values and not _is_addend_of_images(node, name, values)
    }
    activations = tuple(name for name in names if name not in parameters)
    constants = {name: values[name] for name in names if name in parameters}
    is_lifted = case.kind == "node" and graph.node[0].op_type in LIFTED
    if is_lifted:
        _lift(graph, activations, constants)
    graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in constants.items())
    return Adapted(model, names, activations, is_lifted)


def _is_addend_of_images(node: onnx.NodeProto, name: str, values: Mapping[str, Array]) -> bool:
    """Whether an input of a Gemm is added to its result with rows of its own for each image."""
    if node.op_type != "Gemm" or name not in node.input[2:] or _attribute(node, "transA", 0):
        return False
    return values[name].shape[:-1] == values[node.input[0]].shape[:1]


def _lifted(array: Array, rank: int) -> Array:
    """An array with a leading dimension of 1 before `rank` others."""
    return array.reshape((1,) * (1 + rank - array.ndim) + array.shape)


def _lift(
    graph: onnx.GraphProto, activations: tuple[str, ...], constants: dict[str, Array]
) -> None:
    """Put a dimension before those of the activations of a graph of one node."""
    tensors = [value for value in graph.input if value.name in activations]
    rank = max(len(value.type.tensor_type.shape.dim) for value in tensors)
    for value in tensors:
        _prepend(value, 1 + rank - len(value.type.tensor_type.shape.dim))
    for value in graph.output:
        _prepend(value, 1)
    (node,) = graph.node
    if node.op_type == "Flatten":
        _unsqueeze(graph)
    LIFTED[node.op_type](node, rank, constants)
    for value in graph.input:
        if value.name in constants:
            tensor = constants[value.name]
            kind = helper.np_dtype_to_tensor_dtype(tensor.dtype)
            value.type.CopyFrom(helper.make_tensor_type_proto(kind, tensor.shape))


def _unsqueeze(graph: onnx.GraphProto) -> None:
    """Put a dimension before the result of a graph of one node."""
    (node,) = graph.node
    result, axes = node.output[0], numpy_helper.from_array(np.array([0]), "unsqueezed")
    node.output[0] = f"{result}.flat"
    graph.initializer.append(axes)
    graph.node.append(helper.make_node("Unsqueeze", [node.output[0], axes.name], [result]))


def _prepend(value: onnx.ValueInfoProto, count: int) -> None:
    tensor = value.type.tensor_type
    extents = [1] * count + [dimension.dim_value for dimension in tensor.shape.dim]
    value.type.CopyFrom(helper.make_tensor_type_proto(tensor.elem_type, extents))


def _unchanged(_: onnx.NodeProto, __: int, ___: dict[str, Array]) -> None:
    """Nothing names a dimension."""


def _axis(default: int) -> Lift:
    """The attribute `axis` moves."""

    def lift(node: onnx.NodeProto, _: int, __: dict[str, Array]) -> None:
        axis = _attribute(node, "axis", default)
        _set_attribute(node, "axis", _moved(axis))

    return lift


def _permutation(node: onnx.NodeProto, rank: int, _: dict[str, Array]) -> None:
    permutation = _attribute(node, "perm", range(rank)[::-1])
    _set_attribute(node, "perm", [0, *(axis + 1 for axis in permutation)])


def _shape(node: onnx.NodeProto, _: int, constants: dict[str, Array]) -> None:
    constants[node.input[1]] = np.array([1, *constants[node.input[1]]])


def _scales(node: onnx.NodeProto, _: int, constants: dict[str, Array]) -> None:
    """The attribute `axis` moves; scales and zero points of blocks get a dimension, too."""
    _axis(1)(node, _, constants)
    for name in node.input[1:]:
        if constants[name].ndim > 1:
            constants[name] = constants[name][None]


def _axes(node: onnx.NodeProto, _: int, constants: dict[str, Array]) -> None:
    constants[node.input[1]] = _all_moved(constants[node.input[1]])


def _reduced_axes(node: onnx.NodeProto, _: int, constants: dict[str, Array]) -> None:
    """The axes are an attribute, or a constant."""
    if len(node.input) > 1:
        constants[node.input[1]] = _all_moved(constants[node.input[1]])
    axes = _attribute(node, "axes", None)
    if axes is not None:
        _set_attribute(node, "axes", [_moved(axis) for axis in axes])


def _slices(node: onnx.NodeProto, _: int, constants: dict[str, Array]) -> None:
    """Without axes, starts and ends get those of the batch."""
    if len(node.input) > 3:
        constants[node.input[3]] = _all_moved(constants[node.input[3]])
        return
    for name, bound in zip(node.input[1:3], (0, np.iinfo(np.int64).max), strict=True):
        constants[name] = np.array([bound, *constants[name]])


def _pads(node: onnx.NodeProto, _: int, constants: dict[str, Array]) -> None:
    if len(node.input) > 3:
        constants[node.input[3]] = _all_moved(constants[node.input[3]])
    else:
        before, after = np.split(constants[node.input[1]], 2)
        constants[node.input[1]] = np.array([0, *before, 0, *after])


Lift = Callable[[onnx.NodeProto, int, dict[str, Array]], None]
"""Moves the dimensions that a node names, in attributes or constants.

It gets the node, the dimensions of the largest operand before the change, and the constants.
"""

LIFTED: Mapping[str, Lift] = {
    "Abs": _unchanged,
    "Add": _unchanged,
    "Celu": _unchanged,
    "Clip": _unchanged,
    "Concat": _axis(0),
    "DequantizeLinear": _scales,
    "Div": _unchanged,
    "Dropout": _unchanged,
    "Elu": _unchanged,
    "Erf": _unchanged,
    "Exp": _unchanged,
    "Expand": _shape,
    "Flatten": _axis(1),
    "Gather": _axis(0),
    "HardSigmoid": _unchanged,
    "HardSwish": _unchanged,
    "Identity": _unchanged,
    "LayerNormalization": _axis(-1),
    "LeakyRelu": _unchanged,
    "LogSoftmax": _axis(-1),
    "MatMul": _unchanged,
    "Max": _unchanged,
    "Min": _unchanged,
    "Mish": _unchanged,
    "Mul": _unchanged,
    "Neg": _unchanged,
    "PRelu": _unchanged,
    "Pad": _pads,
    "Pow": _unchanged,
    "QLinearMatMul": _unchanged,
    "QuantizeLinear": _scales,
    "Reciprocal": _unchanged,
    "ReduceMax": _reduced_axes,
    "ReduceMean": _reduced_axes,
    "ReduceSum": _reduced_axes,
    "Relu": _unchanged,
    "Reshape": _shape,
    "Selu": _unchanged,
    "Sigmoid": _unchanged,
    "Slice": _slices,
    "Softmax": _axis(-1),
    "Softplus": _unchanged,
    "Split": _axis(0),
    "Sqrt": _unchanged,
    "Squeeze": _axes,
    "Sub": _unchanged,
    "Sum": _unchanged,
    "Tanh": _unchanged,
    "Tile": _shape,
    "Transpose": _permutation,
    "Unsqueeze": _axes,
}
"""The operators that do not say which dimension is the batch."""


def _moved(axis: int) -> int:
    """The number of a dimension behind a new first one; those from the end stay."""
    return axis if axis < 0 else axis + 1


def _all_moved(axes: Array) -> Array:
    return np.array([_moved(int(axis)) for axis in axes])


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    found = [entry for entry in node.attribute if entry.name == name]
    return helper.get_attribute_value(found[0]) if found else default


def _set_attribute(node: onnx.NodeProto, name: str, value: Any) -> None:
    others = [entry for entry in node.attribute if entry.name != name]
    del node.attribute[:]
    node.attribute.extend([*others, helper.make_attribute(name, value)])
