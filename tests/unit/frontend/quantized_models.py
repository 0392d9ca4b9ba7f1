"""QDQ models in many variants, and what is checked of every quantised form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from unit.frontend.onnx_builder import ModelBuilder, imported, reference

from spatem_ir.cli.run import main
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.frontend.load import LoadedNetwork
from spatem_ir.runtime.interpreter import execute
from spatem_ir.weights.store import ParameterStore

CHANNELS = 4
IMAGES = 3
SHAPE = ("n", CHANNELS, 6, 6)


@dataclass(frozen=True)
class Variant:
    """How a model is quantised: types of codes, scales of weights, version of ONNX's operators."""

    activations: type[np.integer[Any]] = np.uint8
    weights: type[np.integer[Any]] = np.int8
    per_channel: bool = True
    opset: int = 17

    def __str__(self) -> str:
        per = "channel" if self.per_channel else "tensor"
        names = f"{self.activations.__name__}-{self.weights.__name__}"
        return f"{names}-{per}-{self.opset}"


VARIANTS = (
    Variant(),
    Variant(np.int8, opset=13),
    Variant(np.uint8, np.uint8, per_channel=False, opset=19),
    Variant(np.int8, per_channel=False, opset=10),
    Variant(np.int16, opset=21),
)


class QuantizedModel(ModelBuilder):
    """A model with one input, whose tensors are quantised as a variant says."""

    def __init__(self, variant: Variant, shape: tuple[Any, ...] = SHAPE, **options: Any):
        super().__init__(shape, **options)
        self.variant = variant

    def code(self, scale: float) -> tuple[float, np.integer[Any]]:
        """Scale and zero point of an activation of about 64 · scale."""
        dtype = self.variant.activations
        if np.iinfo(dtype).bits > 8:
            return scale / 64, dtype(11)
        return scale, dtype(101 if dtype is np.uint8 else -9)

    def qdq(self, tensor: str, scale: float = 0.05) -> str:
        """A tensor behind QuantizeLinear and DequantizeLinear."""
        return self.requantize(tensor, *self.code(scale))

    def kernels(self, *shape: int) -> str:
        """Random weights, output channels first, behind DequantizeLinear."""
        zero = self.variant.weights(0 if self.variant.weights is np.int8 else 119)
        return self.weights(*shape, axis=0 if self.variant.per_channel else None, zero_point=zero)

    def conv(self, tensor: str, *more: str, inputs: int = CHANNELS, kernel: int = 3) -> str:
        """A convolution of codes, of which `more` is the bias."""
        weights = self.kernels(CHANNELS, inputs, kernel, kernel)
        pads = [kernel // 2] * 4
        return self.node("Conv", tensor, weights, *more, pads=pads)

    def reals(self, *shape: int, scale: float = 1.0) -> str:
        """Random float32 constants."""
        return self.constant(self.random.normal(0, scale, shape), dtype=np.float32)


def random_inputs(*shape: int) -> NDArray[np.float32]:
    """Images of a normal distribution."""
    return np.random.default_rng(5).normal(0, 1.5, (IMAGES, *shape)).astype(np.float32)


def expect_equal_tensors(network: LoadedNetwork, images: NDArray[Any]) -> NDArray[Any]:
    """Every tensor equals onnxruntime's; returns the first output."""
    store = ParameterStore(arrays=network.arrays)
    check = TensorCheck(network.module, store)
    outputs = execute(network.module, [images], store, check)
    comparison = check.comparison(outputs)
    assert comparison.first_difference is None, str(comparison.first_difference)
    return outputs[0]


def expect_codes_of_onnxruntime(
    file: str, images: NDArray[Any], step: float, **options: Any
) -> LoadedNetwork:
    """A model is imported; its tensors, and up to one step its output, are onnxruntime's."""
    network = imported(file, **options)
    output = expect_equal_tensors(network, images)
    wanted = reference(file, images, optimized=False)[0].reshape(output.shape)
    difference = np.abs(output.astype(np.float64) - wanted)
    assert len(np.unique(output)) > 4
    assert difference.max() <= step * 1.001
    return network


def expect_same_at_all_levels(file: str, images: NDArray[Any], folder: Any) -> None:
    """A model runs on a small chip, with the same values at every level."""
    np.save(folder / "images.npy", images)
    options = ["--inputs", str(folder / "images.npy"), "--accelerator", "tiny"]
    assert main([file, *options, "--check", "levels"]) == 0
