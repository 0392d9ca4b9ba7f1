"""A network in several stages, at every level."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.expand_ou import ExpandOuPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass

CNN = """
cnn.network @net(%x: tensor<1x4x4xui8>) {
  %a = cnn.conv @a %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>> scale 0.5
    : tensor<1x4x4xui8> -> tensor<4x2x2xui8>
  %p = cnn.max_pool @p %a <2x2> : tensor<4x2x2xui8> -> tensor<4x1x1xui8>
  %f = cnn.flatten %p : tensor<4x1x1xui8> -> tensor<4xui8>
  %b = cnn.dense @b %f weights #cnn.seeded<1, tensor<4x4xsi2>> scale 0.5
    : tensor<4xui8> -> tensor<4xui8>
  %s = cnn.add @s %b, %f : tensor<4xui8>, tensor<4xui8> -> tensor<4xui8>
  %c = cnn.dense @c %s weights #cnn.seeded<2, tensor<4x4xsi2>> scale 0.5
    : tensor<4xui8> -> tensor<4xui8>
  cnn.output %c : tensor<4xui8>
}
"""


def lowered(
    module: ModuleOp, stages: int | str, strategy: str = "minimum", assign: str = "sequential"
) -> list[ModuleOp]:
    """A module after each pass, at every level; the last one has its programs written out.

    By default all stages use the crossbars with the lowest numbers.
    """
    found = [module.clone()]
    for each in (
        PartitionPass(strategy=strategy, stages=stages),
        PackPass(),
        AssignPass(method=assign),
        OrderPass(),
        VerifyDeploymentPass(),
        ExpandOuPass(until="streams"),
    ):
        each.apply(Context(), module)
        module.verify()
        found.append(module.clone())
    return found
