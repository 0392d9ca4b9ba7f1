"""Calibration: the codes of all activations of a float network from sample inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from spatem_ir.dialects.cnn_attributes import Quantization
from spatem_ir.errors import SpatemError
from spatem_ir.frontend.onnx_graph import Graph
from spatem_ir.frontend.quantize import PostTraining, activation_quantization
from spatem_ir.frontend.quantize_evaluate import evaluate
from spatem_ir.frontend.weights import PACKAGE_SCHEME, packaged_file

if TYPE_CHECKING:
    from spatem_ir.frontend.load import ImportOptions

DEFAULT_BITS = 8

BATCH = 16
"""Inputs that are evaluated at a time."""

SHARING = {"Concat", "Dropout", "Flatten", "Identity", "MaxPool", "Relu", "Reshape"}
"""Operators whose operands and result have the same code."""

PACKAGED_CALIBRATION = {"package:lenet-digits-float.onnx": "package:lenet-digits-calibration.npy"}
"""Calibration inputs of the float networks that ship with the package."""


def calibrate(graph: Graph, source: str, options: ImportOptions) -> PostTraining:
    """Choose the codes of a float network's activations.

    Raises:
        SpatemError: no or unusable calibration inputs, or bits that are not possible.
    """
    weight_bits = options.weight_bits or DEFAULT_BITS
    activation_bits = options.activation_bits or DEFAULT_BITS
    for what, bits in (("weight", weight_bits), ("activation", activation_bits)):
        if not 2 <= bits <= 8:
            raise SpatemError(f"--{what}-bits is {bits}; 2 to 8 are possible for an ONNX model")
    inputs = _calibration_inputs(graph, options.calibration or PACKAGED_CALIBRATION.get(source))
    ranges = activation_ranges(graph, inputs)
    return PostTraining(weight_bits, _codes(graph, ranges, activation_bits))


def _calibration_inputs(graph: Graph, path: str | None) -> NDArray[np.float32]:
    if path is None:
        graph.fail(
            "is a float model; give sample inputs for its quantisation: --calibration FILE.npy"
        )
    if len(graph.inputs) != 1 or graph.inputs[0].element_type != TensorProto.FLOAT:
        graph.fail("is quantised only if it has one float32 input; quantise it beforehand")
    expected = graph.inputs[0].shape[1:]
    try:
        location = packaged_file(path) if path.startswith(PACKAGE_SCHEME) else path
        inputs = np.load(location, allow_pickle=False)
    except FileNotFoundError as error:
        raise SpatemError(f"{path}: calibration file not found") from error
    except (OSError, ValueError, EOFError) as error:
        raise SpatemError(f"{path}: not a readable .npy file: {error}") from error
    if not isinstance(inputs, np.ndarray):
        raise SpatemError(f"{path}: is an archive; --calibration needs one array, an .npy file")
    if inputs.dtype != np.float32:
        raise SpatemError(
            f"{path}: calibration inputs are {inputs.dtype}; the model's input "
            f"'{graph.inputs[0].name}' is float32"
        )
    if inputs.shape[1:] != expected or not len(inputs):
        wanted = ", ".join(map(str, ("n", *expected)))
        raise SpatemError(
            f"{path}: calibration inputs have shape {list(inputs.shape)}; the model's input "
            f"'{graph.inputs[0].name}' needs [{wanted}] with n of at least 1"
        )
    if not np.isfinite(inputs).all():
        raise SpatemError(f"{path}: calibration inputs contain values that are not finite")
    return inputs


def activation_ranges(graph: Graph, inputs: NDArray[np.float32]) -> dict[str, tuple[float, float]]:
    """The least and the greatest value of every activation over the inputs [n, …]."""
    ranges: dict[str, tuple[float, float]] = {}
    for start in range(0, len(inputs), BATCH):
        for name, values in evaluate(graph, inputs[start : start + BATCH]).items():
            if not np.isfinite(values).all():
                graph.fail(f"'{name}' has infinite values on the calibration inputs")
            low, high = ranges.get(name, (np.inf, -np.inf))
            ranges[name] = min(low, float(values.min())), max(high, float(values.max()))
    return ranges


def _codes(
    graph: Graph, ranges: dict[str, tuple[float, float]], bits: int
) -> dict[str, Quantization]:
    """The codes of activations: one for each set of tensors that must share it.

    Only tensors that are read as codes count for its range; a convolution whose result goes
    through a ReLU, and nowhere else, so has the range behind the ReLU.
    """
    code_of = {name: name for name in ranges}

    def representative(name: str) -> str:
        while code_of[name] != name:
            name = code_of[name]
        return name

    read_as_codes = set(graph.outputs)
    for node in graph.nodes:
        operands = [name for name in node.inputs if name in ranges]
        if node.operator in SHARING:
            for name in operands:
                code_of[representative(name)] = representative(node.outputs[0])
        else:
            read_as_codes.update(operands)
    range_of: dict[str, tuple[float, float]] = {}
    for name in read_as_codes.intersection(ranges):
        low, high = range_of.get(representative(name), ranges[name])
        range_of[representative(name)] = min(low, ranges[name][0]), max(high, ranges[name][1])
    codes = {name: activation_quantization(*limits, bits) for name, limits in range_of.items()}
    return {name: codes[representative(name)] for name in ranges if representative(name) in codes}
