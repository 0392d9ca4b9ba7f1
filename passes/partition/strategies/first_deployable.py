"""The first partition with which the passes that follow find a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.passes.partition.strategy import Problem, Strategy
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.passes.partition.partitions import Partition

TRIED = ("spatem", "isaac", "identical", "minimum")
"""The strategies whose partitions are tried: the fastest, the most robust ones, the smallest."""


@dataclass(frozen=True)
class FirstDeployable(Strategy):
    """The first partition of other strategies for which there are place and buffers.

    [R] The strategies of :data:`TRIED` and what they leave for `pack` to fall back on are tried
    one after the other, with the passes that follow `partition`, until a program comes out.
    Nothing is executed.
    """

    name = "first-deployable"

    def partitions(self, problem: Problem) -> Sequence[Partition]:
        from spatem_ir.passes.partition.fall_backs import fall_backs
        from spatem_ir.passes.partition.register import strategy_type

        for name in TRIED:
            strategy = strategy_type(name)
            try:
                found = strategy().partitions(problem)
                left = fall_backs(found, problem.layers, problem.accelerator)
            except SpatemError:
                continue
            left = [partition.packed(strategy.packing) for partition in left]
            for number, partition in enumerate(left):
                if is_deployable(problem, partition):
                    return left[number:]
        return strategy_type(TRIED[-1])().partitions(problem)


def is_deployable(problem: Problem, partition: Partition) -> bool:
    """Whether the passes that follow make a program of a partition."""
    from xdsl.context import Context
    from xdsl.utils.exceptions import VerifyException

    from spatem_ir.dialects.hw import module_of
    from spatem_ir.passes.partition.deploying import lowering, put_partition
    from spatem_ir.passes.partition.following import following_passes

    context, module = Context(), module_of(problem.ops[0]).clone()
    put_partition(module, partition)
    try:
        for following in lowering(module, following_passes()):
            following.apply(context, module)
    except (SpatemError, VerifyException):
        return False
    return True
