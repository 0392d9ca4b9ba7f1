"""Published networks that the onnx package does not ship: their graphs, built layer by layer.

Sources: VGG-16, configuration D of Simonyan and Zisserman (2015); Wide ResNet-50-2, the bottlenecks
of He et al. (2016) with inner layers twice as wide (Zagoruyko and Komodakis, 2016), as torchvision
has it, the stride in the convolution of 3 × 3.  Weights are only shapes here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IMAGE = (3, 224, 224)
CLASSES = 1000
OPSET = 17

VGG_16 = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)
"""Filters between poolings."""

RESNET_50 = (3, 4, 6, 3)
"""Bottlenecks of each size of feature maps."""

WIDE = 2
"""How much wider the inner layers of bottlenecks are than those of ResNet-50."""


class _GraphWriter:
    """A graph that grows operator by operator; each is named by its result."""

    def __init__(self, name: str):
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, result: str, *operands: str, **attributes: Any) -> str:
        """Append an operator; returns the name of its result."""
        node = helper.make_node(operator, list(operands), [result], result, **attributes)
        self.nodes.append(node)
        return result

    def parameter(self, name: str, *shape: int) -> str:
        """A parameter that is only a shape."""
        extents = numpy_helper.from_array(np.array(shape, np.int64), f"{name}.shape")
        self.constants.append(extents)
        return self.add("ConstantOfShape", name, extents.name)

    def convolution(
        self, name: str, operand: str, channels: tuple[int, int], kernel: int, stride: int = 1
    ) -> str:
        """A convolution that keeps the size of maps, but for its stride."""
        weights = self.parameter(f"{name}.weight", channels[1], channels[0], kernel, kernel)
        bias = self.parameter(f"{name}.bias", channels[1])
        attributes = {
            "kernel_shape": [kernel] * 2,
            "strides": [stride] * 2,
            "pads": [kernel // 2] * 4,
        }
        return self.add("Conv", name, operand, weights, bias, **attributes)

    def dense(self, name: str, operand: str, inputs: int, outputs: int) -> str:
        """A fully connected layer."""
        weights = self.parameter(f"{name}.weight", outputs, inputs)
        bias = self.parameter(f"{name}.bias", outputs)
        return self.add("Gemm", name, operand, weights, bias, transB=1)

    def model(self, output: str) -> onnx.ModelProto:
        """The graph as a model of one image."""
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, *IMAGE])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, CLASSES])],
            self.constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def vgg16() -> onnx.ModelProto:
    """VGG-16: 13 convolutions of 3 × 3, three fully connected layers, 138 million weights."""
    graph = _GraphWriter("vgg16")
    value, channels = "image", IMAGE[0]
    for group, filters in enumerate(VGG_16, 1):
        for number, count in enumerate(filters, 1):
            name = f"conv{group}_{number}"
            value = graph.convolution(name, value, (channels, count), 3)
            value, channels = graph.add("Relu", f"{name}.relu", value), count
        pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
        value = graph.add("MaxPool", f"pool{group}", value, **pool)
    value = graph.add("Flatten", "flat", value)
    value = graph.add("Relu", "fc6.relu", graph.dense("fc6", value, channels * 7 * 7, 4096))
    value = graph.add("Relu", "fc7.relu", graph.dense("fc7", value, 4096, 4096))
    return graph.model(graph.dense("fc8", value, 4096, CLASSES))


def wide_resnet50() -> onnx.ModelProto:
    """Wide ResNet-50-2: 16 bottlenecks, 69 million weights; normalisations are in the weights."""
    graph = _GraphWriter("wide_resnet50")
    value = graph.convolution("conv1", "image", (3, 64), 7, stride=2)
    value = graph.add("Relu", "conv1.relu", value)
    pool = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}
    value, channels = graph.add("MaxPool", "pool1", value, **pool), 64
    for group, count in enumerate(RESNET_50):
        inner, outer = WIDE * 64 << group, 256 << group
        for block in range(count):
            stride = 2 if group and not block else 1
            name = f"conv{group + 2}_{block + 1}"
            path = graph.convolution(f"{name}.reduce", value, (channels, inner), 1)
            path = graph.add("Relu", f"{name}.reduce.relu", path)
            path = graph.convolution(f"{name}.3x3", path, (inner, inner), 3, stride)
            path = graph.add("Relu", f"{name}.3x3.relu", path)
            path = graph.convolution(f"{name}.expand", path, (inner, outer), 1)
            if not block:
                value = graph.convolution(f"{name}.project", value, (channels, outer), 1, stride)
            value = graph.add("Add", f"{name}.sum", path, value)
            value, channels = graph.add("Relu", f"{name}.relu", value), outer
    value = graph.add("Flatten", "flat", graph.add("GlobalAveragePool", "pool5", value))
    return graph.model(graph.dense("fc", value, channels, CLASSES))


BUILT = {"vgg16": vgg16, "wide_resnet50": wide_resnet50}
"""The networks by name."""
