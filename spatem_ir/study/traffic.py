"""Which layer's partial sums make the traffic: what each layer sends to homes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.dialects.stages import stage_modules
from spatem_ir.geometry.placing import traffic

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


def partial_sum_bytes(module: ModuleOp) -> dict[str, int]:
    """Bytes of partial sums that each layer injects into the network for one image, by name.

    `module` is at level `pxb` or `ou`; its stages send one after the other.
    """
    return {name: sent for stage in stage_modules(module) for name, sent in _sent(stage).items()}


def _sent(module: ModuleOp) -> dict[str, int]:
    """The same of a module with one stage."""
    accelerator, dataflow = accelerator_of(module), dataflow_of(module)
    (stage,) = (op for op in module.ops if isinstance(op, PxbStageOp))
    placements, homes = stage.placements(), stage.homes(dataflow)
    return {
        node.name: traffic.partial_sum_bytes(
            node, placements[node.name], homes[node.number], accelerator
        )
        for node in dataflow.layers
    }
