"""Whole networks on imperfect operation units: every layer's sums are those of the definitions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from differential.deployments import random_places, to_mvm, to_ou, to_pxb
from differential.machines import fewest_crossbars, machines, with_crossbars
from differential.networks import Network, build, networks, random_images
from differential.profile import examples
from differential.reference import evaluate
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from unit.runtime.analog.reference import LayerReference
from unit.runtime.analog.tiles import analogs, possible_formulations
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, Signedness

from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.parameters import Encoding
from spatem_ir.passes import assign, expand_ou, order, pack
from spatem_ir.passes.partition import partition
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.analog.tile_engine import Formulation, TileEngine
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.values.accumulator import TileAccumulator
from spatem_ir.weights.store import ParameterStore

Array = NDArray[np.generic]

MOST_OPERATIONS = 4000
"""Operations of a program that is spelled out; larger ones take too long."""


@st.composite
def imperfect_machines(draw: st.DrawFn) -> Accelerator:
    """Small machines with any converters and cells."""
    machine = draw(machines())
    ou = replace(machine.ou, adc_bits=draw(st.integers(1, machine.lossless_adc_bits)))
    return replace(machine, ou=ou, analog=draw(analogs()))


class Accumulated(NamedTuple):
    """What a layer received and gave."""

    op: LayerOp
    first_image: int
    images: NDArray[np.integer]
    sums: NDArray[np.int32]


@contextmanager
def recorded() -> Iterator[list[Accumulated]]:
    """Records all sums of weight layers."""
    records: list[Accumulated] = []
    accumulate = TileAccumulator.accumulate

    def recording(
        self: TileAccumulator, op: WeightLayerOp, images: NDArray[np.integer]
    ) -> NDArray[np.int32]:
        assert isinstance(op, LayerOp)
        sums = accumulate(self, op, images)
        records.append(Accumulated(op, self.first_image, images.copy(), sums))
        return sums

    with patch.object(TileAccumulator, "accumulate", recording):
        yield records


def check_sums(
    records: list[Accumulated], module: ModuleOp, store: ParameterStore, machine: Accelerator
) -> None:
    """Compare all sums with the reference's, which knows only where tiles sit."""
    assert records
    stages = [op for op in module.ops if isinstance(op, PxbStageOp)]
    for op, first_image, images, sums in records:
        layer, name = op.layer, op.sym_name.data
        weights = np.asarray(store.values(op.weights), np.int64)
        reference = LayerReference(
            machine,
            op,
            weights.reshape(layer.matrices, layer.columns, layer.rows),
            [
                (stage.number.value.data, stage.placements()[name])
                for stage in stages
                if name in stage.placements()
            ],
            op.weight_zero_point.value.data,
            weight_signed=op.weight_element.signedness.data is Signedness.SIGNED,
        )
        zero = quantized(op, op.input).zero_point
        expected = reference.sums(images.astype(np.int64), zero, first_image)
        np.testing.assert_array_equal(sums, expected, err_msg=f"@{name}, image {first_image} on")


@examples(40)
@given(networks(), imperfect_machines(), st.integers(0, 2**32 - 1))
def test_random_deployments_compute_what_the_definitions_say(
    network: Network, machine: Accelerator, seed: int
) -> None:
    """Tiles anywhere, bits dealt to copies, visits in any order and partly spelled out."""
    module, store = build(network)
    random, images = Random(seed), random_images(network, 2, seed)
    to_mvm(random, module, machine)
    placed = random_places(random, module, machine)
    machine = with_crossbars(machine, max(place.crossbar for place in placed) + 1)
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    placed = to_pxb(random, module, placed, machine)
    with recorded() as at_pxb:
        execute(module, [images], store)
    check_sums(at_pxb, module, store, machine)
    to_ou(random, module, placed, machine)
    module.verify()
    with recorded() as at_ou:
        execute(module, [images], store)
    for ours, wanted in zip(at_ou, at_pxb, strict=True):
        np.testing.assert_array_equal(ours.sums, wanted.sums, err_msg=ours.op.sym_name.data)


def lowered(module: ModuleOp, machine: Accelerator) -> Iterator[Level]:
    """Bring a module down with the passes, level by level, and spell it out if it is small."""
    layers = [op.layer for op in module.walk() if isinstance(op, WeightLayerOp)]
    machine = with_crossbars(machine, fewest_crossbars(machine, layers))
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    for step in (
        partition.PartitionPass(),
        pack.PackPass(),
        assign.AssignPass(),
        order.OrderPass(),
    ):
        step.apply(Context(), module)
        yield level_of(module)
    assume(expand_ou.program_size(module, machine) <= MOST_OPERATIONS)
    expand_ou.ExpandOuPass().apply(Context(), module)
    yield level_of(module)


@examples(30)
@given(networks(), imperfect_machines(), st.integers(0, 2**32 - 1))
def test_physical_levels_agree_and_the_program_can_be_spelled_out(
    network: Network, machine: Accelerator, seed: int
) -> None:
    module, store = build(network)
    images = random_images(network, 2, seed)
    results = {
        step: execute(module, [images], store)
        for step, level in enumerate(lowered(module, machine))
        if level in (Level.PXB, Level.OU)
    }
    assert list(results) == [2, 3, 4]
    for step in (3, 4):
        for result, wanted in zip(results[step], results[2], strict=True):
            np.testing.assert_array_equal(result, wanted)


@examples(30)
@given(
    networks(),
    imperfect_machines(),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 60, 200]),
    st.sampled_from([1, 400, 3000]),
)
def test_values_do_not_depend_on_batches_and_blocks(
    network: Network, machine: Accelerator, seed: int, batch: int, block: int
) -> None:
    module, store = build(network)
    images = random_images(network, 4, seed)
    for level in lowered(module, machine):
        if level is Level.PXB:
            break
    together = execute(module, [images], store)
    with (
        patch("spatem_ir.runtime.interpreter.BATCH_ELEMENTS", batch),
        patch("spatem_ir.runtime.values.accumulator.BLOCK_ELEMENTS", block),
    ):
        apart = execute(module, [images], store)
    for result, wanted in zip(apart, together, strict=True):
        np.testing.assert_array_equal(result, wanted)


@examples(30)
@given(
    networks(),
    machines(),
    st.sampled_from(Encoding),
    st.sampled_from(Formulation),
    st.integers(0, 2**32 - 1),
)
def test_ideal_operation_units_give_the_exact_network(
    network: Network, machine: Accelerator, encoding: Encoding, way: Formulation, seed: int
) -> None:
    """All sums, which would be one product per tile, forced through the tile engine."""
    machine = replace(machine, analog=replace(machine.analog, encoding=encoding))
    arithmetic = OuArithmetic.of(machine)
    assume(way in possible_formulations(arithmetic, arithmetic.wordlines))
    module, store = build(network)
    images = random_images(network, 2, seed)
    expected = evaluate(network, images)
    for level in lowered(module, machine):
        if level not in (Level.PXB, Level.OU):
            continue
        for result, wanted in zip(execute(module, [images], store), expected, strict=True):
            np.testing.assert_array_equal(result, wanted, err_msg=f"level {level}, exact")
        with (
            patch.object(OuArithmetic, "exact", lambda *_: False),
            patch.object(TileEngine, "formulation", lambda *_, **__: way),
        ):
            results = execute(module, [images], store)
        for result, wanted in zip(results, expected, strict=True):
            np.testing.assert_array_equal(result, wanted, err_msg=f"level {level}")
