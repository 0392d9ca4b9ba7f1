"""Functions that an ONNX model defines, in place of the nodes that call them."""

from __future__ import annotations

from collections.abc import Iterable

from onnx import AttributeProto, ModelProto, NodeProto
from onnx.inliner import inline_local_functions

from spatem_ir.support.errors import SpatemError

MOST_NODES = 1 << 16
"""Nodes that the calls of functions may become."""

Key = tuple[str, str]
"""Domain and name of a function."""


def inline_functions(model: ModelProto, file: str) -> ModelProto:
    """The model with the bodies of its functions in place of their calls.

    Raises:
        SpatemError: functions call themselves, or become more than :data:`MOST_NODES` nodes.
    """
    if not model.functions:
        return model
    functions = {(function.domain, function.name): function.node for function in model.functions}
    sizes: dict[Key, int] = {}
    open_calls: set[Key] = set()

    def size_of(nodes: Iterable[NodeProto]) -> int:
        return sum(1 + _call(node) + _inside(node) for node in nodes)

    def _inside(node: NodeProto) -> int:
        graphs = (a.g for a in node.attribute if a.type == AttributeProto.GRAPH)
        return sum(size_of(graph.node) for graph in graphs)

    def _call(node: NodeProto) -> int:
        key = (node.domain, node.op_type)
        if key not in functions:
            return 0
        if key in open_calls:
            raise SpatemError(f"{file}: the function '{node.op_type}' calls itself")
        if key not in sizes:
            open_calls.add(key)
            sizes[key] = size_of(functions[key])
            open_calls.remove(key)
        return sizes[key]

    nodes = size_of(model.graph.node)
    if nodes > MOST_NODES:
        raise SpatemError(f"{file}: its functions become {nodes} nodes; {MOST_NODES} are possible")
    return inline_local_functions(model, convert_version=True)
