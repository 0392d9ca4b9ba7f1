"""Every legal deployment computes the same bits, whoever made it.

The deployments are drawn at random, without the passes; the verifiers accept each of them.
"""

from __future__ import annotations

from random import Random

import numpy as np
from differential.deployments import (
    add_waits,
    random_places,
    stages_of,
    to_mvm,
    to_ou,
    to_pxb,
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
    placed = random_places(random, module, machine)
    machine = with_crossbars(machine, max(place.crossbar for place in placed) + 1)
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    to_vxb(module, placed)
    check(Level.VXB)
    placed = to_pxb(random, module, placed, machine)
    check(Level.PXB)
    to_ou(random, module, placed, machine)
    check(Level.OU)
    if len(stages_of(placed)) == 1:
        add_waits(random, module)
        check(Level.OU)
