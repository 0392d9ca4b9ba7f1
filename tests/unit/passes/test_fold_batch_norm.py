"""Folded batch normalisations compute what they computed before, up to float32 rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.frontend.onnx_builder import ModelBuilder, imported
from unit.passes.deployed import applied, parsed
from unit.passes.quantized_values import results, tensor
from xdsl.dialects.builtin import f32

from spatem_ir.dialects.cnn import ConvOp
from spatem_ir.operators.affine import AffineOp
from spatem_ir.operators.batch_norm import BatchNormOp
from spatem_ir.passes.fold_batch_norm import FoldBatchNormPass
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore

CONV = "cnn.conv @{n} {x} <2x2, pads [1, 0, 0, 1]> weights {weights} {bias}: {t} -> {t}"
NORM = (
    "cnn.batch_norm @{n} {x} scale {scale} shift {shift} mean {mean} variance {variance} "
    "epsilon 1.0e-3 : {t} -> {t}"
)
AFFINE = "cnn.affine @{n} {x} scale {scale} shift {shift} : {t} -> {t}"
RELU = "cnn.relu @{n} {x} : {t} -> {t}"


@examples(30)
@given(st.integers(0, 99), st.sampled_from(["si8", "ui8"]), st.booleans())
def test_weights_that_are_codes(seed: int, storage: str, has_bias: bool) -> None:
    """The scale and the signs of the codes take the factors, up to float32 rounding."""
    generator = np.random.default_rng(seed)
    low = -128 if storage == "si8" else 0
    codes = generator.integers(low, low + 256, (3, 3, 2, 2)).tolist()
    bias = f"bias dense<{generator.integers(-99, 99, 3).tolist()}> : tensor<3xsi32> "
    factors = generator.choice([-0.5, 0.0, 2.0, 1.0], 3)
    t = "tensor<3x4x4xf32>"
    module = parsed(f"""
cnn.network @net(%x: tensor<3x4x4x!cnn.quant<ui8, 0.1, 3>>) {{
  %real = cnn.dequantize %x : tensor<3x4x4x!cnn.quant<ui8, 0.1, 3>> -> {t}
  %y = cnn.conv @y %real <2x2, pads [1, 0, 0, 1]> weights dense<{codes}>
    : tensor<3x3x2x2x{storage}> scale {dense([0.01, 0.02, 0.3])}
    zero_point {0 if storage == "si8" else 100} {bias if has_bias else ""}: {t} -> {t}
  %z = {AFFINE.format(n="z", x="%y", t=t, scale=dense(factors), shift=dense([1, 0, -2]))}
  cnn.output %z : {t}
}}""")
    inputs, store = [generator.integers(0, 256, (2, 3, 4, 4))], ParameterStore()
    (before,) = results(module, inputs, store)
    with store.in_use():
        applied(module, [FoldBatchNormPass()])
    (after,) = results(module, inputs, store)
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-4)


def dense(values: Any) -> str:
    """An inline parameter."""
    array = np.asarray(values, np.float32)
    return f"dense<{array.astype(float).tolist()}> : {tensor(array.shape, 'f32')}"


@st.composite
def chains(draw: st.DrawFn) -> str:
    """A chain of convolutions, batch norms, affine operators and ReLUs.

    Some results in the chain are also results of the network.
    """
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    kinds = draw(st.lists(st.sampled_from([CONV, NORM, AFFINE, RELU]), min_size=2, max_size=7))
    t, lines, outputs = "tensor<3x4x4xf32>", [], []
    for number, kind in enumerate(kinds):
        bias = f"bias {dense(generator.normal(0, 1, 3))} " if draw(st.booleans()) else ""
        text = kind.format(
            n=f"n{number}",
            x=f"%v{number}",
            t=t,
            bias=bias,
            weights=dense(generator.normal(0, 0.3, (3, 3, 2, 2))),
            scale=dense(generator.normal(1, 0.3, 3)),
            shift=dense(generator.normal(0, 1, 3)),
            mean=dense(generator.normal(0, 1, 3)),
            variance=dense(generator.uniform(0.5, 1.5, 3)),
        )
        lines.append(f"  %v{number + 1} = {text}")
        if number + 1 == len(kinds) or draw(st.integers(0, 4)) == 0:
            outputs.append(f"%v{number + 1}")
    lines.append(f"  cnn.output {', '.join(outputs)} : {', '.join([t] * len(outputs))}")
    return "\n".join([f"cnn.network @net(%v0: {t}) {{", *lines, "}"])


@examples(60)
@given(chains())
def test_results_stay_close(chain: str) -> None:
    module = parsed(chain)
    inputs = [np.random.default_rng(1).normal(0, 1, (3, 3, 4, 4)).astype(np.float32)]
    store = ParameterStore()
    with store.in_use():
        before = results(module, inputs, store)
        after = results(applied(module, [FoldBatchNormPass()]), inputs, store)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(one).max())
    for op in module.walk():
        assert not isinstance(op, BatchNormOp)
        if isinstance(op, AffineOp) and isinstance(op.input.owner, AffineOp | ConvOp):
            assert len(list(op.input.uses)) > 1, "it could have been folded"


def test_folded_parameters() -> None:
    module = parsed(f"""
cnn.network @net(%x: tensor<2xf32>) {{
  %d = cnn.dense @d %x weights {dense([[1, 2], [3, 4]])} bias {dense([0.5, 1])}
    : tensor<2xf32> -> tensor<2xf32>
  %n = cnn.batch_norm @n %d scale {dense([1, 6])} shift {dense([0, 5])}
    mean {dense([2, 1])} variance {dense([3.75, 8.75])} epsilon 0.25
    : tensor<2xf32> -> tensor<2xf32>
  cnn.output %n : tensor<2xf32>
}}""")
    store = ParameterStore()
    with store.in_use():
        applied(module, [FoldBatchNormPass()])
    kept = {key: values.tolist() for key, values in store.referenced(module).items()}
    assert kept == {"d.weights": [[0.5, 1.0], [6.0, 8.0]], "d.bias": [-0.75, 5.0]}


@pytest.mark.parametrize("variance", [-1.0, 0.0])
def test_a_variance_without_root(variance: float) -> None:
    store = ParameterStore()
    stored = store.keep("v", np.array([1.0, variance], np.float32), f32)
    module = parsed(f"""
cnn.network @net(%x: tensor<2xf32>) {{
  %n = cnn.batch_norm @n %x scale {dense([1, 1])} shift {dense([0, 0])} mean {dense([0, 0])}
    variance {stored} epsilon 0.0 : tensor<2xf32> -> tensor<2xf32>
  cnn.output %n : tensor<2xf32>
}}""")
    with (
        store.in_use(),
        pytest.raises(SpatemError, match=r"@n: a channel has variance \+ epsilon -?[01]; it must"),
    ):
        applied(module, [FoldBatchNormPass()])


@pytest.mark.filterwarnings("error")
def test_parameters_that_are_no_numbers_are_said_in_one_line(tmp_path: Path) -> None:
    model = ModelBuilder(("n", 2, 4, 4))
    weights = model.constant(np.ones((3, 2, 1, 1)), dtype=np.float32)
    numbers = [model.constant(np.full(3, value), dtype=np.float32) for value in (1, 0, np.inf, 1)]
    result = model.node("BatchNormalization", model.node("Conv", "x", weights), *numbers)
    with pytest.raises(SpatemError, match="infinite values"):
        imported(model.save(tmp_path / "net.onnx", result))
