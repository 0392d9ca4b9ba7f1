"""Large initialisers, which stand aside while ONNX's tools work on a model.

The checker, the conversion of opsets and shape inference copy a whole model several times, but need
the values of small constants only: in place of large ones there are inputs for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

import onnx
from onnx import helper

LARGE = 1 << 12
"""Elements of the smallest initialiser that stands aside."""


def taken_out(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[onnx.TensorProto]]:
    """The model without its large initialisers, and these.

    The given model is changed, too; its memory is freed with that of the initialisers.
    """
    large = [entry for entry in model.graph.initializer if prod(entry.dims) >= LARGE]
    if not large:
        return model, large
    small = [entry for entry in model.graph.initializer if prod(entry.dims) < LARGE]
    light = onnx.ModelProto()
    kept = [onnx.TensorProto.FromString(entry.SerializeToString()) for entry in small]
    del model.graph.initializer[:]
    light.CopyFrom(model)
    light.graph.initializer.extend(kept)
    return light, large


def placeholder(entry: onnx.TensorProto) -> onnx.ValueInfoProto:
    """The input that stands for an initialiser."""
    return helper.make_tensor_value_info(entry.name, entry.data_type, entry.dims)


def put_in(graph: onnx.GraphProto, placeholders: Iterable[onnx.ValueInfoProto]) -> None:
    """Add those inputs that a graph does not have yet."""
    known = {value.name for value in graph.input}
    graph.input.extend(value for value in placeholders if value.name not in known)


def remove_inputs(graph: onnx.GraphProto, names: set[str]) -> None:
    """Remove the inputs of these names."""
    kept = [value for value in graph.input if value.name not in names]
    del graph.input[:]
    graph.input.extend(kept)
