"""What the ops of each level say about a module."""

from __future__ import annotations

import numpy as np
import pytest
from unit.dialects.networks import CNN, MVM, OU, PXB, VXB
from unit.dialects.parsing import one, parse_module
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.cnn.layers import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of, module_of, optional_accelerator
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import LayerOp, layer_ops, network_of
from spatem_ir.dialects.ou import InterleaveOp, MvmOp, OuStageOp
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.dialects.ou.verifier import window_counts
from spatem_ir.dialects.pxb import HomeOp, PxbStageOp
from spatem_ir.dialects.vxb import VxbStageOp
from spatem_ir.geometry.shapes.grid import Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("builtin.module {}", Level.CNN),
        (CNN, Level.CNN),
        (MVM, Level.MVM),
        (VXB, Level.VXB),
        (PXB, Level.PXB),
        (OU, Level.OU),
    ],
)
def test_level(text: str, level: Level) -> None:
    assert level_of(parse_module(text)) is level


def test_module_around_an_op() -> None:
    module = parse_module(OU)
    burst = next(op for op in module.walk() if isinstance(op, MvmOp))
    assert module_of(burst) is module
    assert accelerator_of(burst) == optional_accelerator(module) == load_accelerator("tiny")


def test_op_without_a_module() -> None:
    stage = VxbStageOp(0, [])
    with pytest.raises(VerifyException, match=r"^vxb\.stage is not inside a module$"):
        module_of(stage)


def test_module_without_an_accelerator() -> None:
    module = parse_module(MVM, accelerator=None)
    assert optional_accelerator(module) is None
    with pytest.raises(VerifyException, match=r"needs the module attribute hw\.accelerator"):
        accelerator_of(module)


def test_network_and_layers() -> None:
    module = parse_module(MVM)
    network = network_of(module)
    assert network is not None
    assert network.sym_name.data == "net"
    assert network.output is network.body.block.last_op
    assert [op.sym_name.data for op in layer_ops(module)] == ["conv", "fc"]
    empty = parse_module("builtin.module {}")
    assert network_of(empty) is None
    assert layer_ops(empty) == []


def test_geometry_of_cnn_layers() -> None:
    module = parse_module(CNN)
    conv, local, dense = (op for op in module.walk() if isinstance(op, ConvOp | LocalOp | DenseOp))
    assert conv.layer == Layer("conv", (1, 4, 4), 4, Window((3, 3)), weight_bits=2)
    assert local.layer == Layer("local", (4, 2, 2), 2, Window((1, 1)), region=(1, 2), weight_bits=2)
    assert dense.layer == Layer("fc", (8, 1, 1), 2, Window((1, 1)), weight_bits=2)


def test_layers_from_cnn_keep_geometry_and_parameters() -> None:
    module = parse_module(CNN)
    originals = [op for op in module.walk() if isinstance(op, ConvOp | LocalOp | DenseOp)]
    for original in originals:
        layer = original.layer
        grid = Grid(1, 1, 1, 1, layer.rows, layer.columns)
        op = LayerOp.from_cnn(original, grid)
        assert op.layer == layer
        assert op.grid.data == grid
        assert op.weight_shape == original.weight_shape
        for key in ("sym_name", "weights", "weight_scale", "weight_zero_point", "bias"):
            assert op.properties.get(key) == original.properties.get(key)
        original.output.replace_all_uses_with(op.output)
        assert original.parent is not None
        original.parent.insert_op_before(op, original)
        original.detach()
        original.erase()
    module.verify()


def test_placements_are_sorted_by_tile() -> None:
    stage = one(parse_module(VXB), "vxb.stage")
    assert isinstance(stage, VxbStageOp)
    places = stage.placements()
    assert list(places) == ["fc", "conv"]
    fc, conv = places["fc"], places["conv"]
    assert fc.tiles.tolist() == [0, 1]
    assert fc.crossbars.tolist() == [3, 2]
    assert fc.rows.tolist() == [12, 4]
    assert fc.columns.tolist() == [0, 8]
    assert conv.crossbars.tolist() == [0, 1, 2, 3]
    assert conv.rows.tolist() == conv.columns.tolist() == [0, 0, 0, 0]


def pxb_stage(module: ModuleOp) -> PxbStageOp:
    stage = one(module, "pxb.stage")
    assert isinstance(stage, PxbStageOp)
    return stage


def test_homes() -> None:
    module = parse_module(PXB)
    dataflow = dataflow_of(module)
    homes = pxb_stage(module).homes(dataflow)
    by_name = {node.name: homes[node.number].tolist() for node in dataflow.nodes}
    assert by_name == {
        "input": [[0] * 16],
        "conv": [[0, 1, 0, 1], [2, 3, 2, 3]],  # two slices, a pattern of two positions each
        "pool": [[3], [1]],
        "fc": [[2]],
        "output": [[0]],
    }


def test_homes_where_an_operator_has_none() -> None:
    module = parse_module(PXB)
    stage = pxb_stage(module)
    next(op for op in stage.of_type(HomeOp) if op.node.string_value() == "pool").detach()
    dataflow = dataflow_of(module)
    assert dataflow.by_name["pool"].number not in stage.homes(dataflow)


def ou_stage(module: ModuleOp) -> OuStageOp:
    stage = one(module, "ou.stage")
    assert isinstance(stage, OuStageOp)
    return stage


def test_results_of_a_program() -> None:
    stage = ou_stage(parse_module(OU))
    assert stage.merges == {"conv": ("home",), "fc": ("cu", "pe", "home")}


def test_bursts_of_a_stream() -> None:
    first, second = ou_stage(parse_module(OU)).streams
    assert [burst.layer.string_value() for burst in first.bursts] == ["conv", "fc", "fc"]
    assert [burst.layer.string_value() for burst in second.bursts] == ["conv"]
    interleaved = first.body.block.first_op
    assert isinstance(interleaved, InterleaveOp)
    assert interleaved.bursts == first.bursts
    assert first.bursts[0].operations is None


def test_visits_in_order() -> None:
    module = parse_module(OU)
    first, second = programs_of(ou_stage(module), dataflow_of(module))
    assert first.crossbars.tolist() == [0]
    assert [node.name for node in first.nodes] == ["conv", "fc", "fc"]
    assert first.tiles.tolist() == [[0], [0], [1]]
    assert first.bursts.tolist() == [0, 1, 2, 0]
    assert first.windows.tolist() == [1, 0, 0, 0]
    assert second.tiles.tolist() == [[1, 2, 3]]
    assert second.windows.tolist() == [1, 0]


def test_stage_that_places_the_tiles_of_a_program() -> None:
    module = parse_module(OU)
    assert ou_stage(module).placed() is pxb_stage(module)


def test_windows_of_each_tile() -> None:
    layer = Layer("local", (1, 1, 10), 1, Window((1, 1)), region=(1, 5))
    grid = Grid(hwm=1, wwm=1, iw=2, ib=2, tile_rows=1, tile_columns=1)
    expected = [
        len(grid.copy_windows(layer, grid.coordinates(tile).copy))
        for tile in range(grid.tiles(layer))
    ]
    assert window_counts(layer, grid).tolist() == expected == [3, 3, 2, 2] * 2
    assert window_counts(layer, grid).dtype == np.int64
