"""Layers larger than the chip: what their parts compute together is what they computed alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from differential.text import parsed
from numpy.typing import NDArray
from unit.runtime.machine.engines import expect_equal_engines
from unit.runtime.machine.random_programs import place_on
from unit.runtime.staged_networks import lowered
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.mvm import network_of
from spatem_ir.dialects.stages import stage_modules
from spatem_ir.exchange.export import export_network
from spatem_ir.exchange.onnxruntime_check import onnxruntime_outputs
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.operators.accumulate import AccumulateOp
from spatem_ir.passes.partition.large_layers import crossbars_of, cut_large_layers
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import DoesNotFitError
from spatem_ir.weights.store import current_store

TINY = load_accelerator("tiny")


def layers_of(module: ModuleOp) -> list[ConvOp | DenseOp | LocalOp]:
    return [op for op in module.walk() if isinstance(op, ConvOp | DenseOp | LocalOp)]


def cut(text: str, crossbars: int, machine: Accelerator = TINY) -> tuple[ModuleOp, ModuleOp]:
    """A network, and the same with the layers that need more crossbars in parts."""
    given = parsed(text)
    module = given.clone()
    cut_large_layers(layers_of(module), machine, crossbars / machine.crossbars)
    module.verify()
    assert all(crossbars_of(layer, machine) <= crossbars for layer in layers_of(module))
    return given, module


def images_for(module: ModuleOp) -> NDArray[np.uint8]:
    network = network_of(module)
    assert network is not None
    shape = network.body.block.args[0].type.get_shape()  # type: ignore[attr-defined]
    return np.random.default_rng(7).integers(0, 200, (3, *shape)).astype(np.uint8)


def expect_equal_values(given: ModuleOp, module: ModuleOp) -> None:
    images = images_for(given)
    for one, other in zip(execute(given, [images]), execute(module, [images]), strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def random_layer(random: Random) -> str:
    """A network of one layer: any kind, any window, any code, any way to requantise."""
    kind = random.choice(["conv", "conv", "groups", "local", "dense"])
    groups = random.choice([2, 3]) if kind == "groups" else 1
    inputs, outputs = groups * random.randint(1, 5), groups * random.randint(1, 4)
    rows, columns = random.randint(5, 9), random.randint(5, 9)
    kernel = random.randint(1, 4), random.randint(1, 4)
    strides = random.randint(1, 2), random.randint(1, 2)
    dilations = [random.randint(1, 2) if size < 3 else 1 for size in kernel]
    pads = [random.randint(0, 2 if kind != "local" else min(size) - 1) for size in [kernel] * 4]
    size = [
        (extent + pads[axis] + pads[2 + axis] - (kernel[axis] - 1) * dilations[axis] - 1)
        // strides[axis]
        + 1
        for axis, extent in enumerate((rows, columns))
    ]
    window = f"{kernel[0]}x{kernel[1]}, strides {strides[0]}x{strides[1]}, pads {pads}"
    window += f", dilations {dilations[0]}x{dilations[1]}"
    weights, more = f"{outputs}x{inputs // groups}x{kernel[0]}x{kernel[1]}", f"<{window}>"
    given, result, biases = f"{inputs}x{rows}x{columns}", f"{outputs}x{size[0]}x{size[1]}", outputs
    if kind == "groups":
        more += f" groups {groups}"
    elif kind == "local":
        region = [random.choice([n for n in (1, 2, 3) if extent % n == 0]) for extent in size]
        regions = size[0] // region[0] * (size[1] // region[1])
        more += f" region <{region[0]}x{region[1]}>"
        weights, biases = f"{regions}x{weights}", regions * outputs
    elif kind == "dense":
        inputs, more = random.randint(20, 90), ""
        given, result, weights = f"{inputs}", f"{outputs}", f"{outputs}x{inputs}"
    element = random.choice(["ui8", "!cnn.quant<si8, 2.5, 3>", "f32", "si32"])
    ending = random.choice(["", ' requantize "fixed-point"', " saturate [2, 90]"])
    ending = "" if element in ("f32", "si32") else ending
    scale = random.choice(["0.01", f"dense<{[0.01 + 0.002 * n for n in range(outputs)]}>"])
    scale += "" if scale == "0.01" else f" : tensor<{outputs}xf32>"
    bias = f"#cnn.seeded<1, tensor<{biases}xsi32>>"
    return f"""
cnn.network @net(%x: tensor<{given}x!cnn.quant<ui8, 0.5, 100>>) {{
  %a = cnn.{kind.replace("groups", "conv")} @a %x {more}
    weights #cnn.seeded<0, tensor<{weights}xsi4>> scale {scale} zero_point 1 bias {bias}{ending}
    : tensor<{given}x!cnn.quant<ui8, 0.5, 100>> -> tensor<{result}x{element}>
  cnn.output %a : tensor<{result}x{element}>
}}
"""


@pytest.mark.parametrize("seed", range(60))
def test_parts_of_random_layers(seed: int) -> None:
    random = Random(seed)
    expect_equal_values(*cut(random_layer(random), random.choice([1, 1, 2, 3])))


def on_so_many_crossbars(module: ModuleOp, crossbars: int) -> None:
    """Put a module on a chip of one PE with so many crossbars, and buffers for all of it."""
    chip = replace(TINY.chip, pe_rows=1, pe_columns=1)
    pe = replace(TINY.pe, compute_units=1, buffer_bytes=1 << 16)
    place_on(module, replace(TINY, chip=chip, pe=pe, cu=replace(TINY.cu, crossbars=crossbars)))


@pytest.mark.parametrize("seed", [0, 3, 5, 6, 11, 12, 16, 24])
def test_random_large_layers_are_deployed(seed: int) -> None:
    """On a third of the crossbars that one copy takes.

    Every level gives the values of the whole layer; both engines do the same in each stage.
    """
    random = Random(seed)
    module = parsed(random_layer(random))
    (layer,) = layers_of(module)
    on_so_many_crossbars(module, max(1, crossbars_of(layer, TINY) // 3))
    given, *levels = lowered(module, "auto", random.choice(["minimum", "isaac", "spatem"]))
    stages = stage_modules(levels[-1])
    assert len(stages) > 1
    for level in levels:
        expect_equal_values(given, level)
    for stage in stages:
        expect_equal_engines(stage, images=2)


DENSE = """
cnn.network @net(%x: tensor<{inputs}xui8>) {{
  %a = cnn.dense @fc %x weights #cnn.seeded<0, tensor<{outputs}x{inputs}x{weights}>> scale 0.01
    bias #cnn.seeded<1, tensor<{outputs}xsi32>>{more} :
    tensor<{inputs}xui8> -> tensor<{outputs}xui8>
  cnn.output %a : tensor<{outputs}xui8>
}}
"""


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6, 8, 10])
def test_onnxruntime_agrees_with_the_sums_of_parts(seed: int, tmp_path: Path) -> None:
    text = random_layer(Random(seed)).replace(' requantize "fixed-point"', "")
    given, module = cut(text, 1)
    network = network_of(module)
    assert network is not None
    path = tmp_path / "net.onnx"
    path.write_bytes(export_network(network, current_store()).SerializeToString())
    images = images_for(given)
    for one, other in zip(
        onnxruntime_outputs(str(path), [images]), execute(given, [images]), strict=True
    ):
        assert np.array_equal(one, other)


def test_channels_are_cut_before_inputs() -> None:
    """16 wordlines, 16 columns of a cell: 64 inputs of one channel take four crossbars."""
    text = DENSE.format(inputs=64, outputs=20, weights="si2", more="")
    _, module = cut(text, 4)
    assert [layer.sym_name.data for layer in layers_of(module)] == ["fc.0", "fc.1"]
    assert not [op for op in module.walk() if isinstance(op, AccumulateOp)]


def test_a_channel_larger_than_the_chip_is_a_sum() -> None:
    text = DENSE.format(inputs=64, outputs=20, weights="si2", more="")
    given, module = cut(text, 3)
    names = [layer.sym_name.data for layer in layers_of(module)]
    assert names == ["fc.0.0", "fc.0.1", "fc.1.0", "fc.1.1"]
    (total,) = (op for op in module.walk() if isinstance(op, AccumulateOp))
    assert total.sym_name.data == "fc"
    assert len(total.inputs) == 2
    expect_equal_values(given, module)


def test_regions_of_padding_alone_are_not_cut_off() -> None:
    with pytest.raises(DoesNotFitError, match="where windows read padding alone"):
        cut(
            """
cnn.network @net(%x: tensor<1x2x2xui8>) {
  %a = cnn.local @a %x <1x1, pads [1, 1, 1, 1]> region <1x4> weights
    #cnn.seeded<0, tensor<4x20x1x1x1xsi2>> scale 0.5 : tensor<1x2x2xui8> -> tensor<20x4x4xui8>
  cnn.output %a : tensor<20x4x4xui8>
}
""",
            1,
        )


def test_sums_wider_than_accumulators_are_not_added_up() -> None:
    text = DENSE.format(inputs=64, outputs=2, weights="si2", more=" sum_bits 40")
    with pytest.raises(DoesNotFitError, match="its sums have 40 bits, they 32"):
        cut(text, 3)


def test_a_part_that_exceeds_its_whole_is_an_error() -> None:
    text = DENSE.format(inputs=4, outputs=2, weights="si2", more="")
    whole = "#cnn.seeded<0, tensor<2x4xsi2>>"
    part = "#cnn.part<#cnn.seeded<0, tensor<2x8xsi2>>, [0, 5], tensor<2x4xsi2>>"
    assert whole in text
    with pytest.raises(Exception, match=r"from \[0, 5\] on exceeds tensor<2x8xsi2>"):
        parsed(text.replace(whole, part))
