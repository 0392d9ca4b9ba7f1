"""Delivery of feature maps: at level `ou` a reader gets only what `ou.send` names it for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from spatem_ir.dialects.dataflow import dataflow_of, delivered_operands
from spatem_ir.dialects.ou import OuStageOp


class Delivery:
    """Brings operands to the ops that read them; by default, all of them."""

    def __init__(self) -> None:
        self.missing: dict[tuple[Operation, int], NDArray[np.bool_]] = {}

    @staticmethod
    def by_sends(module: ModuleOp) -> Delivery:
        """Delivery of what the module's `ou.send` ops name."""
        nodes = dataflow_of(module).nodes
        sent = {
            (node, reader)
            for stage in module.ops
            if isinstance(stage, OuStageOp)
            for node, readers in stage.sends.items()
            for reader in readers
        }
        delivery = Delivery()
        for op, number, reader, operand in delivered_operands(module):
            sources = [nodes[source] for source in operand.sources]
            absent = [(source.name, reader.name) not in sent for source in sources]
            if any(absent):
                missing = np.repeat(absent, [source.elements for source in sources])
                delivery.missing[op, number] = (
                    missing if operand.order is None else missing[operand.order]
                )
        return delivery

    def received(
        self, op: Operation, operand: int, images: NDArray[np.integer]
    ) -> NDArray[np.integer]:
        """What an op receives as an operand of shape [images, …]; zeros where nothing was sent."""
        missing = self.missing.get((op, operand))
        if missing is None:
            return images
        received = images.reshape(len(images), -1).copy()
        received[:, missing] = 0
        return received.reshape(images.shape)
