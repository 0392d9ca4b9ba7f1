"""Which layers are pooled: their results are read by one pooling and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spatem_ir.dialects.cnn import PoolOp

if TYPE_CHECKING:
    from spatem_ir.dialects.mvm import LayerOp
    from spatem_ir.geometry.shapes.window import Window


def poolings_of(layers: Sequence[LayerOp]) -> dict[str, Window]:
    """The window of the pooling that reads a layer's results, for layers with no other reader."""
    poolings = {}
    for layer in layers:
        readers = [use.operation for use in layer.output.uses]
        if len(readers) == 1 and isinstance(readers[0], PoolOp):
            poolings[layer.sym_name.data] = readers[0].window.data
    return poolings
