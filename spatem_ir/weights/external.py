"""The files beside an ONNX model in which it keeps data."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

KEY = b"location"
"""The key under which a tensor names the file that holds it; it stands in the model as text."""


def external_files(path: str | Path) -> list[str]:
    """The files in which an ONNX model keeps data, beside its own; none if it cannot be read."""
    if not _names_files(path):
        return []
    import onnx
    from onnx.external_data_helper import ExternalDataInfo, uses_external_data

    try:
        model: ModelProto = onnx.load(str(path), load_external_data=False)
        tensors = [tensor for tensor in _tensors(model.graph) if uses_external_data(tensor)]
        names = dict.fromkeys(ExternalDataInfo(tensor).location for tensor in tensors)
    except Exception:
        return []
    return [str(Path(path).parent / name) for name in names]


def _names_files(path: str | Path) -> bool:
    """Whether a file has the key in it, which is found without reading the model."""
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(KEY) >= 0
    except (OSError, ValueError):
        return False


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """The initialisers of a graph and the tensors in its nodes, and of graphs inside it."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("g"):
                yield from _tensors(attribute.g)
