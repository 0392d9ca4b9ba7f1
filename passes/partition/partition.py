"""The `partition` pass: cuts every weight layer into MVM tiles (level `cnn` to level `mvm`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter
from xdsl.utils.arg_spec import ArgSpec

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import AlternativeOp, LayerOp, PackingOp, layer_ops
from spatem_ir.passes.dead_positions.remove_dead_positions import RemoveDeadPositionsPass
from spatem_ir.passes.partition.register import DEFAULT_STRATEGY, strategy_from_spec, strategy_spec
from spatem_ir.passes.partition.strategy import Problem, Strategy
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.shapes.layer import Layer
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.passes.partition.partitions import Partition


@dataclass(frozen=True)
class PartitionPass(ModulePass):
    """Chooses a partition grid for every weight layer.

    Positions that nobody reads are removed first (`remove-dead-positions`).

    In a pipeline, whatever is no option of the pass is an option of its strategy:
    ``partition{strategy=spatem deal=blocks}``.

    Options:
        strategy: a strategy, or its name, which options may follow (``spatem{deal=blocks}``).  One
            that cuts for a packing of its own leaves a note for `pack` (`mvm.packing`).
        alternatives: how many further partitions, slower but smaller, are left for `pack` to fall
            back on as `mvm.alternative`; none if some layers were partitioned before.
    """

    name = "partition"

    strategy: Strategy | str = DEFAULT_STRATEGY
    alternatives: int = 8

    @classmethod
    def from_spec(cls, spec: ArgSpec) -> PartitionPass:
        """The pass of a pipeline.

        Raises:
            SpatemError: there is no such strategy, it has no such option, or a value is wrong.
        """
        parameters = spec.normalize_parameter_names().parameters
        own = {each.name for each in fields(cls)}
        ours = {name: value for name, value in parameters.items() if name in own}
        made = super().from_spec(ArgSpec(spec.name, ours))
        assert isinstance(made.strategy, str)
        others = {name: value for name, value in parameters.items() if name not in own}
        return replace(made, strategy=_strategy(ArgSpec(made.strategy, others)))

    def spec(self, *, include_default: bool = False) -> ArgSpec:
        """What a pipeline says of the pass."""
        strategy = self.chosen_strategy.spec(include_default=include_default)
        own = replace(self, strategy=strategy.name)
        parameters = super(PartitionPass, own).spec(include_default=include_default).parameters
        return ArgSpec(self.name, parameters | strategy.parameters)

    @property
    def chosen_strategy(self) -> Strategy:
        """The strategy with its options.

        Raises:
            SpatemError: there is no such strategy, it has no such option, or a value is wrong.
        """
        if isinstance(self.strategy, Strategy):
            return self.strategy
        return _strategy(strategy_spec(self.strategy))

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from spatem_ir.weights.store import current_store
        from spatem_ir.weights.sums import check_sum_bits

        if self.alternatives < 0:
            raise SpatemError(
                f"partition: alternatives is {self.alternatives}; it must be at least 0"
            )
        RemoveDeadPositionsPass().apply(ctx, op)
        layers = [layer for layer in op.walk() if isinstance(layer, ConvOp | DenseOp | LocalOp)]
        if not layers:
            raise SpatemError("partition: the module holds no cnn.conv, cnn.local or cnn.dense")
        for layer in layers:
            if is_floating(layer.input):
                raise SpatemError(
                    f"partition: {layer.name} @{layer.sym_name.data} works on float32; run "
                    "quantize first"
                )
        accelerator = accelerator_of(op)
        for layer in layers:
            check_sum_bits(layer, accelerator, current_store())
        strategy, problem = self.chosen_strategy, Problem(layers, accelerator)
        partitions = strategy.partitions(problem)
        if not partitions or len(partitions[0].grids) != len(layers):
            raise SpatemError(
                f"partition: strategy {strategy.name} must give a partition, with a grid for each "
                f"of {len(layers)} layers"
            )
        chosen, *others = fall_backs(
            partitions, problem.layers, problem.accelerator, self.alternatives
        )
        for layer, grid in zip(layers, chosen.grids, strict=True):
            Rewriter.replace_op(layer, LayerOp.from_cnn(layer, grid))
        notes = chosen.notes
        if chosen.packing is None and strategy.packing is not None:
            notes.append(PackingOp(strategy.packing))
        known = {type(other) for other in op.ops}
        for note in notes:
            if type(note) not in known:
                op.body.block.add_op(note)
        partly = len(layer_ops(op)) > len(layers)
        for other in [] if partly else others:
            op.body.block.add_op(AlternativeOp(list(other.grids)))


def _strategy(spec: ArgSpec) -> Strategy:
    try:
        return strategy_from_spec(spec)
    except SpatemError as error:
        raise SpatemError(f"partition: {error}") from error


def fall_backs(
    partitions: Sequence[Partition], layers: list[Layer], accelerator: Accelerator, count: int
) -> list[Partition]:
    """The best partition whose cells fit the chip, and up to `count` smaller ones after it.

    Up to the one that gives every tile a crossbar of its own, if any does, and to the smallest
    otherwise; where there are more, their tile counts fall geometrically.  In ascending latency.

    Raises:
        SpatemError: even the smallest partition has more cells than the chip.
    """
    from spatem_ir.passes.partition.partitions import cells_of, tiles_of

    capacity = accelerator.crossbars * accelerator.cells_per_crossbar
    cells_per_weight = [accelerator.cells_per_weight(layer.weight_bits) for layer in layers]
    cells = cells_of(partitions, layers, cells_per_weight)
    fitting = [number for number, needed in enumerate(cells) if needed <= capacity]
    if not fitting:
        needed = -(-min(cells) // accelerator.cells_per_crossbar)
        raise SpatemError(
            f"the network does not fit: its weights need at least {needed} crossbars, "
            f"'{accelerator.name}' has {accelerator.crossbars}"
        )
    all_tiles = tiles_of(partitions, layers)
    tiles = [all_tiles[number] for number in fitting]
    safe = next((n for n, t in enumerate(tiles) if t <= accelerator.crossbars), len(fitting) - 1)
    if safe <= count:
        picked = list(range(safe + 1))
    else:
        ratio = (tiles[safe] / tiles[0]) ** (1 / max(count, 1))
        limits = [tiles[0] * ratio**step for step in range(1, count + 1)]
        smaller = {next((n for n in range(safe) if tiles[n] <= t), safe) for t in limits}
        picked = sorted(smaller | ({0, safe} if count else {0}))
    chosen, *others = (partitions[fitting[number]] for number in picked)
    return [chosen, *sorted(others, key=lambda partition: partition.cycles)]
