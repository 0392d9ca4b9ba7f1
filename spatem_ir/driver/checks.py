"""Values of a deployment compared with other ways to compute them, and how well they classify."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.mvm import network_of
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.parameters import Encoding
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.driver.deployment import Deployment
    from spatem_ir.driver.sources import Source
    from spatem_ir.exchange.fidelity import Fidelity
    from spatem_ir.exchange.given_model import GivenModel
    from spatem_ir.exchange.onnxruntime_check import TensorCheck
    from spatem_ir.exchange.rounding import Rounding
    from spatem_ir.weights.store import ParameterStore

Array = NDArray[Any]

MOST_CALIBRATION_IMAGES = 64
"""Calibration inputs on which a network is compared with its model."""


def check_encoding(source: str, accelerator: Accelerator) -> None:
    """Check that a deployment's cycles mean something: every weight has the bitlines it is given.

    Raises:
        SpatemError: weights are differential.
    """
    if accelerator.analog.encoding is Encoding.DIFFERENTIAL:
        raise SpatemError(
            f"{source}: differential weights take twice the bitlines, which deployments do not "
            "place; their values can be executed, their cycles not: give --engine none"
        )


def check_exactness(source: str, check: str, inexact: list[str]) -> None:
    """Check that no layer is inexact, as comparisons with exact integers need it.

    Raises:
        SpatemError: some layers are.
    """
    if inexact:
        raise SpatemError(
            f"{source}: --check {check} needs exact arithmetic, but layer @{inexact[0]} has too "
            "few ADC bits or cells that are not ideal; leave --check out and compare accuracies"
        )


def equals_reference(deployment: Deployment, inputs: list[Array], outputs: list[Array]) -> bool:
    """Whether outputs are those of the network without its deployment, the integer reference."""
    return _equal(without_deployment(deployment.given), deployment.source.store, inputs, outputs)


def equals_levels(deployment: Deployment, inputs: list[Array], outputs: list[Array]) -> bool:
    """Whether outputs are those of the reference, of the module as given and after each pass."""
    if not equals_reference(deployment, inputs, outputs):
        return False
    module, store = deployment.given.clone(), deployment.source.store
    for lowering in ["", *deployment.passes[:-1]]:
        with store.in_use():
            run_pipeline(deployment.source.context, module, lowering)
        if not _equal(module, store, inputs, outputs):
            return False
    return True


def _equal(
    module: ModuleOp, store: ParameterStore, inputs: list[Array], outputs: list[Array]
) -> bool:
    """Whether a module computes these outputs."""
    from spatem_ir.exchange.onnxruntime_check import differences
    from spatem_ir.runtime.interpreter import execute

    return differences(outputs, execute(module, inputs, store)) == 0


def without_deployment(module: ModuleOp) -> ModuleOp:
    """A copy of a module that holds nothing but its network: at level `cnn` or `mvm`."""
    bare = module.clone()
    for op in [op for op in bare.ops if op is not network_of(bare)]:
        op.detach()
        op.erase()
    return bare


def tensor_check(source: Source) -> TensorCheck:
    """What compares every tensor with onnxruntime's while the network is executed."""
    from spatem_ir.exchange.onnxruntime_check import TensorCheck

    return TensorCheck(source.module, source.store)


def given_model(source: Source) -> GivenModel | None:
    """The ONNX model that a network was made from, if it was."""
    from spatem_ir.exchange.given_model import GivenModel
    from spatem_ir.frontend.onnx_constants import fold_constants
    from spatem_ir.frontend.onnx_graph import load_graph

    if source.onnx is None:
        return None
    graph = fold_constants(load_graph(source.onnx, source.given, source.importing.shapes))
    known = {tensor: graph.shape_of(tensor) for tensor in graph.types}
    shapes = {tensor: shape for tensor, shape in known.items() if shape is not None}
    return GivenModel(source.onnx, graph.nodes, shapes, graph.constants)


@dataclass(frozen=True)
class ModelDifferences:
    """How outputs differ from those of the quantised ONNX model that was given.

    Attributes:
        elements: Output elements that differ.
        most_codes: By how many codes at most; None if some output does not stand for codes.
        rounding: What single operators make of the same codes; None if no element differs, or
            onnxruntime cannot run the model operator by operator.
    """

    elements: int
    most_codes: int | None
    rounding: Rounding | None

    @property
    def are_rounding(self) -> bool:
        """Whether there are none, or they are those of operators that round otherwise."""
        explained = self.rounding is not None and self.rounding.is_within_bound
        return explained or not self.elements


def model_differences(
    model: GivenModel, check: TensorCheck, inputs: list[Array], outputs: list[Array]
) -> ModelDifferences:
    """Compare outputs with those of a quantised ONNX model, as onnxruntime optimises it.

    Raises:
        SpatemError: onnxruntime cannot run the model.
    """
    from spatem_ir.exchange.onnxruntime_check import differences, onnxruntime_outputs
    from spatem_ir.exchange.rounding import most_codes, rounding

    expected = onnxruntime_outputs(model.path, inputs, model.outputs)
    elements = differences(outputs, expected)
    if not elements:
        return ModelDifferences(0, 0, None)
    codes = most_codes(check.network.output.outputs, outputs, expected)
    found = None
    with suppress(SpatemError):
        found = rounding(model, check, inputs)
    return ModelDifferences(elements, codes, found)


def model_fidelity(
    source: Source, model: GivenModel, check: TensorCheck, given: list[Array] | None
) -> Fidelity | None:
    """How far a network is from the float32 ONNX model that was quantised here.

    On the given inputs, or else on the first :data:`MOST_CALIBRATION_IMAGES` of those from which
    its scales were taken; None if there are neither.

    Raises:
        SpatemError: onnxruntime cannot run the model.
    """
    from spatem_ir.exchange.fidelity import fidelity

    if given is not None:
        return fidelity(model, check, given, "given")
    calibration = source.prepared.calibration
    if calibration is None:
        return None
    images = [array[:MOST_CALIBRATION_IMAGES] for array in calibration]
    kind = "random" if source.prepared.is_calibration_drawn else "calibration"
    return fidelity(model, check, images, kind)


def top_classes(outputs: list[Array]) -> Array:
    """The class with the largest value in each image's first output: shape [images]."""
    return outputs[0].reshape(len(outputs[0]), -1).argmax(axis=1)


def share_of(classes: Array, expected: Array) -> float:
    """The share of classes that are as expected."""
    return round(float((classes == expected).mean()), 6)
