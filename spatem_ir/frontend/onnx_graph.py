"""An ONNX file as a checked graph: nodes, constants and static shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import onnx
from numpy.typing import NDArray
from onnx import checker, helper, numpy_helper, shape_inference, version_converter

from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode
from spatem_ir.support.errors import SpatemError

OLDEST_OPSET = 17
"""Models of an older opset are converted to this one."""

SLOPES_BROADCAST = 7
"""The opset from which on slopes of PRelu are broadcast as numpy does."""

IR_VERSION = 8
"""The file format of opset 17; from version 4 on, initialisers need not be graph inputs."""


@dataclass(frozen=True, eq=False)
class Tensor:
    """An input of the graph: its element type (of `onnx.TensorProto`) and full shape."""

    name: str
    element_type: int
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class OnnxGraph:
    """A checked graph: `nodes` in topological order, those alone that outputs depend on.

    The first dimension of activations is the batch; a batch of unknown size counts as 1.
    `shapes` has the full shape of every tensor for which shape inference finds one; `opset` is the
    version of ONNX's operators.
    """

    file: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[str, ...]
    nodes: tuple[OnnxNode, ...]
    constants: Mapping[str, Constant]
    shapes: Mapping[str, tuple[int, ...]]
    opset: int

    @property
    def batch(self) -> int:
        """The size of the first dimension of activations; 1 if there is no input."""
        return self.inputs[0].shape[0] if self.inputs else 1

    def fail(self, message: str) -> NoReturn:
        """Raise an error that names the file."""
        raise SpatemError(f"{self.file}: {message}")


def load_graph(path: str, file: str) -> OnnxGraph:
    """Read an ONNX file.

    Args:
        path: where the file is.
        file: the file's name in error messages.

    Raises:
        SpatemError: the file is unreadable, no valid model, or has shapes that are not static.
    """
    model = _normalized(_read(path, file), file)
    graph = model.graph
    constants = {entry.name: _constant(entry, file) for entry in graph.initializer}
    outputs = tuple(output.name for output in graph.output)
    return OnnxGraph(
        file=file,
        inputs=tuple(_input(value, file) for value in graph.input),
        outputs=outputs,
        nodes=_reachable(list(_nodes(graph, file)), outputs),
        constants=constants,
        shapes=dict(_static_shapes(graph)),
        opset=_opset(model),
    )


def _read(path: str, file: str) -> onnx.ModelProto:
    try:
        return onnx.load(path)
    except OSError as error:
        raise SpatemError(f"{file}: {error.strerror or error}") from error
    except Exception as error:
        raise SpatemError(
            f"{file}: not a readable ONNX model (truncated?): {first_line(error)}"
        ) from error


def _normalized(model: onnx.ModelProto, file: str) -> onnx.ModelProto:
    """The checked model with constants as initialisers only, a recent opset and inferred shapes."""
    try:
        _check_text(model.graph)
        checker.check_model(model)
        initialisers = {entry.name for entry in model.graph.initializer}
        inputs = [value for value in model.graph.input if value.name not in initialisers]
        del model.graph.input[:]
        model.graph.input.extend(inputs)
        model.ir_version = max(model.ir_version, IR_VERSION)
        for value in model.graph.input:
            _fix_batch(value, file)
        opset = _opset(model)
        if 0 < opset < SLOPES_BROADCAST:
            _align_slopes(model)
        if 0 < opset < OLDEST_OPSET:
            model = version_converter.convert_version(model, OLDEST_OPSET)
        return shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except SpatemError:
        raise
    except Exception as error:
        raise SpatemError(f"{file}: not a valid ONNX model: {first_line(error)}") from error


def _align_slopes(model: onnx.ModelProto) -> None:
    """Give the slopes of PRelu, one for each channel, the dimensions that broadcasting wants.

    Before opset 7 a slope of one dimension belonged to the channels; the conversion of opsets
    leaves it as it is.
    """
    graph = shape_inference.infer_shapes(model).graph
    ranks = {
        value.name: len(value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
    slopes = {node.input[1]: node.input[0] for node in graph.node if node.op_type == "PRelu"}
    for entry in model.graph.initializer:
        if entry.name in slopes and len(entry.dims) == 1 and entry.dims[0] > 1:
            trailing = ranks.get(slopes[entry.name], 2) - 2
            entry.dims.extend([1] * trailing)


def _opset(model: onnx.ModelProto) -> int:
    """The version of ONNX's own operators; 0 if the model has none of them."""
    return next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)


def _check_text(graph: onnx.GraphProto) -> None:
    """Check that all names are text; broken ones are read as bytes.

    Raises:
        ValueError: one is not.
    """
    texts = [value.name for value in (*graph.input, *graph.output, *graph.initializer)]
    for node in graph.node:
        texts += [node.name, node.op_type, node.domain, *node.input, *node.output]
        texts += [attribute.name for attribute in node.attribute]
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"the name {text!r} is not UTF-8 text")


def _fix_batch(value: onnx.ValueInfoProto, file: str) -> None:
    """Set an unknown batch size to 1 and check that all other dimensions are known."""
    dimensions = value.type.tensor_type.shape.dim
    if len(dimensions) < 2:
        raise SpatemError(
            f"{file}: input '{value.name}' has {len(dimensions)} known dimensions; it needs the "
            "batch and at least one more"
        )
    if dimensions[0].dim_value < 1:
        dimensions[0].dim_value = 1
    for index, dimension in enumerate(dimensions):
        if dimension.dim_value < 1:
            raise SpatemError(
                f"{file}: dimension {index} of input '{value.name}' has unknown size "
                f"'{dimension.dim_param or '?'}'; only the batch may be dynamic"
            )


def _constant(entry: onnx.TensorProto, file: str) -> Constant:
    values = _array(entry, f"{file}: initialiser '{entry.name}'")
    return Constant(values, entry.name, values.ndim == 2)


def _array(tensor: onnx.TensorProto, what: str) -> NDArray[Any]:
    """The elements of a tensor; `what` names it in errors."""
    try:
        return numpy_helper.to_array(tensor)
    except Exception as error:
        raise SpatemError(f"{what} cannot be read: {first_line(error)}") from error


def _input(value: onnx.ValueInfoProto, file: str) -> Tensor:
    tensor = value.type.tensor_type
    return Tensor(value.name, tensor.elem_type, tuple(d.dim_value for d in tensor.shape.dim))


def _static_shapes(graph: onnx.GraphProto) -> Iterator[tuple[str, tuple[int, ...]]]:
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        shape = tuple(dimension.dim_value for dimension in tensor.shape.dim)
        if tensor.HasField("shape") and all(shape):
            yield value.name, shape


def _nodes(graph: onnx.GraphProto, file: str) -> Iterator[OnnxNode]:
    """The graph's nodes; one without a name of its own is called after its operator."""
    taken = {node.name for node in graph.node}
    seen: set[str] = set()
    numbers: dict[str, int] = {}
    for node in graph.node:
        name = node.name
        while not name or name in seen:
            number = numbers[node.op_type] = numbers.get(node.op_type, 0) + 1
            candidate = f"{node.op_type}{number}"
            name = "" if candidate in taken else candidate
        seen.add(name)
        own = node.domain in ("", "ai.onnx")
        yield OnnxNode(
            file=file,
            operator=node.op_type if own else f"{node.domain}.{node.op_type}",
            name=name,
            inputs=tuple(node.input),
            outputs=tuple(node.output),
            attributes={
                entry.name: _attribute_value(entry, f"{file}: {node.op_type} '{name}'")
                for entry in node.attribute
            },
        )


def _attribute_value(attribute: onnx.AttributeProto, node: str) -> Any:
    try:
        value = helper.get_attribute_value(attribute)
    except ValueError as error:
        raise SpatemError(f"{node}: attribute '{attribute.name}': {error}") from error
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, onnx.TensorProto):
        return _array(value, f"{node}: attribute '{attribute.name}'")
    return value


def _reachable(nodes: list[OnnxNode], outputs: tuple[str, ...]) -> tuple[OnnxNode, ...]:
    """The nodes on which the outputs depend, in their order."""
    needed, kept = set(outputs), []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            kept.append(node)
    return tuple(reversed(kept))


def first_line(error: Exception) -> str:
    """The first line of an error's message that says something."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
