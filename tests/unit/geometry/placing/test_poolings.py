"""Poolings over a whole map: of row sums where no PE is then busy for as long."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest

from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.network.decided import over_sums, row_sums
from spatem_ir.geometry.placing.poolings import Homes, busiest, pooled_by_rows
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.geometry.shapes.window import Axis
from spatem_ir.hardware.loader import load_accelerator

ISAAC = load_accelerator("isaac-ou")
SIDE = 6


def network(by_rows: Collection[str]) -> Dataflow:
    """Means of two channels of an input of 6 x 6."""
    source = Node(0, "x", NodeKind.INPUT, (2, SIDE, SIDE), 8, slices=(0,))
    whole = Axis(SIDE, 1, kernel=SIDE)
    reach = Reach(Axis(2, 2), whole, whole)
    operand = Operand((0,), source.shape)
    mean = Node(1, "p", NodeKind.POOL, (2, 1, 1), 8, (0, 1), (operand,), (reach,))
    if "p" not in by_rows:
        return Dataflow((source, mean))
    sums = row_sums(mean, 1, 32, mean.slices)
    read = Operand((1,), sums.shape)
    mean = Node(2, "p", NodeKind.POOL, (2, 1, 1), 8, (0, 1), (read,), over_sums(mean))
    return Dataflow((source, sums, mean))


@pytest.mark.parametrize(
    ("rows_at", "is_by_rows"), [(np.arange(12), True), (np.zeros(12, np.int64), False)]
)
def test_row_sums_are_made_where_they_are_shared_by_pes(
    rows_at: np.ndarray, is_by_rows: bool
) -> None:
    """A PE sums up 36 values of a channel; or 6 of a row in each of 12 PEs, and then 6 rows."""

    def homes_of(dataflow: Dataflow) -> Homes:
        homes = {"p": np.array([[0], [1]])}
        if "p.sums" in dataflow.by_name:
            homes["p.sums"] = rows_at.reshape(2, 6)
        return homes

    dataflow, homes = pooled_by_rows(network([]), network, homes_of, ISAAC)
    assert ("p.sums" in homes) == ("p.sums" in dataflow.by_name) == is_by_rows
    assert busiest(network([]), "p", homes_of(network([])), ISAAC) == 36
    by_rows = network(["p"])
    expected = 6 if is_by_rows else 72
    assert busiest(by_rows, "p.sums", homes_of(by_rows), ISAAC) == expected
