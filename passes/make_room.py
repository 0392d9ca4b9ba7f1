"""What `order` does as the last resort where buffers do not suffice (rules R6, R9 and R10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.rewriter import Rewriter

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.homes import HomeOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.spills import SpillOp
from spatem_ir.geometry.network.decided import sums_name
from spatem_ir.geometry.shapes.index_sequence import IndexSequence

if TYPE_CHECKING:
    from collections.abc import Collection

    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.geometry.scheduling.remedies import Remedy


def make_room(module: ModuleOp, stage: PxbStageOp, remedies: Collection[Remedy]) -> bool:
    """Spill feature maps, and let poolings work row by row; whether there was anything to do.

    Homes stay where they are: operators keep the slices that they have.
    """
    before = dataflow_of(module)
    by_rows = dict.fromkeys(remedy.reader for remedy in remedies if remedy.by_rows)
    poolings = [before.by_name[name] for name in by_rows]
    at_port = [HomeOp(sums_name(n.name), IndexSequence.of([0] * len(n.slices))) for n in poolings]
    spills = [SpillOp(remedy.node, remedy.reader) for remedy in remedies if not remedy.by_rows]
    stage.body.block.add_ops([*at_port, *spills])
    keep_slices(stage, before, dataflow_of(module))
    settle_sums(stage, dataflow_of(module), [sums_name(node.name) for node in poolings])
    return bool(remedies)


def keep_slices(stage: PxbStageOp, before: Dataflow, after: Dataflow) -> None:
    """Give operators the slices that they had, where they would have others now."""
    for name, op in stage.home_ops().items():
        node = before.by_name.get(name)
        if node is None:
            node = before.by_name[name.removesuffix(sums_name(""))]
        if after.by_name[name].slices != node.slices:
            Rewriter.replace_op(op, HomeOp(name, op.pes.data, IndexSequence.of(node.slices)))


def settle_sums(stage: PxbStageOp, dataflow: Dataflow, names: Collection[str]) -> None:
    """Put row sums at home where most of what they read is."""
    import numpy as np

    from spatem_ir.geometry.placing.homes import operator_homes
    from spatem_ir.passes.assign import home_sequence

    homes, ops = stage.homes(dataflow), stage.home_ops()
    flat = np.concatenate([homes[node.number].reshape(-1) for node in dataflow.nodes])
    for name in names:
        given = ops[name].given_slices
        slices = None if given is None else IndexSequence.of(given)
        table = operator_homes(dataflow, dataflow.by_name[name], flat)
        Rewriter.replace_op(ops[name], HomeOp(name, home_sequence(table), slices))
