"""Pieces of digital operators: fewer, larger packets, in both engines, and the same values."""

from __future__ import annotations

import numpy as np
from unit.passes.deployed import applied, parsed

from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
from spatem_ir.runtime.machine.fast.engine import FastEngine
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of

NETWORK = """
cnn.network @net(%x: tensor<4x2x2xui8>) {
  %a = mvm.layer @a %x <1x1> weights #cnn.seeded<0, tensor<8x4x1x1xsi2>> scale 0.05 matrix 4x8 windows 4 grid <hwm = 1, wwm = 4, iw = 1 cyclic, ib = 1, tile 4x2> : tensor<4x2x2xui8> -> tensor<8x2x2xui8>
  %b = cnn.max_pool @b %a <2x2> : tensor<8x2x2xui8> -> tensor<8x1x1xui8>
  %c = cnn.relu @c %b : tensor<8x1x1xui8> -> tensor<8x1x1xui8>
  cnn.output %c : tensor<8x1x1xui8>
}
"""  # noqa: E501


def test_whole_positions_are_one_piece_in_both_engines() -> None:
    finished, values, pieces = {}, {}, {}
    for choice in ("parts", "whole"):
        module = parsed(NETWORK, load_accelerator("tiny"))
        passes = [PackPass(), AssignPass(pieces=choice), OrderPass(), VerifyDeploymentPass()]
        applied(module, passes)
        program = program_of(module)
        pieces[choice] = [len(node.slices) for node in program.dataflow.nodes]
        slow = ReferenceEngine(program).run()
        fast = FastEngine(fast_program_of(module)).run()
        assert slow.finished == fast.finished
        assert slow.injected_bytes == fast.injected_bytes
        assert slow.pooled_values == fast.pooled_values == 32
        finished[choice] = slow.finished[0]
        (values[choice],) = execute(module, [np.arange(16).reshape(1, 4, 2, 2)])
    assert pieces == {"parts": [1, 4, 4, 4, 4], "whole": [1, 4, 1, 1, 1]}
    assert finished["parts"] != finished["whole"]
    np.testing.assert_array_equal(values["parts"], values["whole"])
