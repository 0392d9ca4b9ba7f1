"""From an imported model to the integer network that the lower levels deploy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.mvm import network_of
from spatem_ir.frontend.calibrate import calibrate
from spatem_ir.frontend.calibration_doubts import doubts_about_inputs, doubts_about_results
from spatem_ir.frontend.preparation import Preparation
from spatem_ir.frontend.samples import (
    SYNTHETIC_INPUTS,
    calibration_inputs,
    input_names,
    synthetic_inputs,
)
from spatem_ir.passes.fold_batch_norm import FoldBatchNormPass
from spatem_ir.passes.fold_clips import FoldClipsPass
from spatem_ir.passes.fold_scales import FoldScalesPass
from spatem_ir.passes.fuse_quantization import FuseQuantizationPass
from spatem_ir.passes.join_functions import JoinFunctionsPass
from spatem_ir.passes.quantize.quantize import QuantizePass, float_layers, is_quantized
from spatem_ir.passes.remove_identities import RemoveIdentitiesPass
from spatem_ir.passes.sink_transposes import SinkTransposesPass
from spatem_ir.passes.tabulate import TabulatePass
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.frontend.options import ImportOptions

DEFAULT_BITS = 8

MOST_NAMES = 3
"""Layers that a doubt names."""

PACKAGED_CALIBRATION = {"package:lenet-digits-float.onnx": "package:lenet-digits-calibration.npy"}
"""Calibration inputs of the float networks that ship with the package."""


def prepare(
    module: ModuleOp,
    store: ParameterStore,
    options: ImportOptions,
    source: str,
    inputs: list[NDArray[Any]] | None = None,
) -> Preparation:
    """Clean an imported network up and make it an integer network, in place.

    A float model is calibrated on `inputs`, those that the options name, or random ones, and
    quantised, as are the float32 layers of a model that is quantised in part; of a quantised model
    the float32 operators between quantisations become integer operators.

    Raises:
        SpatemError: calibration inputs do not fit.
    """
    network = network_of(module)
    assert network is not None
    prepared = Preparation()
    with store.in_use():
        try:
            _run(module, RemoveIdentitiesPass(), SinkTransposesPass(), FoldBatchNormPass())
            if is_quantized(network):
                _run(module, FuseQuantizationPass())
                layers = float_layers(network)
                if layers:
                    doubt = _doubt_about(layers)
                    prepared = _quantize(module, network, options, source, inputs)
                    prepared = replace(prepared, doubts=(doubt, *prepared.doubts))
            else:
                _run(module, JoinFunctionsPass(), FoldScalesPass())
                prepared = _quantize(module, network, options, source, inputs)
            _run(module, RemoveIdentitiesPass(), FoldClipsPass(), TabulatePass())
        except VerifyException as error:
            raise SpatemError(f"{source}: {str(error).splitlines()[-1].strip()}") from error
    return prepared


def _run(module: ModuleOp, *passes: ModulePass) -> None:
    for each in passes:
        each.apply(Context(), module)
    module.verify()


def _quantize(
    module: ModuleOp,
    network: NetworkOp,
    options: ImportOptions,
    source: str,
    inputs: list[NDArray[Any]] | None,
) -> Preparation:
    weight_bits, activation_bits = (
        DEFAULT_BITS if bits is None else bits
        for bits in (options.weight_bits, options.activation_bits)
    )
    for what, bits in (("weight", weight_bits), ("activation", activation_bits)):
        if not 2 <= bits <= 8:
            raise SpatemError(f"--{what}-bits is {bits}; 2 to 8 are possible for an ONNX model")
    given = options.calibration
    if given is None:
        given = PACKAGED_CALIBRATION.get(source)
    is_drawn, doubts = inputs is None and given is None, ()
    if is_drawn:
        inputs = synthetic_inputs(network, options.seed)
        doubts = (
            f"there are no calibration inputs: scales are taken from {SYNTHETIC_INPUTS} random "
            f"ones (seed {options.seed}), so that cycles mean something, and accuracy nothing; "
            "give --calibration FILE.npy",
        )
    elif inputs is None and given is not None:
        inputs = calibration_inputs(network, given)
        doubts = _doubts(network, inputs, activation_bits)
    assert inputs is not None
    calibrate(module, inputs, options.activation_scale, activation_bits)
    if given is not None and not doubts:
        doubts = doubts_about_results(network)
    quantize = QuantizePass(
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        scale=options.weight_scale,
        per=options.per,
        requantize=options.requantize,
    )
    _run(module, quantize)
    return Preparation(True, inputs, is_drawn, doubts)


def _doubt_about(layers: list[WeightLayerOp]) -> str:
    """That layers of a quantised model are not quantised."""
    names = ", ".join(f"'{layer.sym_name.data}'" for layer in layers[:MOST_NAMES])
    more = f" and {len(layers) - MOST_NAMES} more" if len(layers) > MOST_NAMES else ""
    return (
        f"the model is quantised in part: {names}{more} {'are' if len(layers) > 1 else 'is'} on "
        "float32, and quantised here"
    )


def _doubts(network: NetworkOp, inputs: list[NDArray[Any]], bits: int) -> tuple[str, ...]:
    """What is probably not meant in calibration inputs; codes mean what they mean."""
    arguments = zip(network.body.block.args, input_names(network), inputs, strict=True)
    found = [
        doubts_about_inputs(name, array, bits)
        for argument, name, array in arguments
        if is_floating(argument)
    ]
    return tuple(doubt for doubts in found for doubt in doubts)
