"""ISAAC's rule of thumb for copies (Shafiee et al., ISCA 2016) on whole crossbars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from spatem_ir.dialects.cnn import PoolOp
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.passes.partition.strategies.isaac import proportional_copies
from spatem_ir.passes.partition.strategy import DealingStrategy, Problem, option
from spatem_ir.passes.partition.whole_crossbars import copied, whole_crossbars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xdsl.ir import Operation

    from spatem_ir.passes.partition.partitions import Partition


@dataclass(frozen=True)
class IsaacStride(DealingStrategy):
    """ISAAC's rule of thumb: copies of whole crossbars by the strides of what reads a layer.

    [P] A layer read with stride s must produce s² results for each result of its reader, so that
    R(l-1) = stride(l)² · R(l), from back to front, one copy of the last layer.

    [R] A layer with several readers follows the most demanding one.  The strides of poolings on the
    way count or do not.  The numbers are multiplied or divided by the largest factor with which all
    copies fit.
    """

    name = "isaac-stride"
    packing = "exclusive"

    pooling_strides: bool = option(True, "whether the strides of poolings count")

    def partitions(self, problem: Problem) -> list[Partition]:
        mapped = whole_crossbars(problem.layers, problem.accelerator)
        demands = stride_demands(problem.ops, pooling_strides=self.pooling_strides)
        allocate = partial(proportional_copies, mapped, demands)
        return copied(mapped, allocate, problem.accelerator, Deal(self.deal))


def stride_demands(ops: Sequence[WeightLayerOp], *, pooling_strides: bool) -> list[int]:
    """R of each layer: how many results it must produce for one of the last layer of its path.

    `ops` are in network order; what stands between them is followed whatever it is.
    """
    demand: dict[Operation, int] = {}
    block = ops[0].parent_block()
    assert block is not None
    for op in reversed(list(block.ops)):
        readers = [use.operation for result in op.results for use in result.uses]
        demand[op] = max(
            (demand[reader] * _strides(reader, pooling_strides) for reader in readers), default=1
        )
    return [demand[op] for op in ops]


def _strides(op: Operation, pooling_strides: bool) -> int:
    """Results of an operand that an op reads anew for each of its own: vertical · horizontal."""
    if isinstance(op, WeightLayerOp):
        return prod(op.layer.window.strides)
    return prod(op.window.data.strides) if isinstance(op, PoolOp) and pooling_strides else 1
