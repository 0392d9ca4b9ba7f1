"""Every legal deployment computes the same bits, whoever made it.

The deployments are drawn at random, without the passes; the verifiers accept each of them.
"""

from __future__ import annotations

from random import Random

import numpy as np
from differential.deployments import (
    add_waits,
    each_stage,
    random_places,
    to_mvm,
    to_ou,
    to_pxb,
    to_stages,
    to_vxb,
)
from differential.machines import machines, with_crossbars
from differential.networks import Network, build, networks, random_images
from differential.profile import examples
from differential.reference import evaluate
from hypothesis import given
from hypothesis import strategies as st

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.stages import is_staged
from spatem_ir.dialects.writes import put_writes
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.runtime.interpreter import execute


@examples(60)
@given(networks(), machines(), st.integers(0, 2**32 - 1))
def test_every_legal_deployment_computes_what_the_reference_computes(
    network: Network, machine: Accelerator, seed: int
) -> None:
    module, store = build(network)
    images = random_images(network, 2, seed)
    expected = evaluate(network, images)

    def check(level: Level) -> None:
        module.verify()
        assert level_of(module) is level
        for result, wanted in zip(execute(module, [images], store), expected, strict=True):
            np.testing.assert_array_equal(result, wanted, err_msg=f"level {level}")

    random = Random(seed)
    to_mvm(random, module, machine)
    check(Level.MVM)
    to_stages(random, module)
    check(Level.MVM)
    placed = {n: random_places(random, alone, machine) for n, alone in each_stage(module)}
    used = 1 + max(place.crossbar for places in placed.values() for place in places)
    machine = with_crossbars(machine, used)
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    for number, alone in each_stage(module):
        to_vxb(alone, placed[number])
    check(Level.VXB)
    for number, alone in each_stage(module):
        placed[number] = to_pxb(random, alone, placed[number], machine)
    if is_staged(module):
        put_writes(module)
    check(Level.PXB)
    for number, alone in each_stage(module):
        to_ou(random, alone, placed[number], machine)
    check(Level.OU)
    for _, alone in each_stage(module):
        add_waits(random, alone)
    check(Level.OU)
