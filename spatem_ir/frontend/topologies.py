"""Published networks with seeded weights: topologies that the onnx package ships, and others.

The package holds nine ImageNet networks without trained weights for its own tests
(`onnx/backend/test/data/light`); :mod:`~spatem_ir.frontend.built_topologies` has further ones.
Here they get random weights, so that every network has activations that neither die nor explode:
enough for latency, traffic and bit-exactness, not for accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from spatem_ir.frontend.built_topologies import BUILT
from spatem_ir.frontend.onnx_graph import OnnxGraph, graph_of, load_graph
from spatem_ir.operators.onnx_import.tensors import Constant
from spatem_ir.support.errors import SpatemError

TOPOLOGIES: dict[str, str] = {
    "alexnet": "bvlc_alexnet",
    "densenet121": "densenet121",
    "inception_v1": "inception_v1",
    "inception_v2": "inception_v2",
    "resnet50": "resnet50",
    "shufflenet": "shufflenet",
    "squeezenet": "squeezenet",
    "vgg19": "vgg19",
    "zfnet512": "zfnet512",
}
"""The file's name, without prefix and suffix, for each network's."""

VIEWS = ("Reshape", "Unsqueeze")
"""Operators through which a constant may go to its reader."""

CALIBRATION_IMAGES = 2
"""Random images from which the activation scales are taken."""


def seeded_topology(name: str, seed: int) -> OnnxGraph:
    """The graph of a published topology, in float32, with weights from a seed.

    Weights are normal with variance 2 / fan-in (He et al., 2015), scales and variances of batch
    normalisations uniform in 0.5 … 1.5, biases, shifts and means normal with deviation 0.1.

    Raises:
        SpatemError: the installed onnx package lacks the file.
    """
    graph = graph_of(BUILT[name](), name) if name in BUILT else _shipped(name)
    generator = np.random.default_rng(seed)
    roles = _roles(graph)
    shapes = {
        node.outputs[0]: tuple(graph.constants[node.inputs[0]].values.tolist())
        for node in graph.nodes
        if node.operator == "ConstantOfShape"
    }
    shapes |= {
        tensor: constant.values.shape
        for tensor, constant in graph.constants.items()
        if tensor in roles and constant.values.dtype == np.float32
    }
    drawn = {
        tensor: Constant(_drawn(generator, roles[tensor], shape))
        for tensor, shape in sorted(shapes.items())
    }
    nodes = tuple(node for node in graph.nodes if node.outputs[0] not in drawn)
    return replace(graph, nodes=nodes, constants={**graph.constants, **drawn})


def _shipped(name: str) -> OnnxGraph:
    """The graph of a topology that the onnx package ships."""
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    path = folder / f"light_{TOPOLOGIES[name]}.onnx"
    if not path.is_file():
        raise SpatemError(f"{name}: the installed onnx package lacks {path.name}; update onnx")
    return load_graph(str(path), name)


def _roles(graph: OnnxGraph) -> Mapping[str, str]:
    """What each constant is for: weight, positive (scales, variances) or centred (shifts)."""
    views = {node.inputs[0]: node.outputs[0] for node in graph.nodes if node.operator in VIEWS}
    roles: dict[str, str] = {}
    for node in graph.nodes:
        match node.operator:
            case "Conv" | "Gemm":
                kinds = dict(zip(node.inputs[1:], ("weight", "centred"), strict=False))
            case "BatchNormalization":
                order = ("positive", "centred", "centred", "positive")
                kinds = dict(zip(node.inputs[1:], order, strict=True))
            case "Mul" | "Add":
                kinds = {node.inputs[1]: "positive" if node.operator == "Mul" else "centred"}
            case _:
                continue
        roles.update(kinds)
    roles.update({source: roles[view] for source, view in views.items() if view in roles})
    return roles


def _drawn(
    generator: np.random.Generator, role: str, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    if role == "positive":
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    deviation = np.sqrt(2 / prod(shape[1:])) if role == "weight" else 0.1
    values = generator.standard_normal(shape, np.float32)
    values *= np.float32(deviation)
    return values


def calibration_images(shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Uniformly random images of a shape, for the calibration of a seeded topology."""
    generator = np.random.default_rng([seed, 1])
    return generator.random((CALIBRATION_IMAGES, *shape), np.float32)
