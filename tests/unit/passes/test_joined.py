"""Tiles of several matrices of a grouped layer, through the passes: same values, same events."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from differential.deployments import to_mvm
from unit.passes.deployed import applied
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.geometry.bounds.bounds import lower_bounds
from spatem_ir.passes import pack
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.expand_ou import ExpandOuPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.interpreter import execute

pytest.importorskip("numba")

from unit.runtime.machine.engines import expect_equal_engines
from unit.runtime.machine.random_programs import place_on, random_module


def joined_module(random: Random) -> tuple[ModuleOp, list[np.ndarray], list[np.ndarray]]:
    """A random partitioned network with joined matrices, images, and the results for them.

    The machine has crossbars for all tiles and resolves all sums.
    """
    while True:
        module = random_module(random)
        (network,) = (op for op in module.ops if isinstance(op, NetworkOp))
        (argument,) = network.body.block.args
        images = np.random.default_rng(random.randrange(99)).integers(
            0, 2, (2, *shape_of(argument))
        )
        expected = execute(module, [images])
        machine = accelerator_of(module)
        to_mvm(random, module, machine)
        ops = layer_ops(module)
        if any(op.grid.data.joined > 1 for op in ops):
            tiles = sum(op.grid.data.tiles(op.layer) for op in ops)
            chip = replace(machine.chip, pe_columns=-(-tiles // machine.crossbars_per_pe))
            lossless = replace(machine.ou, adc_bits=machine.lossless_adc_bits)
            place_on(module, replace(machine, chip=chip, ou=lossless))
            return module, [images], expected


@pytest.mark.parametrize("seed", range(12))
def test_every_level_computes_the_same_and_both_engines_agree(seed: int) -> None:
    random = Random(seed)
    module, images, expected = joined_module(random)
    exclusive = not random.randrange(3)
    packing = PackPass(
        method="exclusive" if exclusive else "spatem",
        balance="cells" if exclusive else random.choice(pack.BALANCES),
        gather=exclusive or random.choice([True, False]),
    )
    for step in (packing, AssignPass(), OrderPass(), VerifyDeploymentPass()):
        applied(module, [step])
        for result, wanted in zip(execute(module, images), expected, strict=True):
            np.testing.assert_array_equal(result, wanted)
    execution = expect_equal_engines(module, random.choice([1, 2]))
    assert execution is not None
    bounds = lower_bounds(dataflow_of(module), accelerator_of(module))
    assert bounds.largest <= execution.finished[0]


@pytest.mark.parametrize("until", ["streams", "operations"])
def test_programs_that_are_spelled_out_stay_the_same(until: str) -> None:
    module, images, expected = joined_module(Random(1))
    applied(module, [PackPass(), AssignPass(), OrderPass()])
    before = expect_equal_engines(module, 1)
    applied(module, [ExpandOuPass(until=until)])
    after = expect_equal_engines(module, 1)
    assert before is not None and after is not None
    assert after.finished == before.finished
    for result, wanted in zip(execute(module, images), expected, strict=True):
        np.testing.assert_array_equal(result, wanted)
