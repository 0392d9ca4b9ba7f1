"""Small ONNX models for the tests of the importer, and onnxruntime's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from spatem_ir.exchange.session import Session
from spatem_ir.frontend.load import ImportOptions, LoadedNetwork, load_onnx
from spatem_ir.runtime.interpreter import execute
from spatem_ir.weights.store import ParameterStore

Array = NDArray[Any]
Shape = Sequence[int | str | None]

INPUT_SCALE = 1 / 64
INPUT_ZERO_POINT = np.uint8(7)


@dataclass
class ModelBuilder:
    """The nodes and initialisers of a graph with one input, `x`."""

    shape: Shape
    element_type: int = TensorProto.FLOAT
    seed: int = 1
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: list[onnx.TensorProto] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def constant(self, values: Any, name: str = "", dtype: Any = None) -> str:
        name = name or f"c{len(self.initialisers)}"
        self.initialisers.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(self, op_type: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        result = f"t{len(self.nodes)}"
        name = f"{op_type.lower()}{len(self.nodes)}" if name is None else name
        self.nodes.append(helper.make_node(op_type, inputs, [result], name, **attributes))
        return result

    def quantize(self, tensor: str, scale: float, zero_point: np.integer[Any]) -> str:
        codes = [self.constant(scale, dtype=np.float32), self.constant(zero_point)]
        return self.node("QuantizeLinear", tensor, *codes)

    def dequantize(self, tensor: str, scale: float, zero_point: np.integer[Any]) -> str:
        codes = [self.constant(scale, dtype=np.float32), self.constant(zero_point)]
        return self.node("DequantizeLinear", tensor, *codes)

    def requantize(self, tensor: str, scale: float, zero_point: np.integer[Any]) -> str:
        """QuantizeLinear and DequantizeLinear."""
        return self.dequantize(self.quantize(tensor, scale, zero_point), scale, zero_point)

    def input(self) -> str:
        """The input behind its QuantizeLinear and DequantizeLinear."""
        return self.requantize("x", INPUT_SCALE, INPUT_ZERO_POINT)

    def weights(self, *shape: int, axis: int | None = 0, zero_point: Any = None) -> str:
        """Random int8 weights (or codes of the zero point's type) behind a DequantizeLinear."""
        zero = np.int8(0) if zero_point is None else zero_point
        limits = np.iinfo(zero.dtype)
        codes = self.random.integers(limits.min, limits.max, shape, zero.dtype, endpoint=True)
        size = () if axis is None else (shape[axis],)
        scale = self.random.uniform(0.001, 0.01, size).astype(np.float32)
        inputs = [self.constant(codes), self.constant(scale), self.constant(np.full(size, zero))]
        attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
        return self.node("DequantizeLinear", *inputs, **attributes)

    def bias(self, weights: str) -> str:
        """A random int32 bias for the given weights, in units of input scale · weight scale."""
        source = next(node for node in self.nodes if node.output[0] == weights)
        scales = {entry.name: numpy_helper.to_array(entry) for entry in self.initialisers}
        scale = np.float32(INPUT_SCALE) * scales[source.input[1]]
        axis = source.attribute[0].i if source.attribute else 0
        channels = scales[source.input[0]].shape[axis]
        codes = self.random.integers(-2000, 2000, channels, np.int32)
        zero = np.zeros(scale.shape, np.int32)
        inputs = [self.constant(codes), self.constant(scale), self.constant(zero)]
        return self.node("DequantizeLinear", *inputs, axis=0)

    def model(self, *outputs: str, opset: int = 17, rank: int = 2) -> onnx.ModelProto:
        """The model with the given outputs.

        Their types are inferred; behind operators of which ONNX infers nothing they have `rank`
        dimensions of float32, or of uint8 if there are operators that are not ONNX's.
        """
        graph = helper.make_graph(
            self.nodes,
            "test",
            [helper.make_tensor_value_info("x", self.element_type, self.shape)],
            [onnx.ValueInfoProto(name=name) for name in outputs],
            self.initialisers,
        )
        opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        inferred = onnx.shape_inference.infer_shapes(model)
        foreign = any(node.domain for node in self.nodes)
        unknown = TensorProto.UINT8 if foreign else TensorProto.FLOAT
        for output in inferred.graph.output:
            if not output.type.tensor_type.HasField("shape"):
                shape = [f"d{axis}" for axis in range(rank)]
                element = output.type.tensor_type.elem_type or unknown
                output.type.CopyFrom(helper.make_tensor_type_proto(element, shape))
        return inferred

    def save(self, path: Path, *outputs: str, opset: int = 17, rank: int = 2) -> str:
        """Write the model and return its path."""
        onnx.save(self.model(*outputs, opset=opset, rank=rank), path)
        return str(path)


def imported(path: str, **options: Any) -> LoadedNetwork:
    """The network of a model file; options are those of the import."""
    return load_onnx(path, ImportOptions(**options))


def text_of(network: LoadedNetwork) -> str:
    """The IR of a network."""
    return str(network.module)


def executed(network: LoadedNetwork, images: Array) -> list[Array]:
    """The results of a network on images [n, …], computed by the interpreter."""
    return execute(network.module, [images], ParameterStore(arrays=network.arrays))


def reference(
    path: str, images: Array, *, input_name: str = "x", optimized: bool = True
) -> list[Array]:
    """The results of a model on images [n, …], computed by onnxruntime."""
    return Session(path, path, optimized=optimized).run({input_name: images})


def random_images(*shape: int, seed: int = 2) -> Array:
    """Images whose values cover the codes of `ModelBuilder.input`."""
    values = np.random.default_rng(seed).uniform(-0.2, 4.0, shape)
    return values.astype(np.float32)
