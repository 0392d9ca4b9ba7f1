"""Sums beyond 32 bits are exact at every level, in whole visits and in single operations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from differential.text import parsed
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr, accelerator_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.exchange.onnxruntime_check import TensorCheck
from spatem_ir.hardware.overrides import overridden
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.machine.engine import executor
from spatem_ir.runtime.metrics.register import metrics_of
from spatem_ir.support.errors import SpatemError
from spatem_ir.universe import register_dialects
from spatem_ir.weights.store import ParameterStore

STORE = ParameterStore()

ROWS = 24
SCALE = 2.0**-22
WEIGHTS = np.random.default_rng(8).integers(20000, 32768, (2, ROWS))
WEIGHTS[1] *= -1
BIAS = np.array([2**31 - 1, -(2**31)])


def network(code: str, sum_bits: int | None = 37) -> ModuleOp:
    width = "" if sum_bits is None else f"sum_bits {sum_bits}"
    return parsed(f"""
      cnn.network @net(%x: tensor<{ROWS}x{code}>) {{
        %y = cnn.dense @fc %x weights dense<{WEIGHTS.tolist()}> : tensor<2x{ROWS}xsi16>
          scale 1.0 bias dense<{BIAS.tolist()}> : tensor<2xsi32> {width}
          : tensor<{ROWS}x{code}> -> tensor<2x!cnn.quant<si16, {1 / SCALE}>>
        cnn.output %y : tensor<2x!cnn.quant<si16, {1 / SCALE}>>
      }}""")


def on_adders_of(module: ModuleOp, bits: int) -> ModuleOp:
    accelerator = overridden(accelerator_of(module), {("accumulation", "sum_bits"): bits})
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    return module


def lowered(module: ModuleOp, pipeline: str) -> ModuleOp:
    context = Context()
    register_dialects(context)
    run_pipeline(context, module, pipeline)
    return module


def inputs_of(code: str) -> NDArray[Any]:
    signed = code.startswith("si") or "<si" in code
    low, high = (-(2**15), 2**15 - 1) if signed else (0, 2**16 - 1)
    images = np.random.default_rng(3).integers(low, high + 1, (5, ROWS))
    images[0], images[1] = high, low
    return images


def expected(images: NDArray[Any], zero_point: int) -> NDArray[Any]:
    sums = (images.astype(np.int64) - zero_point) @ WEIGHTS.T + BIAS
    assert np.abs(sums).max() > 2**34
    steps = np.rint(sums.astype(np.float32) * np.float32(SCALE))
    return np.clip(steps, -(2**15), 2**15 - 1).astype(np.int16)


LOWERINGS = ["", "partition", "partition,pack", "partition,pack,assign"]
LOWERINGS += ["partition,pack,assign,order"]
LOWERINGS += ["partition,pack,assign,order,expand-ou{until=operations}"]


@pytest.mark.parametrize("pipeline", LOWERINGS)
@pytest.mark.parametrize(
    ("code", "zero_point"), [("ui16", 0), ("si16", 0), ("!cnn.quant<ui16, 1.0, 40000>", 40000)]
)
def test_every_level_sums_exactly(code: str, zero_point: int, pipeline: str) -> None:
    module = lowered(on_adders_of(network(code), 40), pipeline)
    images = inputs_of(code)
    (outputs,) = execute(module, [images], STORE)
    assert (outputs == expected(images, zero_point)).all()


def test_onnxruntime_sums_the_export_likewise() -> None:
    module = network("ui16")
    check, images = TensorCheck(module, STORE), inputs_of("ui16")
    outputs = execute(module, [images], STORE, check)
    assert check.comparison(outputs).first_difference is None


def test_sums_of_32_bits_wrap() -> None:
    images = inputs_of("ui16")
    (outputs,) = execute(network("ui16", None), [images], STORE)
    sums = (images @ WEIGHTS.T + BIAS).astype(np.int32)
    steps = np.rint(sums.astype(np.float32) * np.float32(SCALE))
    assert (outputs == np.clip(steps, -(2**15), 2**15 - 1)).all()


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_wide_sums_take_more_bytes(engine: str) -> None:
    """Partial sums of several PEs meet: in packets each takes whole bytes."""
    moved = {}
    for bits in (40, 64):
        module = lowered(on_adders_of(network("ui16"), bits), LOWERINGS[4])
        execution = executor(engine, module, source="net", most_images=1, trace=False)(1)
        moved[bits] = metrics_of(module, execution)
    assert moved[64].latency_cycles >= moved[40].latency_cycles
    assert 5 * moved[64].partial_sum_bytes == 8 * moved[40].partial_sum_bytes > 0


@pytest.mark.parametrize(("bits", "fits"), [(36, False), (37, True), (64, True)])
def test_adders_that_are_too_narrow_are_refused(bits: int, fits: bool) -> None:
    module = on_adders_of(network("ui16"), bits)
    if fits:
        lowered(module, "partition,pack,assign,order,verify-deployment")
        return
    with pytest.raises(SpatemError) as caught:
        lowered(module, "partition")
    assert str(caught.value) == (
        "@fc: its sums need 37 bits, and partial sums of 'tiny' have 36: they would wrap; set "
        "accumulation.sum_bits to 37 or more, or use fewer bits for activations or weights"
    )


def test_a_deployment_on_other_adders_is_refused() -> None:
    module = lowered(on_adders_of(network("ui16"), 37), "partition,pack,assign,order")
    with pytest.raises(SpatemError, match=r"@fc: its sums need 37 bits, and .* have 20"):
        lowered(on_adders_of(module, 20), "verify-deployment")


NARROW = """
  cnn.network @net(%x: tensor<4xui4>) {
    %y = cnn.dense @fc %x weights dense<[[7, 7, 7, -8]]> : tensor<1x4xsi4> scale 1.0
      : tensor<4xui4> -> tensor<1xui8>
    cnn.output %y : tensor<1xui8>
  }"""


@pytest.mark.parametrize(("bits", "fits"), [(9, False), (10, True)])
def test_narrow_adders_are_measured_by_the_weights(bits: int, fits: bool) -> None:
    """3 · 7 · 15 = 315 has ten bits with its sign, whatever 32 bits would hold."""
    module = on_adders_of(parsed(NARROW), bits)
    if fits:
        assert level_of(lowered(module, "partition,pack,assign,order")) is Level.OU
        return
    with pytest.raises(SpatemError, match="@fc: its sums need 10 bits"):
        lowered(module, "partition")


def test_lossy_operation_units_compute_32_bits() -> None:
    module = lowered(on_adders_of(network("ui16"), 40), "partition,pack,assign,order")
    accelerator = accelerator_of(module)
    changes = {("analog", "adc_mode"): "clip", ("ou", "adc_bits"): 1}
    lossy = overridden(accelerator, changes)
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(replace(lossy))
    with pytest.raises(SpatemError, match="@fc: has sums of 37 bits, which only exact operation"):
        execute(module, [inputs_of("ui16")], STORE)
