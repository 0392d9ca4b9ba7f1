"""From an imported model to the integer network that the lower levels deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.mvm import network_of
from spatem_ir.frontend.calibrate import calibrate, calibration_inputs
from spatem_ir.frontend.calibration_doubts import doubts_about_inputs, doubts_about_results
from spatem_ir.frontend.preparation import Preparation
from spatem_ir.passes.fold_batch_norm import FoldBatchNormPass
from spatem_ir.passes.fuse_quantization import FuseQuantizationPass
from spatem_ir.passes.quantize.quantize import QuantizePass
from spatem_ir.passes.remove_identities import RemoveIdentitiesPass
from spatem_ir.passes.sink_transposes import SinkTransposesPass
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.frontend.options import ImportOptions

DEFAULT_BITS = 8

PACKAGED_CALIBRATION = {"package:lenet-digits-float.onnx": "package:lenet-digits-calibration.npy"}
"""Calibration inputs of the float networks that ship with the package."""


def prepare(
    module: ModuleOp,
    store: ParameterStore,
    options: ImportOptions,
    source: str,
    inputs: NDArray[np.float32] | None = None,
) -> Preparation:
    """Clean an imported network up and make it an integer network, in place.

    A float model is calibrated on `inputs`, or those that the options name, and quantised; of a
    quantised model the float32 operators between quantisations become integer operators.

    Raises:
        SpatemError: calibration inputs are missing or do not fit, or float32 layers remain.
    """
    network = network_of(module)
    assert network is not None
    prepared = Preparation()
    with store.in_use():
        try:
            _run(module, RemoveIdentitiesPass(), SinkTransposesPass(), FoldBatchNormPass())
            results = (result for op in network.body.block.ops for result in op.results)
            if all(map(is_floating, results)):
                prepared = _quantize(module, network, options, source, inputs)
            else:
                _run(module, FuseQuantizationPass())
            _run(module, RemoveIdentitiesPass())
        except VerifyException as error:
            raise SpatemError(f"{source}: {str(error).splitlines()[-1].strip()}") from error
    _expect_integer_layers(network, source)
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
    inputs: NDArray[np.float32] | None,
) -> Preparation:
    weight_bits = options.weight_bits or DEFAULT_BITS
    activation_bits = options.activation_bits or DEFAULT_BITS
    for what, bits in (("weight", weight_bits), ("activation", activation_bits)):
        if not 2 <= bits <= 8:
            raise SpatemError(f"--{what}-bits is {bits}; 2 to 8 are possible for an ONNX model")
    is_ours, doubts = inputs is not None, ()
    if inputs is None:
        given = options.calibration
        if given is None:
            given = PACKAGED_CALIBRATION.get(source)
        if given is None:
            raise SpatemError(
                f"{source}: is a float model; give sample inputs for its quantisation: "
                "--calibration FILE.npy"
            )
        inputs = calibration_inputs(network, given)
        name = network.body.block.args[0].name_hint or "0"
        doubts = doubts_about_inputs(name, inputs, activation_bits)
    calibrate(module, inputs, options.activation_scale, activation_bits)
    if not is_ours and not doubts:
        doubts = doubts_about_results(network)
    quantize = QuantizePass(
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        scale=options.weight_scale,
        per=options.per,
        requantize=options.requantize,
    )
    _run(module, quantize)
    return Preparation(True, None if is_ours else inputs, doubts)


def _expect_integer_layers(network: NetworkOp, source: str) -> None:
    """Check that no layer works on float32 any more."""
    for op in network.body.block.ops:
        if not isinstance(op, WeightLayerOp) or not is_floating(op.input):
            continue
        if op.has_float_weights:
            problem = "its weights are float, but the model is quantised: quantise all layers"
        elif op.input_code is None:
            problem = "its input is not quantised: put QuantizeLinear and DequantizeLinear in front"
        else:
            problem = "its result is not quantised, once and alike: put QuantizeLinear behind it"
        raise SpatemError(f"{source}: {op.name} @{op.sym_name.data}: {problem}")
