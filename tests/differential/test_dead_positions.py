"""Networks without positions that nobody reads compute the same outputs, and nothing dead."""

from __future__ import annotations

import numpy as np
from differential.networks import Network, build, networks, random_images
from differential.profile import examples
from differential.reference import evaluate
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import parsed
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn import ViewOp
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.passes.dead_positions.remove_dead_positions import RemoveDeadPositionsPass
from spatem_ir.runtime.interpreter import execute


@examples(300)
@given(networks(), st.integers(0, 2**32 - 1))
def test_outputs_stay_and_nothing_is_left_out_a_second_time(network: Network, seed: int) -> None:
    module, store = build(network)
    images = random_images(network, 2, seed)
    RemoveDeadPositionsPass().apply(Context(), module)
    module.verify()
    for result, wanted in zip(
        execute(module, [images], store), evaluate(network, images), strict=True
    ):
        np.testing.assert_array_equal(result, wanted)
    text, work = str(module), work_of(module)
    assert str(parsed(text)) == text
    RemoveDeadPositionsPass().apply(Context(), module)
    assert work_of(module) == work


def work_of(module: ModuleOp) -> list[str]:
    """The kind and the type of the result of every op that is no view."""
    return [
        f"{op.name} {op.results[0].type}"
        for op in module.walk()
        if op.results and not isinstance(op, ViewOp)
    ]


@examples(100)
@given(networks(), st.integers(0, 2**32 - 1))
def test_onnxruntime_computes_what_is_left(network: Network, seed: int) -> None:
    module, store = build(network)
    RemoveDeadPositionsPass().apply(Context(), module)
    check = TensorCheck(module, store)
    outputs = execute(module, [random_images(network, 2, seed)], store, check)
    comparison = check.comparison(outputs)
    assert comparison.first_difference is None, str(comparison.first_difference)
