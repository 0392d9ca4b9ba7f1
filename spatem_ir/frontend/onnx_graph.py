"""An ONNX file as a checked graph: nodes, constants and static shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import onnx
from numpy.typing import NDArray
from onnx import checker, helper, numpy_helper, shape_inference, version_converter

from spatem_ir.frontend.onnx_branches import captured, graphs_of
from spatem_ir.frontend.onnx_functions import inline_functions
from spatem_ir.frontend.onnx_shapes import Shape, fix_shapes, static_shape
from spatem_ir.frontend.onnx_weights import placeholder, put_in, remove_inputs, taken_out
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
    `types` has what shape inference finds of tensors; `opset` is the version of ONNX's operators.
    """

    file: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[str, ...]
    nodes: tuple[OnnxNode, ...]
    constants: Mapping[str, Constant]
    types: Mapping[str, onnx.TypeProto]
    opset: int

    @property
    def batch(self) -> int:
        """The size of the first dimension of activations; 1 if there is no input."""
        return self.inputs[0].shape[0] if self.inputs else 1

    def shape_of(self, tensor: str) -> Shape | None:
        """The full shape of a tensor; None where it is not known."""
        return static_shape(self.types[tensor]) if tensor in self.types else None

    def fail(self, message: str) -> NoReturn:
        """Raise an error that names the file."""
        raise SpatemError(f"{self.file}: {message}")


def load_graph(path: str, file: str, shapes: Mapping[str, Shape] | None = None) -> OnnxGraph:
    """Read an ONNX file.

    Args:
        path: where the file is.
        file: the file's name in error messages.
        shapes: full shapes of inputs, by name, for those of unknown size.

    Raises:
        SpatemError: the file is unreadable, no valid model, or has shapes that are not static.
    """
    return graph_of(_read(path, file), file, shapes)


def graph_of(
    model: onnx.ModelProto, file: str, shapes: Mapping[str, Shape] | None = None
) -> OnnxGraph:
    """The graph of a model, which changes on the way; see :func:`load_graph`.

    Raises:
        SpatemError: it is no valid model, or has shapes that are not static.
    """
    model, constants = _normalized(model, file, shapes or {})
    graph = model.graph
    outputs = tuple(output.name for output in graph.output)
    return OnnxGraph(
        file=file,
        inputs=tuple(_input(value, file) for value in graph.input),
        outputs=outputs,
        nodes=reachable(list(nodes_of(graph, file)), outputs),
        constants=constants,
        types={
            value.name: value.type for value in (*graph.input, *graph.value_info, *graph.output)
        },
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


def _normalized(
    model: onnx.ModelProto, file: str, shapes: Mapping[str, Shape]
) -> tuple[onnx.ModelProto, dict[str, Constant]]:
    """The checked model with a recent opset, inferred shapes and no constants, and these."""
    try:
        _check_text(model.graph)
        model, large = taken_out(model)
        constants = {entry.name: _constant(entry, file) for entry in large}
        weights = [placeholder(entry) for entry in large]
        del large
        put_in(model.graph, weights)
        checker.check_model(model)
        remove_inputs(model.graph, {*constants, *(e.name for e in model.graph.initializer)})
        model.ir_version = max(model.ir_version, IR_VERSION)
        model = inline_functions(model, file)
        fix_shapes(model.graph, shapes, file)
        put_in(model.graph, weights)
        opset = _opset(model)
        if 0 < opset < SLOPES_BROADCAST:
            _align_slopes(model)
        if 0 < opset < OLDEST_OPSET:
            model = version_converter.convert_version(model, OLDEST_OPSET)
        model = _with_shapes(model)
        remove_inputs(model.graph, set(constants))
        constants |= {entry.name: _constant(entry, file) for entry in model.graph.initializer}
        return model, constants
    except SpatemError:
        raise
    except Exception as error:
        raise SpatemError(f"{file}: not a valid ONNX model: {first_line(error)}") from error


def _with_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with all shapes that ONNX's inference finds.

    There are operators whose results inference does not know, as GroupNormalization and an If whose
    branches differ, and files that state results of no dimensions: then what is stated of results
    is dropped and what can be inferred is.  Operands that do not fit together are found when
    constants are folded.

    Raises:
        InferenceError: a stated result has other extents.
    """
    try:
        return shape_inference.infer_shapes(model, strict_mode=True)
    except shape_inference.InferenceError as error:
        stated = {value.name: _extents(value) for value in model.graph.output}
        del model.graph.value_info[:]
        for output in model.graph.output:
            output.type.tensor_type.ClearField("shape")
        model = shape_inference.infer_shapes(model)
        for output in model.graph.output:
            found, wanted = _extents(output), stated[output.name]
            if len(found) == len(wanted) and any(
                own != other for own, other in zip(found, wanted, strict=True) if own and other
            ):
                raise error
        return model


def _extents(value: onnx.ValueInfoProto) -> list[int]:
    """What is known of a tensor's extents; 0 where nothing is."""
    return [max(d.dim_value, 0) for d in value.type.tensor_type.shape.dim]


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


def _constant(entry: onnx.TensorProto, file: str) -> Constant:
    values = array_of(entry, f"{file}: initialiser '{entry.name}'")
    return Constant(values, entry.name, values.ndim == 2)


def array_of(tensor: onnx.TensorProto, what: str) -> NDArray[Any]:
    """The elements of a tensor; `what` names it in errors."""
    try:
        return numpy_helper.to_array(tensor)
    except Exception as error:
        raise SpatemError(f"{what} cannot be read: {first_line(error)}") from error


def _input(value: onnx.ValueInfoProto, file: str) -> Tensor:
    tensor = value.type.tensor_type
    return Tensor(value.name, tensor.elem_type, tuple(d.dim_value for d in tensor.shape.dim))


def nodes_of(graph: onnx.GraphProto, file: str) -> Iterator[OnnxNode]:
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
            is_named=name == node.name,
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
        return array_of(value, f"{node}: attribute '{attribute.name}'")
    return value


def reachable(nodes: Sequence[OnnxNode], outputs: Sequence[str]) -> tuple[OnnxNode, ...]:
    """The nodes on which the outputs depend, in their order."""
    needed, kept = set(outputs), []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            needed.update(*(captured(graph) for graph in graphs_of(node)))
            kept.append(node)
    return tuple(reversed(kept))


def first_line(error: Exception) -> str:
    """The first line of an error's message that says something."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
