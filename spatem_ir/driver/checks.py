"""Values of a deployment compared with other ways to compute them, and how well they classify."""

from __future__ import annotations

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
    from spatem_ir.exchange.onnxruntime_check import TensorCheck
    from spatem_ir.weights.store import ParameterStore

Array = NDArray[Any]


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


def original_differences(source: Source, inputs: list[Array], outputs: list[Array]) -> int | None:
    """Output elements that differ from onnxruntime's on the quantised ONNX model that was given.

    None for another source: a float model that was quantised here is another function.
    """
    from spatem_ir.exchange.onnxruntime_check import differences, onnxruntime_outputs

    if source.onnx is None:
        return None
    return differences(outputs, onnxruntime_outputs(source.onnx, inputs))


def top_classes(outputs: list[Array]) -> Array:
    """The class with the largest value in each image's first output: shape [images]."""
    return outputs[0].reshape(len(outputs[0]), -1).argmax(axis=1)


def share_of(classes: Array, expected: Array) -> float:
    """The share of classes that are as expected."""
    return round(float((classes == expected).mean()), 6)
