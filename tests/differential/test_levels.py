"""Every level that the passes make computes the same bits as an independent reference."""

from __future__ import annotations

import numpy as np
from differential.dealt import ANYWHERE, dealt
from differential.machines import fewest_crossbars, machines, with_crossbars
from differential.networks import Network, build, networks, random_images
from differential.profile import examples
from differential.reference import evaluate
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.passes import ModulePass

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.passes import assign, expand_ou, order, pack
from spatem_ir.passes.partition import partition
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import DoesNotFitError

MOST_OPERATIONS = 4000
"""Operations of a program that is spelled out; larger ones take too long."""


@st.composite
def pipelines(draw: st.DrawFn) -> list[ModulePass]:
    """The passes from `cnn` to `ou`, with random strategies."""
    strategy = draw(st.sampled_from(ANYWHERE))
    return [
        partition.PartitionPass(strategy=dealt(strategy, draw(st.sampled_from(Deal)))),
        pack.PackPass(
            method=draw(st.sampled_from(pack.METHODS)),
            balance=draw(st.sampled_from(pack.BALANCES)),
        ),
        assign.AssignPass(
            method=draw(st.sampled_from(assign.METHODS)),
            homes=draw(st.sampled_from(assign.HOMES)),
        ),
        order.OrderPass(method=draw(st.sampled_from(order.METHODS))),
    ]


@examples(200)
@given(networks(), machines(), pipelines(), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_every_level_computes_what_the_reference_computes(
    network: Network, machine: Accelerator, passes: list[ModulePass], slack: int, seed: int
) -> None:
    module, store = build(network)
    layers = [op.layer for op in module.walk() if isinstance(op, WeightLayerOp)]
    machine = with_crossbars(machine, slack * fewest_crossbars(machine, layers))
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    module.verify()
    images = random_images(network, 3, seed)
    expected = evaluate(network, images)
    levels = []
    for step in [None, *passes]:
        if step is not None:
            step.apply(Context(), module)
            module.verify()
        levels.append(level_of(module))
        for result, wanted in zip(execute(module, [images], store), expected, strict=True):
            np.testing.assert_array_equal(result, wanted, err_msg=f"level {levels[-1]}")
    assert levels == list(Level)


@examples(60)
@given(networks(), machines(), pipelines(), st.integers(0, 2**32 - 1))
def test_a_program_that_is_spelled_out_computes_what_the_reference_computes(
    network: Network, machine: Accelerator, passes: list[ModulePass], seed: int
) -> None:
    module, store = build(network)
    layers = [op.layer for op in module.walk() if isinstance(op, WeightLayerOp)]
    machine = with_crossbars(machine, fewest_crossbars(machine, layers))
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    try:
        for step in passes:
            step.apply(Context(), module)
    except DoesNotFitError:
        reject()
    assume(expand_ou.program_size(module, machine) <= MOST_OPERATIONS)
    expand_ou.ExpandOuPass().apply(Context(), module)
    module.verify()
    images = random_images(network, 2, seed)
    results = execute(module, [images], store)
    for result, wanted in zip(results, evaluate(network, images), strict=True):
        np.testing.assert_array_equal(result, wanted)
