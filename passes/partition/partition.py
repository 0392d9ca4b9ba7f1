"""The `partition` pass: cuts every weight layer into MVM tiles (level `cnn` to level `mvm`)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.arg_spec import ArgSpec

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import AlternativeOp, layer_ops
from spatem_ir.dialects.stages import is_staged, mvm_stages
from spatem_ir.passes.dead_positions.remove_dead_positions import RemoveDeadPositionsPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.cutting import put_stages, stage_names
from spatem_ir.passes.partition.deploying import put_partition
from spatem_ir.passes.partition.fall_backs import MOST_FALL_BACKS, fall_backs
from spatem_ir.passes.partition.large_layers import cut_large_layers
from spatem_ir.passes.partition.register import (
    DEFAULT_STRATEGY,
    STAND_IN,
    default_strategy,
    strategy_from_spec,
    strategy_spec,
    strategy_type,
)
from spatem_ir.passes.partition.strategy import Problem, Strategy
from spatem_ir.passes.partition.trying_cuts import cut_and_partition
from spatem_ir.passes.stagewise import StagewisePass
from spatem_ir.support.errors import DoesNotFitError, SpatemError
from spatem_ir.support.messages import current_messages

AUTO = "auto"
"""The option `stages`: as many as are best, one where the network has room on the chip."""

SHARES = (1.0, 0.75, 0.5, 0.25)
"""Of the chip, which stages use at most: the first with which each has room."""


@dataclass(frozen=True)
class PartitionPass(StagewisePass):
    """Cuts the network into stages, if need be, and chooses a grid for every weight layer.

    Positions that nobody reads are removed first (`remove-dead-positions`).  Each stage is
    partitioned by itself, for the whole chip.

    In a pipeline, whatever is no option of the pass is an option of its strategy:
    ``partition{strategy=spatem deal=blocks}``.

    Options:
        strategy: a strategy, or its name, which options may follow (``spatem{deal=blocks}``);
            `search` where none is named, or where that cannot run here, which is told then,
            `first-deployable`.  One that cuts for a packing of its own leaves a note for `pack`
            (`mvm.packing`).
        alternatives: how many further partitions, slower but smaller, are left for `pack` to fall
            back on as `mvm.alternative`; none if some layers were partitioned before.
        stages: how many stages of weights the network is cut into: `auto` (one, if it has room on
            the chip, otherwise as many as are best), or a number; where the module says where
            stages begin (`mvm.stage`), they are these.
    """

    name = "partition"

    strategy: Strategy | str | None = None
    alternatives: int = MOST_FALL_BACKS
    stages: str | int = AUTO

    def __post_init__(self) -> None:
        if self.stages != AUTO and not (isinstance(self.stages, int) and self.stages > 0):
            raise SpatemError(
                f"partition: stages is {self.stages}; it must be '{AUTO}' or at least 1"
            )
        if self.alternatives < 0:
            raise SpatemError(
                f"partition: alternatives is {self.alternatives}; it must be at least 0"
            )

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
        others = {name: value for name, value in parameters.items() if name not in own}
        if made.strategy is None and not others:
            return made
        named = DEFAULT_STRATEGY if made.strategy is None else made.strategy
        assert isinstance(named, str)
        return replace(made, strategy=_strategy(ArgSpec(named, others)))

    def spec(self, *, include_default: bool = False) -> ArgSpec:
        """What a pipeline says of the pass."""
        if self.strategy is None:
            return super().spec(include_default=include_default)
        strategy = self.chosen_strategy.spec(include_default=include_default)
        own = replace(self, strategy=strategy.name)
        parameters = super(PartitionPass, own).spec(include_default=include_default).parameters
        return ArgSpec(self.name, parameters | strategy.parameters)

    @property
    def chosen_strategy(self) -> Strategy:
        """The strategy with its options, the one that is used where none is named.

        Raises:
            SpatemError: there is no such strategy, it has no such option, or a value is wrong.
        """
        if isinstance(self.strategy, Strategy):
            return self.strategy
        return _strategy(strategy_spec(self.strategy or default_strategy()))

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if not any(isinstance(layer, ConvOp | DenseOp | LocalOp) for layer in op.walk()):
            raise SpatemError("partition: the module holds no cnn.conv, cnn.local or cnn.dense")
        RemoveDeadPositionsPass().apply(ctx, op)
        for layer in layers_of(op):
            if is_floating(layer.input):
                raise SpatemError(
                    f"partition: {layer.name} @{layer.sym_name.data} works on float32; run "
                    "quantize first"
                )
        if is_staged(op):
            self.check_stages(op)
        elif self.stages == AUTO:
            self.cut_if_need_be(ctx, op)
            return
        elif self.stages != 1:
            cut_large_layers(layers_of(op), accelerator_of(op), 1.0)
            put_stages(op, stage_names(op, int(self.stages)))
        super().apply(ctx, op)

    def cut_if_need_be(self, ctx: Context, module: ModuleOp) -> None:
        """Partition a network that has room on the chip as one stage, and cut any other.

        Stages are those of the best cut with places and buffers for each.  They may use less and
        less of the chip until there is one, as the strategy needs it.

        Raises:
            DoesNotFitError: a part of the network that cannot be cut has no room.
        """
        whole = module.clone()
        try:
            self.apply_to_stage(ctx, whole)
            check_places(ctx, whole)
        except DoesNotFitError:
            pass
        else:
            replace_body(module, whole)
            return
        refused: DoesNotFitError | None = None
        for share in SHARES:
            cut = module.clone()
            try:
                cut_large_layers(layers_of(cut), accelerator_of(cut), share)
                cut_and_partition(ctx, cut, share, lambda alone: self.apply_to_stage(ctx, alone))
            except DoesNotFitError as error:
                refused = refused or error
            else:
                replace_body(module, cut)
                return
        assert refused is not None
        raise refused

    def check_stages(self, module: ModuleOp) -> None:
        """Check that a module has as many stages as there are to be.

        Raises:
            SpatemError: it has not.
        """
        given = len(mvm_stages(module))
        if self.stages not in (AUTO, given):
            raise SpatemError(
                f"partition: stages is {self.stages}, the module has {given} (mvm.stage); leave "
                "the option or these ops out"
            )

    def apply_to_stage(self, ctx: Context, op: ModuleOp) -> None:
        from spatem_ir.weights.store import current_store
        from spatem_ir.weights.sums import check_sum_bits

        layers = layers_of(op)
        accelerator = accelerator_of(op)
        for layer in layers:
            check_sum_bits(layer, accelerator, current_store())
        lacking = strategy_type(DEFAULT_STRATEGY).lacks()
        if self.strategy is None and lacking is not None:
            current_messages().note(
                f"the usual strategy, {DEFAULT_STRATEGY}, needs {lacking}; without it, "
                f"{STAND_IN} takes any deployment that is possible, which may be much slower"
            )
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
        put_partition(op, chosen.packed(strategy.packing))
        partly = len(layer_ops(op)) > len(layers)
        for other in [] if partly else others:
            op.body.block.add_op(AlternativeOp(list(other.grids)))


def layers_of(module: ModuleOp) -> list[ConvOp | DenseOp | LocalOp]:
    """The weight layers of a module that have no grid yet, in network order."""
    return [layer for layer in module.walk() if isinstance(layer, ConvOp | DenseOp | LocalOp)]


def check_places(ctx: Context, module: ModuleOp) -> None:
    """Check that `pack` finds places for all tiles, as it does where there is a crossbar for each.

    Raises:
        DoesNotFitError: it does not.
    """
    layers = layer_ops(module)
    choices = [[layer.grid.data for layer in layers]]
    choices += [[g.data for g in op.grids] for op in module.ops if isinstance(op, AlternativeOp)]
    fewest = min(
        sum(grid.tiles(layer.layer) for grid, layer in zip(grids, layers, strict=True))
        for grids in choices
    )
    if fewest > accelerator_of(module).crossbars:
        PackPass().apply_to_stage(ctx, module.clone())


def replace_body(module: ModuleOp, other: ModuleOp) -> None:
    """Let a module hold what another one holds, which is empty afterwards."""
    for op in list(module.ops):
        op.detach()
        op.erase()
    for op in list(other.ops):
        op.detach()
        module.body.block.add_op(op)


def _strategy(spec: ArgSpec) -> Strategy:
    try:
        return strategy_from_spec(spec)
    except SpatemError as error:
        raise SpatemError(f"partition: {error}") from error
