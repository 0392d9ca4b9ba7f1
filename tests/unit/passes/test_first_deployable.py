"""The strategies that find a deployment wherever one of the others does."""

from __future__ import annotations

import numpy as np
import pytest
from differential.machines import machines
from differential.networks import Network, networks
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from unit.passes.deployed import context, network_on, parsed
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import layer_ops
from spatem_ir.dialects.stages import mvm_stages
from spatem_ir.driver.compile import compile_network
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.partition.strategies.first_deployable import TRIED
from spatem_ir.runtime.interpreter import execute
from spatem_ir.support.errors import SpatemError


def is_deployed(module: ModuleOp, strategy: str) -> bool:
    """Whether a strategy and the passes after it make a program of a network."""
    copy = module.clone()
    try:
        run_pipeline(context(), copy, f"partition{{strategy={strategy}}},pack,assign,order")
    except SpatemError:
        return False
    return level_of(copy) is Level.OU


@examples(25)
@given(networks(), machines(), st.integers(1, 3))
def test_whatever_others_deploy_is_deployed(
    network: Network, machine: Accelerator, slack: int
) -> None:
    module = network_on(network, machine, slack)
    if any(is_deployed(module, strategy) for strategy in TRIED):
        assert is_deployed(module, "first-deployable")
        assert is_deployed(module, "search effort=0")


def test_the_next_partition_is_taken_where_the_order_of_the_first_has_no_buffers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = compile_network("lenet", strategy="spatem", level="mvm").module
    first = [layer.grid.data for layer in layer_ops(plain)]
    apply = OrderPass.apply

    def fail(self: OrderPass, ctx: object, op: ModuleOp) -> None:
        if [layer.grid.data for layer in layer_ops(op)] == first:
            raise SpatemError("order: the buffer of PE 0 is too small")
        apply(self, context(), op)

    monkeypatch.setattr(OrderPass, "apply", fail)
    deployed = compile_network("lenet", strategy="first-deployable").module
    grids = [layer.grid.data for layer in layer_ops(deployed)]
    alternatives = compile_network("lenet", strategy="spatem", level="mvm").module
    second = next(op for op in alternatives.ops if op.name == "mvm.alternative")
    assert grids == [grid.data for grid in second.grids]  # pyright: ignore[reportAttributeAccessIssue]


def test_where_nothing_can_be_deployed_the_passes_say_why() -> None:
    for strategy in ("first-deployable", "search"):
        with pytest.raises(SpatemError, match="its weights need at least 297 crossbars"):
            compile_network("lenet", "tiny", strategy=strategy, settings=["partition{stages=1}"])


NARROW = """
cnn.network @net(%x: tensor<144xui8>) {
  %y = cnn.dense @fc %x weights #cnn.seeded<0, tensor<5x144xsi9>> scale 0.5
    : tensor<144xui8> -> tensor<5xsi8>
  cnn.output %y : tensor<5xsi8>
}
"""


@pytest.mark.parametrize("strategy", ["minimum", "first-deployable", "search{effort=0}"])
def test_tiles_are_cut_finer_where_the_largest_leave_too_much_of_crossbars_empty(
    strategy: str,
) -> None:
    """Weights of five cells, three side by side in 16 bitlines: 18 tiles of one to a crossbar."""
    module = parsed(NARROW)
    found = compile_network(module, "tiny", strategy=strategy)
    assert 0 < found.simulate().crossbars_used <= 16


def test_tiles_for_which_there_is_no_place_are_dealt_to_stages() -> None:
    """The smallest tiles that `spatem` knows are 18, one to a crossbar, of which there are 16."""
    found = compile_network(parsed(NARROW), "tiny", strategy="spatem")
    assert len(mvm_stages(found.module)) == 2
    x = np.arange(144, dtype=np.uint8)
    whole = execute(found.given, [x[None]])[0][0]
    assert np.array_equal(np.asarray(found.run(x)), whole)
    with pytest.raises(SpatemError, match="its tiles need at least 18 crossbars, 'tiny' has 16"):
        module = parsed(NARROW, load_accelerator("tiny"))
        run_pipeline(context(), module, "partition{strategy=spatem stages=1},pack")
