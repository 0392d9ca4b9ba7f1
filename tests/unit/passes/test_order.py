"""Programs that `order` writes: they never deadlock, and a layer waits for the one before."""

from __future__ import annotations

import pytest
from differential.machines import machines
from differential.networks import Network, networks
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import applied, parsed, randomly_placed

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.ou.programs import programs_of
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.order import METHODS, PROGRAMS, OrderPass
from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
from spatem_ir.runtime.machine.fast.engine import FastEngine
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of

COPIES_THAT_SHARE = """
cnn.network @net(%x: tensor<16x1x6xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<16x16x1x1xsi2>> scale 0.5 matrix 16x16 windows 6 grid <hwm = 1, wwm = 1, iw = 1 cyclic, ib = 1, tile 16x16> : tensor<16x1x6xui8> -> tensor<16x1x6xui8>
  %c = mvm.layer @c %a <1x1> weights #cnn.seeded<1, tensor<4x16x1x1xsi2>> scale 0.5 matrix 16x4 windows 6 grid <hwm = 1, wwm = 1, iw = 3 cyclic, ib = 1, tile 16x4> : tensor<16x1x6xui8> -> tensor<4x1x6xui8>
  %d = mvm.layer @d %c <1x1> weights #cnn.seeded<2, tensor<4x4x1x1xsi2>> scale 0.5 matrix 4x4 windows 6 grid <hwm = 1, wwm = 1, iw = 3 cyclic, ib = 1, tile 4x4> : tensor<4x1x6xui8> -> tensor<4x1x6xui8>
  cnn.output %d : tensor<4x1x6xui8>
}
pxb.stage 0 {
  pxb.place @a tiles 0 crossbars 0 at [0, 0]
  pxb.place @c tiles 0 to 3 crossbars [3, 1, 2] at [0, 0]
  pxb.place @d tiles 0 to 3 crossbars [1, 4, 2] at [0, 4]
  pxb.home @a pes 0
  pxb.home @c pes 0
  pxb.home @d pes 0
}
"""  # noqa: E501
"""Crossbars 1 and 2 hold tiles of the same layers, but cannot visit them in the same order."""


@pytest.mark.parametrize("programs", PROGRAMS)
@pytest.mark.parametrize("method", METHODS)
def test_copies_that_share_crossbars_do_not_deadlock(method: str, programs: str) -> None:
    module = parsed(COPIES_THAT_SHARE, load_accelerator("tiny"))
    applied(module, [OrderPass(method=method, programs=programs)])
    ReferenceEngine(program_of(module)).run()


def test_crossbars_with_tiles_of_the_same_layers_share_a_program() -> None:
    """Copies 1 and 2 of @c and @d sit together, and so run one program on two crossbars."""
    found = {}
    for programs in ("own", "shared"):
        module = parsed(COPIES_THAT_SHARE, load_accelerator("tiny"))
        applied(module, [OrderPass(programs=programs)])
        (stage,) = (op for op in module.ops if isinstance(op, OuStageOp))
        own = programs_of(stage, dataflow_of(module))
        found[programs] = sorted(sorted(program.crossbars.tolist()) for program in own)
    assert found == {"own": [[0], [1], [2], [3], [4]], "shared": [[0], [1, 2], [3], [4]]}


@examples(30)
@given(
    networks(),
    machines(),
    st.sampled_from(METHODS),
    st.sampled_from(PROGRAMS),
    st.integers(0, 2**32 - 1),
)
def test_no_program_deadlocks_wherever_tiles_are_placed(
    network: Network, machine: Accelerator, method: str, programs: str, seed: int
) -> None:
    module = randomly_placed(network, machine, seed)
    applied(module, [OrderPass(method=method, programs=programs)])
    execution = ReferenceEngine(program_of(module)).run()
    assert execution.finished[0] > 0


@examples(20)
@given(networks(), machines(), st.integers(0, 2**32 - 1))
def test_layer_by_layer_no_crossbar_goes_back_to_a_layer(
    network: Network, machine: Accelerator, seed: int
) -> None:
    module = randomly_placed(network, machine, seed)
    applied(module, [OrderPass(method="layer")])
    for visits in program_of(module).streams.values():
        layers = [visit.operand.node for visit in visits]
        assert layers == sorted(layers)


SPLIT_ROWS = """
cnn.network @net(%x: tensor<16xui8>) {
  %y = mvm.layer @fc %x <1x1> weights #cnn.seeded<0, tensor<4x16xsi2>> scale 0.5 matrix 16x4 windows 1 grid <hwm = 4, wwm = 1, iw = 1 cyclic, ib = 1, tile 4x4> : tensor<16xui8> -> tensor<4xui8>
  cnn.output %y : tensor<4xui8>
}
pxb.stage 0 {
  pxb.place @fc tiles 0 to 4 crossbars [4, 5, 6, 8] at [0, 0]
  pxb.home @fc pes 0
}
"""  # noqa: E501
"""Four row parts: two in a CU, three in PE 1, one in PE 2, at home in PE 0."""


@pytest.mark.parametrize(("merge", "packets"), [("everywhere", 2), ("pe", 2), ("home", 4)])
def test_where_partial_sums_are_merged(merge: str, packets: int) -> None:
    """Both engines: PEs that do not merge send every contribution home as a packet."""
    module = parsed(SPLIT_ROWS, load_accelerator("tiny"))
    applied(module, [OrderPass(merge=merge)])
    slow = ReferenceEngine(program_of(module)).run()
    fast = FastEngine(fast_program_of(module)).run()
    assert slow.finished == fast.finished
    assert (
        slow.injected_bytes["partial_sums"]
        == fast.injected_bytes["partial_sums"]
        == packets * 4 * 4
    )


def test_where_partial_sums_are_merged_takes_time() -> None:
    finished = {}
    for merge in ("everywhere", "pe", "home"):
        module = parsed(SPLIT_ROWS, load_accelerator("tiny"))
        applied(module, [OrderPass(merge=merge)])
        finished[merge] = ReferenceEngine(program_of(module)).run().finished
    assert finished["everywhere"] < finished["home"]
