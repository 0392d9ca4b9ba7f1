"""Graphs inside nodes of an ONNX graph: the branches of If, the bodies of Loop and Scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from onnx import AttributeProto, GraphProto, NodeProto

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.tensors import OnnxNode


def graphs_of(node: OnnxNode) -> list[GraphProto]:
    """The graphs that are attributes of a node."""
    return [value for value in node.attributes.values() if isinstance(value, GraphProto)]


def captured(graph: GraphProto) -> set[str]:
    """The tensors that a graph reads from around it."""
    read = {output.name for output in graph.output}
    for node in graph.node:
        read.update(node.input)
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                read |= captured(attribute.g)
    return read - _defined(graph)


def _defined(graph: GraphProto) -> set[str]:
    """The tensors that a graph itself defines."""
    names = {value.name for value in (*graph.input, *graph.initializer)}
    return names.union(*(node.output for node in graph.node)) - {""}


def inlined(branch: GraphProto, prefix: str, results: Iterable[str]) -> GraphProto:
    """A branch of an If as part of the graph around the node.

    Args:
        branch: the graph.
        prefix: what stands in front of the names of its tensors, so that they are unique.
        results: the names of the node's results, which the branch then gives.
    """
    names = {name: f"{prefix}.{name}" for name in _defined(branch)}
    graph = GraphProto()
    graph.CopyFrom(branch)
    _rename(graph, names)
    for output, result in zip(branch.output, results, strict=False):
        source = names.get(output.name, output.name)
        graph.node.append(NodeProto(op_type="Identity", input=[source], output=[result]))
    return graph


def _rename(graph: GraphProto, names: Mapping[str, str]) -> None:
    """Rename tensors in a graph and in those inside it."""
    for value in (*graph.initializer, *graph.value_info, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                _rename(attribute.g, names)
