"""Blocks of weights in other places: the same values, fewer writes; wrong tables are rejected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from differential.text import parsed
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, i32
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.dialects.mapping import MappingOp, mapping_op, stage_blocks
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.stages import stage_modules
from spatem_ir.geometry.writing.mapping import STRATEGIES
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.parameters import Encoding
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.expand_ou import ExpandOuPass
from spatem_ir.passes.map_weights import NAMES, MapWeightsPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.writing import stage_writing
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.block_tables import moved_blocks
from spatem_ir.weights.store import ParameterStore

CNN = """
cnn.network @net(%x: tensor<8x4x4xui4>) {
  %a = cnn.conv @a %x <3x3> groups 8 weights #cnn.seeded<0, tensor<16x1x3x3xsi4>> scale 0.1
    : tensor<8x4x4xui4> -> tensor<16x2x2xui4>
  %f = cnn.flatten %a : tensor<16x2x2xui4> -> tensor<64xui4>
  %b = cnn.dense @b %f weights #cnn.seeded<1, tensor<40x64xsi4>> scale 0.02
    : tensor<64xui4> -> tensor<40xui4>
  %c = cnn.dense @c %b weights #cnn.seeded<2, tensor<40x40xsi4>> scale 0.02
    : tensor<40xui4> -> tensor<40xui4>
  cnn.output %c : tensor<40xui4>
}
"""


def machine(encoding: Encoding = Encoding.OFFSET, **analog: float) -> Accelerator:
    """The preset `isaac-ou` with four crossbars, of 64 wordlines and bitlines."""
    isaac = load_accelerator("isaac-ou")
    return replace(
        isaac,
        chip=replace(isaac.chip, pe_rows=1, pe_columns=2),
        pe=replace(isaac.pe, compute_units=1),
        cu=replace(isaac.cu, crossbars=2),
        crossbar=replace(isaac.crossbar, wordlines=64, bitlines=64),
        analog=replace(isaac.analog, encoding=encoding, **analog),
    )


def deployed(
    accelerator: Accelerator, *passes: MapWeightsPass, strategy: str = "minimum", stages: int = 2
) -> ModuleOp:
    """The network at level `pxb`."""
    module = parsed(CNN)
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    chosen = (
        PartitionPass(strategy=strategy, stages=stages),
        PackPass(),
        AssignPass(method="sequential"),
        *passes,
    )
    for each in chosen:
        each.apply(Context(), module)
    return module


INPUT = np.random.default_rng(0).integers(0, 16, (3, 8, 4, 4), dtype=np.uint8)


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("strategy", NAMES)
def test_values_are_those_of_the_network(strategy: str, encoding: Encoding) -> None:
    store = ParameterStore()
    (expected,) = execute(parsed(CNN), [INPUT], store)
    with store.in_use():
        module = deployed(machine(encoding), MapWeightsPass(strategy=strategy))
        assert (execute(module, [INPUT], store)[0] == expected).all()
        for each in (OrderPass(), VerifyDeploymentPass(), ExpandOuPass(), VerifyDeploymentPass()):
            each.apply(Context(), module)
        assert (execute(module, [INPUT], store)[0] == expected).all()
        moves = sum(len(moved_blocks(stage, store)) for stage in pxb_stages(module))
        assert (moves > 0) == (strategy not in ("sequential", "balance"))


def pxb_stages(module: ModuleOp) -> list[PxbStageOp]:
    """The stages, each within a module of its own."""
    return [op for alone in stage_modules(module) for op in alone.ops if isinstance(op, PxbStageOp)]


def test_names_are_those_of_the_strategies() -> None:
    assert tuple(STRATEGIES) == NAMES


def test_less_is_written_between_stages() -> None:
    cycles, cells = {}, {}
    for strategy in ("sequential", "similarity", "gao"):
        store = ParameterStore()
        with store.in_use():
            module = deployed(machine(), MapWeightsPass(strategy=strategy))
            writing = stage_writing(module, store)
        cycles[strategy] = sum(int(own.steady.max(initial=0)) for own in writing)
        cells[strategy] = sum(own.cells for own in writing)
    assert cycles["gao"] < cycles["sequential"]
    assert cells["similarity"] < cells["sequential"]


def test_cells_that_deviate_are_not_computed() -> None:
    store = ParameterStore()
    with store.in_use():
        module = deployed(machine(cell_sigma=0.1), MapWeightsPass())
        with pytest.raises(SpatemError, match="not computed for blocks that map-weights has moved"):
            execute(module, [INPUT], store)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("twice", "the place of block 0 does not hold exactly one block"),
        ("size", "whose size is another"),
        ("crossbar", "whose crossbar is another"),
        ("short", "the table has 5 entries for"),
    ],
)
def test_wrong_tables_are_rejected(change: str, message: str) -> None:
    store = ParameterStore()
    with store.in_use():
        module = deployed(machine(), strategy="minimum")
        stage = next(op for op in module.ops if isinstance(op, PxbStageOp))
        alone = stage_modules(module)[-1]
        stage = next(op for op in alone.ops if isinstance(op, PxbStageOp))
        blocks = stage_blocks(stage)
        table = np.arange(len(blocks.crossbars), dtype=np.int32)
        sizes = blocks.heights * 1000 + blocks.widths
        if change == "twice":
            table[0] = 1
        elif change == "size":
            other = np.flatnonzero((sizes != sizes[0]) & (blocks.crossbars == blocks.crossbars[0]))
            table[[0, other[0]]] = table[[other[0], 0]]
        elif change == "crossbar":
            other = np.flatnonzero((sizes == sizes[0]) & (blocks.crossbars != blocks.crossbars[0]))
            table[[0, other[0]]] = table[[other[0], 0]]
        else:
            table = table[:5]
        stage.body.block.add_op(MappingOp(store.keep("slots", table, i32)))
        with pytest.raises(VerifyException, match=message):
            VerifyDeploymentPass().apply(Context(), alone)


def test_a_stage_has_one_table() -> None:
    store = ParameterStore()
    with store.in_use():
        module = deployed(machine(), MapWeightsPass(), MapWeightsPass(strategy="similarity"))
        for stage in pxb_stages(module):
            op = mapping_op(stage)
            assert op is not None
            stage.body.block.add_op(MappingOp(op.slots))
            with pytest.raises(VerifyException, match=r"is the second pxb\.mapping of its stage"):
                stage.verify()


def test_options_are_checked() -> None:
    with pytest.raises(SpatemError, match="unknown strategy 'best'"):
        MapWeightsPass(strategy="best")
    with pytest.raises(SpatemError, match="candidates is 0; it must be at least 1"):
        MapWeightsPass(candidates=0)
