"""Dialects and passes of this package, as lazy factories found through `xdsl.universe`.

The `hw` dialect is not in the universe, because xDSL ships a dialect of that name (CIRCT's) and a
universe must not define a name twice: :func:`register_dialects` puts ours in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.universe import Universe

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from xdsl.context import Context
    from xdsl.ir import Dialect
    from xdsl.passes import ModulePass


def _hw() -> Dialect:
    from spatem_ir.dialects.hw import HW

    return HW


def _cnn() -> Dialect:
    from spatem_ir.operators.core.register import cnn_dialect

    return cnn_dialect()


def _mvm() -> Dialect:
    from spatem_ir.dialects.spreads import MVM

    return MVM


def _vxb() -> Dialect:
    from spatem_ir.dialects.vxb import VXB

    return VXB


def _pxb() -> Dialect:
    from spatem_ir.dialects.pxb import PXB

    return PXB


def _ou() -> Dialect:
    from spatem_ir.dialects.ou import OU

    return OU


def _remove_identities() -> type[ModulePass]:
    from spatem_ir.passes.remove_identities import RemoveIdentitiesPass

    return RemoveIdentitiesPass


def _sink_transposes() -> type[ModulePass]:
    from spatem_ir.passes.sink_transposes import SinkTransposesPass

    return SinkTransposesPass


def _fold_batch_norm() -> type[ModulePass]:
    from spatem_ir.passes.fold_batch_norm import FoldBatchNormPass

    return FoldBatchNormPass


def _join_functions() -> type[ModulePass]:
    from spatem_ir.passes.join_functions import JoinFunctionsPass

    return JoinFunctionsPass


def _fold_scales() -> type[ModulePass]:
    from spatem_ir.passes.fold_scales import FoldScalesPass

    return FoldScalesPass


def _fold_clips() -> type[ModulePass]:
    from spatem_ir.passes.fold_clips import FoldClipsPass

    return FoldClipsPass


def _tabulate() -> type[ModulePass]:
    from spatem_ir.passes.tabulate import TabulatePass

    return TabulatePass


def _calibrate() -> type[ModulePass]:
    from spatem_ir.frontend.calibrate import CalibratePass

    return CalibratePass


def _quantize() -> type[ModulePass]:
    from spatem_ir.passes.quantize.quantize import QuantizePass

    return QuantizePass


def _fuse_quantization() -> type[ModulePass]:
    from spatem_ir.passes.fuse_quantization import FuseQuantizationPass

    return FuseQuantizationPass


def _remove_dead_positions() -> type[ModulePass]:
    from spatem_ir.passes.dead_positions.remove_dead_positions import RemoveDeadPositionsPass

    return RemoveDeadPositionsPass


def _partition() -> type[ModulePass]:
    from spatem_ir.passes.partition.partition import PartitionPass

    return PartitionPass


def _pack() -> type[ModulePass]:
    from spatem_ir.passes.pack import PackPass

    return PackPass


def _synchronize() -> type[ModulePass]:
    from spatem_ir.passes.synchronize import SynchronizePass

    return SynchronizePass


def _assign() -> type[ModulePass]:
    from spatem_ir.passes.assign import AssignPass

    return AssignPass


def _map_weights() -> type[ModulePass]:
    from spatem_ir.passes.map_weights import MapWeightsPass

    return MapWeightsPass


def _order() -> type[ModulePass]:
    from spatem_ir.passes.order import OrderPass

    return OrderPass


def _expand_ou() -> type[ModulePass]:
    from spatem_ir.passes.expand_ou import ExpandOuPass

    return ExpandOuPass


def _verify_deployment() -> type[ModulePass]:
    from spatem_ir.passes.verify_deployment import VerifyDeploymentPass

    return VerifyDeploymentPass


SPATEM_UNIVERSE = Universe(
    all_dialects={"cnn": _cnn, "mvm": _mvm, "vxb": _vxb, "pxb": _pxb, "ou": _ou},
    all_passes={
        "remove-identities": _remove_identities,
        "sink-transposes": _sink_transposes,
        "fold-batch-norm": _fold_batch_norm,
        "calibrate": _calibrate,
        "quantize": _quantize,
        "fuse-quantization": _fuse_quantization,
        "join-functions": _join_functions,
        "fold-scales": _fold_scales,
        "fold-clips": _fold_clips,
        "tabulate": _tabulate,
        "remove-dead-positions": _remove_dead_positions,
        "partition": _partition,
        "pack": _pack,
        "assign": _assign,
        "map-weights": _map_weights,
        "synchronize": _synchronize,
        "order": _order,
        "expand-ou": _expand_ou,
        "verify-deployment": _verify_deployment,
    },
)


def register_dialects(context: Context) -> None:
    """Register the dialects of every installed universe, with our `hw` in place of xDSL's.

    Raises:
        SpatemError: two installed packages define a dialect or pass of the same name.
    """
    try:
        dialects = {**Universe.get_multiverse().all_dialects, "hw": _hw}
    except ValueError as error:
        raise SpatemError(f"installed packages clash: {error}; uninstall one of them") from error
    for name, factory in dialects.items():
        context.register_dialect(name, factory)
