"""The `partition` pass: cuts every weight layer into MVM tiles (level `cnn` to level `mvm`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import AlternativeOp, LayerOp, PackingOp, layer_ops
from spatem_ir.geometry.shapes.grid import Deal
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.strategy import Strategy

StrategyFunction = Callable[["list[Layer]", "Accelerator", Deal], "Sequence[Strategy]"]


def _spatem(options: PartitionPass, ops: Sequence[WeightLayerOp]) -> StrategyFunction:
    from spatem_ir.passes.partition.ranking import ranked_strategies

    return ranked_strategies(ops, options.slack)


def _minimum(_pass: PartitionPass, _ops: Sequence[WeightLayerOp]) -> StrategyFunction:
    from spatem_ir.passes.partition.minimum import partition_minimum

    return partition_minimum


def _isaac(_pass: PartitionPass, _ops: Sequence[WeightLayerOp]) -> StrategyFunction:
    from spatem_ir.passes.partition.isaac import partition_isaac

    return partition_isaac


def _isaac_stride(options: PartitionPass, ops: Sequence[WeightLayerOp]) -> StrategyFunction:
    from spatem_ir.passes.partition.isaac_stride import isaac_stride

    return isaac_stride(ops, pooling_strides=options.pooling_strides)


def _hitm(_pass: PartitionPass, _ops: Sequence[WeightLayerOp]) -> StrategyFunction:
    from spatem_ir.passes.partition.hitm import partition_hitm

    return partition_hitm


def _exact_additive(_pass: PartitionPass, _ops: Sequence[WeightLayerOp]) -> StrategyFunction:
    from spatem_ir.passes.partition.exact_additive import partition_exact_additive

    return partition_exact_additive


STRATEGIES: dict[str, Callable[[PartitionPass, Sequence[WeightLayerOp]], StrategyFunction]] = {
    "spatem": _spatem,
    "minimum": _minimum,
    "isaac": _isaac,
    "isaac-stride": _isaac_stride,
    "hitm": _hitm,
    "exact-additive": _exact_additive,
}
"""The strategies by name, loaded when chosen, for a pass and the layers that it cuts."""

EXCLUSIVE = ("isaac", "isaac-stride", "hitm")
"""The strategies made for crossbars that belong to one copy of one layer."""


@dataclass(frozen=True)
class PartitionPass(ModulePass):
    """Chooses a partition grid for every weight layer.

    Options:
        strategy: `spatem` (Algorithm 1 of the paper), `exact-additive` (the optimum of its
            additive model), `minimum` (the fewest tiles), or copies by whole crossbars: `isaac`
            (in proportion to work), `isaac-stride` (by the strides of the layers that read),
            `hitm` (for throughput), which leave `mvm.packing "exclusive"` for `pack`.
        deal: how windows are dealt to copies, `cyclic` or `blocks`.
        alternatives: how many further strategies, slower but smaller, are left for `pack` to fall
            back on as `mvm.alternative`; none if some layers were partitioned before.
        slack: of the strategies that `spatem` finds, the one that communicates least comes first
            among those whose latency exceeds the least by at most this share.
        pooling_strides: whether `isaac-stride` counts the strides of poolings.
    """

    name = "partition"

    strategy: str = "spatem"
    deal: str = "cyclic"
    alternatives: int = 8
    slack: float | int = 0.15
    pooling_strides: bool = True

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        layers = [layer for layer in op.walk() if isinstance(layer, ConvOp | DenseOp | LocalOp)]
        if not layers:
            raise SpatemError("partition: the module holds no cnn.conv, cnn.local or cnn.dense")
        for layer in layers:
            if is_floating(layer.input):
                raise SpatemError(
                    f"partition: {layer.name} @{layer.sym_name.data} works on float32; run "
                    "quantize first"
                )
        if self.strategy not in STRATEGIES:
            raise SpatemError(
                f"partition: unknown strategy '{self.strategy}'; one of {', '.join(STRATEGIES)}"
            )
        if self.deal not in tuple(Deal):
            raise SpatemError(f"partition: unknown deal '{self.deal}'; one of {', '.join(Deal)}")
        if not self.slack >= 0:
            raise SpatemError(f"partition: slack must be at least 0, not {self.slack}")
        accelerator = accelerator_of(op)
        geometries = [layer.layer for layer in layers]
        partition = STRATEGIES[self.strategy](self, layers)
        strategies = partition(geometries, accelerator, Deal(self.deal))
        chosen, *others = fall_backs(strategies, geometries, accelerator, self.alternatives)
        for layer, grid in zip(layers, chosen.grids, strict=True):
            Rewriter.replace_op(layer, LayerOp.from_cnn(layer, grid))
        if self.strategy in EXCLUSIVE and not any(isinstance(o, PackingOp) for o in op.ops):
            op.body.block.add_op(PackingOp("exclusive"))
        partly = len(layer_ops(op)) > len(layers)
        for other in [] if partly else others:
            op.body.block.add_op(AlternativeOp(other.cycles, list(other.grids)))


def fall_backs(
    strategies: Sequence[Strategy], layers: list[Layer], accelerator: Accelerator, count: int
) -> list[Strategy]:
    """The best strategy whose cells fit the chip, and up to `count` smaller ones after it.

    Up to the one that gives every tile a crossbar of its own, if any does, and to the smallest
    otherwise; where there are more, their tile counts fall geometrically.  In ascending latency.

    Raises:
        SpatemError: even the smallest strategy has more cells than the chip.
    """
    from spatem_ir.passes.partition.strategy import cells_of, tiles_of

    capacity = accelerator.crossbars * accelerator.cells_per_crossbar
    cells_per_weight = [accelerator.cells_per_weight(layer.weight_bits) for layer in layers]
    cells = cells_of(strategies, layers, cells_per_weight)
    fitting = [number for number, needed in enumerate(cells) if needed <= capacity]
    if not fitting:
        needed = -(-min(cells) // accelerator.cells_per_crossbar)
        raise SpatemError(
            f"the network does not fit: its weights need at least {needed} crossbars, "
            f"'{accelerator.name}' has {accelerator.crossbars}"
        )
    all_tiles = tiles_of(strategies, layers)
    tiles = [all_tiles[number] for number in fitting]
    safe = next((n for n, t in enumerate(tiles) if t <= accelerator.crossbars), len(fitting) - 1)
    if safe <= count:
        picked = list(range(safe + 1))
    else:
        ratio = (tiles[safe] / tiles[0]) ** (1 / max(count, 1))
        limits = [tiles[0] * ratio**step for step in range(1, count + 1)]
        smaller = {next((n for n in range(safe) if tiles[n] <= t), safe) for t in limits}
        picked = sorted(smaller | ({0, safe} if count else {0}))
    chosen, *others = (strategies[fitting[number]] for number in picked)
    return [chosen, *sorted(others, key=lambda strategy: strategy.cycles)]
