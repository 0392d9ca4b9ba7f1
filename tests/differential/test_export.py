"""onnxruntime computes from the ONNX export of any network what the interpreter computes."""

from __future__ import annotations

import io

import numpy as np
import onnx
import onnxruntime
from differential.networks import Network, build, networks, random_images
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

from spatem_ir.dialects.mvm import network_of
from spatem_ir.exchange.export import export_network
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.runtime.interpreter import execute


@examples(150)
@given(networks(), st.integers(0, 2**32 - 1))
def test_every_tensor_is_what_onnxruntime_computes(network: Network, seed: int) -> None:
    module, store = build(network)
    check = TensorCheck(module, store)
    outputs = execute(module, [random_images(network, 3, seed)], store, check)
    comparison = check.comparison(outputs)
    assert comparison.first_difference is None, str(comparison.first_difference)
    assert comparison.tensors > len(network.steps)


def session_of(model: bytes) -> onnxruntime.InferenceSession:
    """A model in onnxruntime, as it optimises it if it can.

    Where codes of one type are sliced and quantised to another type, its optimiser moves the
    quantisation in front of the slice with the wrong type, and then refuses what it made.
    """
    providers = ["CPUExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(model, providers=providers)
    except Fail as error:
        if "output_dtype" not in str(error):
            raise
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=providers)


@examples(30)
@given(networks(), st.integers(0, 2**32 - 1))
def test_the_exported_model_is_valid_and_has_the_outputs_of_the_network(
    network: Network, seed: int
) -> None:
    module, store = build(network)
    op = network_of(module)
    assert op is not None
    model = export_network(op, store)
    onnx.checker.check_model(model)
    file = io.BytesIO(model.SerializeToString())
    session = session_of(file.getvalue())
    assert len(session.get_outputs()) == len(network.outputs)
    (source,) = session.get_inputs()
    assert source.shape == ["images", *network.input_shape]
    for count in (1, 4):
        images = random_images(network, count, seed)
        if source.type != "tensor(float)":
            images = images.astype(np.int8 if source.type == "tensor(int8)" else np.uint8)
        for output, own in zip(
            session.run(None, {source.name: images}), execute(module, [images], store), strict=True
        ):
            assert np.asarray(output).shape == own.shape
