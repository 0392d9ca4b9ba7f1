"""The cases of ONNX's own backend test suite that lie in the inference of CNNs.

The suite ships with the package `onnx`.  Of its kinds, `node` (one operator each), and
`pytorch-converted`, `pytorch-operator` and `simple` (files) are used; nothing is downloaded, and
nothing is written to the home folder.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.backend.test.case.test_case import TestCase
from onnx.backend.test.loader import load_model_tests

Array = NDArray[Any]

KINDS = ("node", "pytorch-converted", "pytorch-operator", "simple")
"""The kinds of cases that are selected from."""

OPERATORS = {
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "ConvInteger",
    "DequantizeLinear",
    "Dropout",
    "Flatten",
    "Gemm",
    "GlobalAveragePool",
    "Identity",
    "LRN",
    "LeakyRelu",
    "MatMul",
    "MatMulInteger",
    "MaxPool",
    "Mul",
    "Pad",
    "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Squeeze",
    "Sum",
    "Transpose",
    "Unsqueeze",
}
"""The operators of CNN inference; a case is selected if it has no others."""

FURTHER_OPERATORS = {
    "Abs",
    "Celu",
    "ConvTranspose",
    "DepthToSpace",
    "Div",
    "Elu",
    "Erf",
    "Exp",
    "Expand",
    "Gather",
    "GlobalMaxPool",
    "HardSigmoid",
    "HardSwish",
    "InstanceNormalization",
    "LayerNormalization",
    "LogSoftmax",
    "Max",
    "Min",
    "Mish",
    "Neg",
    "PRelu",
    "Pow",
    "Reciprocal",
    "ReduceMax",
    "ReduceMean",
    "ReduceSum",
    "Resize",
    "Selu",
    "Slice",
    "Softplus",
    "SpaceToDepth",
    "Split",
    "Sqrt",
    "Sub",
    "Tanh",
    "Tile",
}
"""Operators that newer networks have as well."""


@dataclass(frozen=True, eq=False)
class Case:
    """A model, and for each of its data sets the inputs and the expected outputs.

    Inputs are those that are no initialisers, in their order.  Floats are to agree within `rtol`
    and `atol`, integers exactly.
    """

    name: str
    kind: str
    model: onnx.ModelProto
    data_sets: Sequence[tuple[list[Array], list[Array]]]
    rtol: float
    atol: float


def select_cases() -> list[Case]:
    """The cases of :data:`OPERATORS`, by name."""
    return _cases_of(OPERATORS)


def select_further_cases() -> list[Case]:
    """The cases that have :data:`FURTHER_OPERATORS`, by name; `node` cases have one node."""
    return [
        case
        for case in _cases_of(OPERATORS | FURTHER_OPERATORS)
        if not FURTHER_OPERATORS.isdisjoint(node.op_type for node in case.model.graph.node)
        and (case.kind != "node" or len(case.model.graph.node) == 1)
    ]


def _cases_of(operators: set[str]) -> list[Case]:
    """The cases that have no other operators, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some cases of other operators overflow on purpose
        tests = [test for kind in KINDS for test in load_model_tests(kind=kind)]
    cases = [_case(test, model) for test in tests if _is_selected(model := _model(test), operators)]
    return sorted(cases, key=lambda case: case.name)


def _model(test: TestCase) -> onnx.ModelProto:
    if test.model is not None:
        return test.model
    assert test.model_dir is not None
    return onnx.load(Path(test.model_dir, "model.onnx"))


def _is_selected(model: onnx.ModelProto, operators: set[str]) -> bool:
    """Whether a model has these operators alone, on tensors."""
    values = (*model.graph.input, *model.graph.output)
    return {node.op_type for node in model.graph.node} <= operators and all(
        value.type.HasField("tensor_type") for value in values
    )


def _case(test: TestCase, model: onnx.ModelProto) -> Case:
    data_sets = test.data_sets
    if data_sets is None:
        assert test.model_dir is not None
        data_sets = [
            (list(_tensors(folder, "input")), list(_tensors(folder, "output")))
            for folder in sorted(Path(test.model_dir).glob("test_data_set_*"))
        ]
    return Case(
        test.name,
        test.kind,
        model,
        [([*map(_array, inputs)], [*map(_array, outputs)]) for inputs, outputs in data_sets],
        test.rtol,
        test.atol,
    )


def _tensors(folder: Path, what: str) -> Iterator[Array]:
    for number in range(len(list(folder.glob(f"{what}_*.pb")))):
        yield numpy_helper.to_array(onnx.load_tensor(folder / f"{what}_{number}.pb"))


def _array(tensor: Array | onnx.TensorProto) -> Array:
    return numpy_helper.to_array(tensor) if isinstance(tensor, onnx.TensorProto) else tensor


def in_storage(array: Array) -> Array:
    """An array in the type in which it is computed: 8 bits for narrower integers, float32."""
    if array.dtype.name in ("float16", "bfloat16"):
        return array.astype(np.float32)
    sign, found, bits = array.dtype.name.rpartition("int")
    if not found or bits not in ("2", "4"):
        return array
    return array.astype(np.uint8 if sign else np.int8)
