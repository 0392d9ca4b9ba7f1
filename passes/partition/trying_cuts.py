"""Cuts of a network of which every stage can be deployed: the best ones are tried until one can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.dialects.stages import put_back, stage_module
from spatem_ir.passes.partition.cutting import Units, drop_stages, put_stages
from spatem_ir.passes.partition.deploying import lowering
from spatem_ir.passes.partition.following import following_passes
from spatem_ir.support.errors import DoesNotFitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from xdsl.context import Context
    from xdsl.dialects.builtin import ModuleOp

    Partitioning = Callable[[ModuleOp], None]

Span = tuple[int, int]


def cut_and_partition(
    ctx: Context, module: ModuleOp, share: float, partition: Partitioning
) -> None:
    """Cut a network into as many stages as are best, and partition each, in place.

    Each stage has room on a `share` of the chip by estimate.  One that turns out to have no place,
    or no buffers, with the passes that follow is none; the best cut without it is tried next.

    Raises:
        DoesNotFitError: there is no cut, since units that cannot be cut have no room.
    """
    from spatem_ir.geometry.staging.cuts import best_cuts

    network = network_of(module)
    assert network is not None
    units = Units.of(network)
    costs = units.costs(accelerator_of(module), share)
    found: dict[Span, ModuleOp] = {}
    refused: dict[Span, DoesNotFitError] = {}
    while True:
        try:
            begins = best_cuts(costs, units.begins, refused=refused.keys())
        except DoesNotFitError as error:
            raise min(refused.items(), key=_size, default=((0, 0), error))[1] from error
        put_stages(module, units.names(begins))
        spans = list(zip(begins, [*begins[1:], costs.units], strict=True))
        for number, span in enumerate(spans):
            if span in found:
                continue
            alone = stage_module(module, number)
            try:
                partition(alone)
                check_deployable(ctx, alone.clone())
            except DoesNotFitError as error:
                refused[span] = error
                break
            found[span] = alone
        else:
            break
        drop_stages(module)
    for number, span in enumerate(spans):
        put_back(module, number, found[span])


def check_deployable(ctx: Context, alone: ModuleOp) -> None:
    """Deploy a partitioned stage, with the passes that follow, as far as it takes to know.

    Raises:
        DoesNotFitError: it has no place, or no buffers.
    """
    try:
        for following in lowering(alone, following_passes()):
            if level_of(alone) is Level.OU:
                break
            following.apply(ctx, alone)
    except VerifyException as error:
        raise DoesNotFitError(str(error)) from error


def _size(refused: tuple[Span, DoesNotFitError]) -> int:
    (first, stop), _ = refused
    return stop - first
