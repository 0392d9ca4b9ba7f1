"""Where blocks of weights sit, by the tables of stages."""

from __future__ import annotations

import numpy as np

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.mapping import mapping_op, stage_blocks
from spatem_ir.dialects.places import StageOp
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore


def moved_blocks(
    stage: StageOp, store: ParameterStore
) -> dict[tuple[int, int, int], tuple[int, int]]:
    """Where blocks are that would be at (crossbar, wordline, bitline): (wordline, bitline).

    Raises:
        VerifyException: the table is not one of this stage's blocks.
        SpatemError: the file of the table is missing, or not the one that the IR states.
    """
    op = mapping_op(stage)
    if op is None:
        return {}
    table = store.values(op.slots).astype(np.int64)
    try:
        return stage_blocks(stage).moved(table)
    except SpatemError as error:
        fail(op, str(error))
