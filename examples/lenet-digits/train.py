"""Train a LeNet on scikit-learn's digits, quantise it to 8 bits and write both as ONNX.

The network is LeNet-5 (LeCun et al., "Gradient-based learning applied to document recognition",
1998) with ReLU, max pooling and padded convolutions, so that it fits images of 8 x 8 pixels.
The quantisation is the static scheme of Jacob et al. (CVPR 2018) with per-channel weights:
a real number is `scale * (integer - zero_point)`, and

- weights are int8 with one scale per output channel and zero point 0;
- activations are uint8 with one scale per tensor; a ReLU output has zero point 0, so saturating at
  the integer 0 is the ReLU and the quantised network has no Relu node;
- biases are int32 with scale `input scale * weight scale`.

Usage: python train.py [output folder]
"""

import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

SEED = 1998
TEST_IMAGES = 450
CALIBRATION_IMAGES = 128
EPOCHS = 150
BATCH = 32
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2

OPSET = 17
IR_VERSION = 8  # the ONNX file format that came with opset 17
MODELS = Path(__file__).resolve().parents[2] / "spatem_ir" / "models"

Floats = NDArray[np.float32]
Ranges = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Digits:
    """The data set, split by `SEED` with the same share of every class on both sides.

    Images are float32 [n, 1, 8, 8] in [0, 1] (pixel / 16, exact), labels int64 [n].
    """

    train_images: Floats
    test_images: Floats
    train_labels: NDArray[np.int64]
    test_labels: NDArray[np.int64]

    @classmethod
    def load(cls) -> "Digits":
        """The 1797 digits that come with scikit-learn: 1347 to train on, 450 held out."""
        pixels, labels = load_digits(return_X_y=True)
        images = (pixels / 16).astype(np.float32).reshape(-1, 1, 8, 8)
        labels = labels.astype(np.int64)
        parts = train_test_split(
            images, labels, test_size=TEST_IMAGES, random_state=SEED, stratify=labels
        )
        return cls(*cast("list[NDArray[Any]]", parts))


def build_lenet() -> nn.Sequential:
    """The untrained network, [N, 1, 8, 8] -> [N, 10]; the names become ONNX node names."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 6, kernel_size=5, padding=2),  # 6 x 8 x 8
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),  # 6 x 4 x 4
            conv2=nn.Conv2d(6, 16, kernel_size=5, padding=2),  # 16 x 4 x 4
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),  # 16 x 2 x 2
            flatten=nn.Flatten(),
            fc1=nn.Linear(64, 120),
            relu3=nn.ReLU(),
            fc2=nn.Linear(120, 84),
            relu4=nn.ReLU(),
            fc3=nn.Linear(84, 10),
        )
    )


def distort(images: torch.Tensor) -> torch.Tensor:
    """Turn, scale and shift every image a little: up to 0.15 rad, 10 % and half a pixel."""
    angle, stretch, right, down = 2 * torch.rand(4, len(images)) - 1
    angle, stretch, right, down = 0.15 * angle, 1 + 0.1 * stretch, right / 8, down / 8
    first_row = torch.stack([stretch * angle.cos(), -stretch * angle.sin(), right], dim=1)
    second_row = torch.stack([stretch * angle.sin(), stretch * angle.cos(), down], dim=1)
    maps = torch.stack([first_row, second_row], dim=1)
    grid = nn.functional.affine_grid(maps, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


def train(network: nn.Sequential, images: Floats, labels: NDArray[np.int64]) -> None:
    """Fit `network` in place to distorted `images`: AdamW, cosine schedule, cross entropy."""
    inputs, targets = torch.from_numpy(images), torch.from_numpy(labels)
    steps = EPOCHS * -(-len(inputs) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(inputs)).split(BATCH):
            optimiser.zero_grad()
            logits = network(distort(inputs[batch]))
            nn.functional.cross_entropy(logits, targets[batch]).backward()
            optimiser.step()
            schedule.step()


def calibrate(network: nn.Sequential, images: Floats) -> Ranges:
    """The least and the greatest value of every layer's output over `images`, by layer name."""
    ranges: Ranges = {}
    values = torch.from_numpy(images)
    with torch.no_grad():
        for name, layer in network.named_children():
            values = layer(values)
            ranges[name] = (values.min().item(), values.max().item())
    return ranges


@dataclass(frozen=True)
class Quantisation:
    """How real numbers map to integers: `real = scale * (integer - zero_point)`.

    `scale` (float32) and `zero_point` (whose type is the integer type) are scalars, or vectors with
    one entry per index of the tensor's first axis.
    """

    scale: NDArray[np.float32]
    zero_point: NDArray[Any]

    def quantise(self, values: Floats) -> NDArray[Any]:
        """Divide by the scale, round half to even, shift by the zero point, saturate."""
        trailing = (1,) * (values.ndim - self.scale.ndim)
        scale = self.scale.reshape(self.scale.shape + trailing)
        zero_point = self.zero_point.reshape(self.zero_point.shape + trailing)
        limits = np.iinfo(self.zero_point.dtype)
        integers = np.rint(values.astype(np.float64) / scale) + zero_point
        return np.clip(integers, limits.min, limits.max).astype(self.zero_point.dtype)


def activation_quantisation(low: float, high: float) -> Quantisation:
    """uint8 over [low, high], widened to contain 0, which is represented exactly."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / 255)
    return Quantisation(np.array(scale), np.array(np.rint(-low / scale), np.uint8))


def weight_quantisation(weight: Floats) -> Quantisation:
    """Symmetric int8 with one scale per output channel (the first axis)."""
    greatest = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
    return Quantisation((greatest / 127).astype(np.float32), np.zeros(len(weight), np.int8))


def bias_quantisation(inputs: Quantisation, weight: Quantisation) -> Quantisation:
    """int32 at the scale of the accumulator, so that a bias is added to it as it is."""
    return Quantisation(inputs.scale * weight.scale, np.zeros_like(weight.scale, np.int32))


@dataclass
class GraphBuilder:
    """The nodes and initialisers of an ONNX graph with the input `image` and output `logits`."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add an initialiser and return its name."""
        self.initialisers.append(numpy_helper.from_array(values, name))
        return name

    def node(
        self, op_type: str, name: str, inputs: list[str], output: str = "", **attributes: Any
    ) -> str:
        """Add a node with one output, by default called `<name>_output`, and return that name."""
        output = output or f"{name}_output"
        self.nodes.append(helper.make_node(op_type, inputs, [output], name, **attributes))
        return output

    def quantize(self, tensor: str, name: str, by: Quantisation, output: str = "") -> str:
        """Add a QuantizeLinear node; `name` is the prefix of its own and its parameters' names."""
        parameters = [
            self.constant(f"{name}_scale", by.scale),
            self.constant(f"{name}_zero_point", by.zero_point),
        ]
        return self.node("QuantizeLinear", f"{name}_quantize", [tensor, *parameters], output)

    def dequantize(self, tensor: str, name: str) -> str:
        """Add a DequantizeLinear node that undoes `quantize` with the same `name`."""
        parameters = [f"{name}_scale", f"{name}_zero_point"]
        return self.node("DequantizeLinear", f"{name}_dequantize", [tensor, *parameters])

    def parameter(self, name: str, values: Floats, by: Quantisation) -> str:
        """Add an integer initialiser and the DequantizeLinear node, per channel, that reads it."""
        inputs = [
            self.constant(name, by.quantise(values)),
            self.constant(f"{name}_scale", by.scale),
            self.constant(f"{name}_zero_point", by.zero_point),
        ]
        return self.node("DequantizeLinear", f"{name}_dequantize", inputs, axis=0)

    def model(self, name: str, logits_type: int) -> onnx.ModelProto:
        """The finished, checked model; its output is the last node's."""
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
            [helper.make_tensor_value_info("logits", logits_type, ["N", 10])],
            self.initialisers,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="spatem_ir examples/lenet-digits",
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def onnx_operator(layer: nn.Module) -> tuple[str, dict[str, Any]]:
    """The ONNX operator of a layer and its attributes."""
    match layer:
        case nn.Conv2d():
            return "Conv", {"kernel_shape": [5, 5], "pads": [2, 2, 2, 2], "strides": [1, 1]}
        case nn.MaxPool2d():
            return "MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}
        case nn.Linear():
            return "Gemm", {"transB": 1}
        case nn.ReLU():
            return "Relu", {}
        case nn.Flatten():
            return "Flatten", {"axis": 1}
        case _:
            raise ValueError(f"no ONNX operator for the layer {layer}")


def weight_and_bias(layer: nn.Module) -> tuple[Floats, Floats] | None:
    """The trained parameters of a convolution or dense layer, None for any other layer."""
    if not isinstance(layer, nn.Conv2d | nn.Linear):
        return None
    weight, bias = layer.parameters()
    return weight.detach().numpy(), bias.detach().numpy()


def float_model(network: nn.Sequential) -> onnx.ModelProto:
    """The trained network in float32, one node per layer."""
    graph = GraphBuilder()
    tensor = "image"
    layers = list(network.named_children())
    for name, layer in layers:
        operator, attributes = onnx_operator(layer)
        inputs = [tensor]
        if parameters := weight_and_bias(layer):
            weight, bias = parameters
            inputs.append(graph.constant(f"{name}.weight", weight))
            inputs.append(graph.constant(f"{name}.bias", bias))
        output = "logits" if name == layers[-1][0] else ""
        tensor = graph.node(operator, name, inputs, output, **attributes)
    return graph.model("lenet-digits-float", TensorProto.FLOAT)


def relu_after(network: nn.Sequential) -> dict[str, str]:
    """The name of the ReLU that directly follows a layer, by the layer's name."""
    layers = list(network.named_children())
    return {
        name: next_name
        for (name, _), (next_name, next_layer) in pairwise(layers)
        if isinstance(next_layer, nn.ReLU)
    }


def quantised_model(network: nn.Sequential, ranges: Ranges) -> onnx.ModelProto:
    """The trained network in QDQ form: every operator between DequantizeLinear and QuantizeLinear.

    Pooling and flattening keep the quantisation of their input. The ReLU after a layer is part of
    that layer's QuantizeLinear. The last QuantizeLinear gives the output, uint8 logits.
    """
    graph = GraphBuilder()
    quantisation = activation_quantisation(0.0, 1.0)
    tensor = graph.quantize("image", "image", quantisation)
    source = "image"
    rectified = relu_after(network)
    layers = [
        (name, layer) for name, layer in network.named_children() if not isinstance(layer, nn.ReLU)
    ]
    for name, layer in layers:
        operator, attributes = onnx_operator(layer)
        inputs = [graph.dequantize(tensor, source)]
        if parameters := weight_and_bias(layer):
            weight, bias = parameters
            by_weight = weight_quantisation(weight)
            by_bias = bias_quantisation(quantisation, by_weight)
            inputs.append(graph.parameter(f"{name}.weight", weight, by_weight))
            inputs.append(graph.parameter(f"{name}.bias", bias, by_bias))
            quantisation = activation_quantisation(*ranges[rectified.get(name) or name])
        result = graph.node(operator, name, inputs, **attributes)
        output = "logits" if name == layers[-1][0] else ""
        tensor = graph.quantize(result, name, quantisation, output)
        source = name
    return graph.model("lenet-digits", TensorProto.UINT8)


def accuracy(model: onnx.ModelProto, images: Floats, labels: NDArray[np.int64]) -> float:
    """The share of `images` whose largest logit, by onnxruntime, is the label's."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    logits = cast("NDArray[Any]", session.run(["logits"], {"image": images})[0])
    return float(np.mean(logits.argmax(axis=1) == labels))


def main() -> None:
    """Train, quantise, report the accuracies and write the four files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else MODELS
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)

    digits = Digits.load()
    network = build_lenet()
    train(network, digits.train_images, digits.train_labels)
    calibration = digits.train_images[:CALIBRATION_IMAGES]
    models = {
        "lenet-digits-float": float_model(network),
        "lenet-digits": quantised_model(network, calibrate(network, calibration)),
    }

    weights = [p[0].size for layer in network.children() if (p := weight_and_bias(layer))]
    print(f"weights: {sum(weights)} ({' + '.join(map(str, weights))}), biases not counted")
    for name, model in models.items():
        onnx.save(model, folder / f"{name}.onnx")
        score = accuracy(model, digits.test_images, digits.test_labels)
        print(f"{name}.onnx: checked, accuracy {score:.2%} on {TEST_IMAGES} held-out digits")
    np.save(folder / "lenet-digits-calibration.npy", calibration)
    np.savez_compressed(
        folder / "lenet-digits-test.npz", images=digits.test_images, labels=digits.test_labels
    )


if __name__ == "__main__":
    main()
