"""Delivery of feature maps: at level `ou` a reader gets only what `ou.send` names it for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from spatem_ir.dialects.cnn import DequantizeOp, NetworkOp, OutputOp, PoolOp, ReluOp
from spatem_ir.dialects.cnn_attributes import quantization_of
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.mvm import LayerOp, network_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.geometry.dataflow import Dataflow, Node


class Delivery:
    """Brings operands to the ops that read them; by default, all of them."""

    def __init__(self) -> None:
        self.missing: dict[tuple[Operation, int], list[slice]] = {}

    @staticmethod
    def by_sends(module: ModuleOp) -> Delivery:
        """Delivery of what the module's `ou.send` ops name."""
        dataflow, network = dataflow_of(module), network_of(module)
        assert network is not None
        sent = {
            (node, reader)
            for stage in module.ops
            if isinstance(stage, OuStageOp)
            for node, readers in stage.sends.items()
            for reader in readers
        }
        delivery = Delivery()
        for op, operand, reader in _readers(network, dataflow):
            first = 0
            for source in (dataflow.nodes[number] for number in reader.sources):
                last = first + source.elements
                if (source.name, reader.name) not in sent:
                    delivery.missing.setdefault((op, operand), []).append(slice(first, last))
                first = last
        return delivery

    def received(
        self, op: Operation, operand: int, images: NDArray[np.integer]
    ) -> NDArray[np.integer]:
        """What an op receives as an operand of shape [images, …]; zeros where nothing was sent."""
        missing = self.missing.get((op, operand))
        if missing is None:
            return images
        received = images.reshape(len(images), -1).copy()
        for elements in missing:
            received[:, elements] = 0
        return received.reshape(images.shape)


def _readers(network: NetworkOp, dataflow: Dataflow) -> Iterator[tuple[Operation, int, Node]]:
    """The operands that the chip delivers: op, number of the operand, and the node that reads."""
    outputs = iter(dataflow.outputs)
    for op in network.body.block.ops:
        match op:
            case LayerOp() | PoolOp() | ReluOp():
                yield op, 0, dataflow.by_name[op.sym_name.data]
            case DequantizeOp():
                yield op, 0, next(outputs)
            case OutputOp():
                for number, value in enumerate(op.outputs):
                    if quantization_of(value.type) is not None:
                        yield op, number, next(outputs)
