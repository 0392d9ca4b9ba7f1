"""Layers that saturate where a clip followed compute the same codes, also in onnxruntime."""

from __future__ import annotations

import numpy as np
from differential.machines import fewest_crossbars, machines, with_crossbars
from differential.networks import Network, build, networks, random_images
from differential.profile import examples
from differential.reference import evaluate
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import parsed
from xdsl.context import Context

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.passes.fold_clips import FoldClipsPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.runtime.interpreter import execute


@examples(150)
@given(networks(), machines(), st.integers(0, 2**32 - 1))
def test_no_code_changes(network: Network, machine: Accelerator, seed: int) -> None:
    module, store = build(network)
    images = random_images(network, 2, seed)
    FoldClipsPass().apply(Context(), module)
    module.verify()
    assert str(parsed(str(module))) == str(module)
    expected = evaluate(network, images)
    check = TensorCheck(module, store)
    outputs = execute(module, [images], store, check)
    for result, wanted in zip(outputs, expected, strict=True):
        np.testing.assert_array_equal(result, wanted)
    comparison = check.comparison(outputs)
    assert comparison.first_difference is None, str(comparison.first_difference)
    layers = [op.layer for op in module.walk() if isinstance(op, WeightLayerOp)]
    machine = with_crossbars(machine, 2 * fewest_crossbars(machine, layers))
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    PartitionPass().apply(Context(), module)
    module.verify()
    for result, wanted in zip(execute(module, [images], store), expected, strict=True):
        np.testing.assert_array_equal(result, wanted)
