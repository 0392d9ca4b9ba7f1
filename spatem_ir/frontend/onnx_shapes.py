"""Shapes of an ONNX model: those that are given for its inputs, and those that constants decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import onnx
from onnx import defs, helper, numpy_helper, shape_inference

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode

Shape = tuple[int, ...]

ANONYMOUS = ("?", "None", "unk")
"""Names of dimensions that say that nothing is known, and not that sizes are the same."""

MOST_STATED_ELEMENTS = 1 << 12
"""Elements of the largest constant whose values can decide a shape."""


def fix_shapes(graph: onnx.GraphProto, given: Mapping[str, Shape], file: str) -> None:
    """Set the shapes of a graph's inputs; a batch of unknown size becomes 1.

    A name that stands for the size of a dimension stands for it in all inputs.  What the file says
    of the shapes of other tensors is dropped if shapes are given, as it may say otherwise.

    Raises:
        SpatemError: there is no such input, a shape contradicts the model, or a size is missing.
    """
    inputs = {value.name: value for value in graph.input}
    for name in given:
        if name not in inputs:
            raise SpatemError(
                f"{file}: --shape names '{name}', but the model's inputs are "
                f"{', '.join(repr(known) for known in inputs)}"
            )
    sizes: dict[str, int] = {}
    for name, shape in given.items():
        _fix(inputs[name], shape, sizes, file)
    for value in inputs.values():
        _complete(value, sizes, file)
    if given:
        del graph.value_info[:]


def _fix(value: onnx.ValueInfoProto, shape: Shape, sizes: dict[str, int], file: str) -> None:
    """Set the shape of an input; notes the sizes that have names."""
    if min(shape, default=1) < 1:
        raise SpatemError(f"{file}: --shape gives input '{value.name}' a size of {min(shape)}")
    tensor = value.type.tensor_type
    stated = [(dimension.dim_value, dimension.dim_param) for dimension in tensor.shape.dim]
    stated = stated or [(0, "")] * len(shape)
    if len(stated) != len(shape):
        raise SpatemError(
            f"{file}: --shape gives input '{value.name}' {len(shape)} dimensions; it has "
            f"{len(stated)}, the batch included"
        )
    for index, ((known, name), size) in enumerate(zip(stated, shape, strict=True)):
        name = "" if name in ANONYMOUS else name
        known = known if known > 0 else sizes.setdefault(name, size) if name else size
        if known != size:
            raise SpatemError(
                f"{file}: --shape gives dimension {index} of input '{value.name}' the size {size}; "
                f"it is {known} in the model"
            )
    del tensor.shape.dim[:]
    tensor.shape.dim.extend([onnx.TensorShapeProto.Dimension(dim_value=size) for size in shape])


def _complete(value: onnx.ValueInfoProto, sizes: Mapping[str, int], file: str) -> None:
    """Set named sizes that are known, and an unknown batch to 1; nothing else may be unknown."""
    dimensions = value.type.tensor_type.shape.dim
    if len(dimensions) < 2:
        raise SpatemError(
            f"{file}: input '{value.name}' has {len(dimensions)} known dimensions; it needs the "
            f"batch and at least one more: if they are unknown, --shape {value.name}=1x3x224x224 "
            "gives them"
        )
    for dimension in dimensions:
        if dimension.dim_value < 1 and dimension.dim_param in sizes:
            dimension.dim_value = sizes[dimension.dim_param]
    if dimensions[0].dim_value < 1:
        dimensions[0].dim_value = 1
    for index, dimension in enumerate(dimensions):
        if dimension.dim_value < 1:
            form = "x".join(str(d.dim_value) if d.dim_value > 0 else "?" for d in dimensions)
            raise SpatemError(
                f"{file}: dimension {index} of input '{value.name}' has unknown size "
                f"'{dimension.dim_param or '?'}': give it, as --shape '{value.name}={form}' with "
                "numbers for ?"
            )


def static_shape(kind: onnx.TypeProto) -> Shape | None:
    """The shape that a type states, if it states all of it."""
    tensor = kind.tensor_type
    dimensions = tensor.shape.dim
    if not tensor.HasField("shape") or not all(d.HasField("dim_value") for d in dimensions):
        return None
    shape = tuple(dimension.dim_value for dimension in dimensions)
    return shape if min(shape, default=0) >= 0 else None


def node_proto(node: OnnxNode) -> onnx.NodeProto:
    """A node as ONNX writes it."""
    attributes: dict[str, Any] = {
        name: numpy_helper.from_array(value) if hasattr(value, "dtype") else value
        for name, value in node.attributes.items()
        if value is not None
    }
    return helper.make_node(node.operator, node.inputs, node.outputs, node.name, **attributes)


def inferred_types(
    node: OnnxNode,
    types: Mapping[str, onnx.TypeProto],
    constants: Mapping[str, Constant],
    opset: int,
) -> dict[str, onnx.TypeProto]:
    """The types of a node's results, from those of its operands and the values of constants.

    Nothing where they are not decided, or the operator is not ONNX's own.

    Raises:
        SpatemError: the operands do not fit together.
    """
    if not defs.has(node.operator, opset):
        return {}
    schema = defs.get_schema(node.operator, opset)
    known = {name: types[name] for name in node.inputs if name in types}
    data = {}
    for name in node.inputs:
        if name in constants:
            values = constants[name].values
            element = helper.np_dtype_to_tensor_dtype(values.dtype)
            known[name] = helper.make_tensor_type_proto(element, values.shape)
            if values.size <= MOST_STATED_ELEMENTS:
                data[name] = numpy_helper.from_array(values)
    if not all(name in known for name in node.inputs if name):
        return {}
    try:
        return shape_inference.infer_node_outputs(
            schema,
            node_proto(node),
            known,
            data,
            opset_imports=[helper.make_opsetid("", opset)],
        )
    except Exception as error:
        node.fail(f"its operands do not fit: {str(error).strip().splitlines()[0]}")
