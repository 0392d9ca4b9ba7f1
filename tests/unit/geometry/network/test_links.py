"""Which positions of a producer are read by which of a reader, against reads element by element."""

from __future__ import annotations

import numpy as np
import pytest
from unit.passes.deployed import parsed

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.geometry.network.dataflow import Dataflow, Node
from spatem_ir.geometry.network.links import link


def dataflow(body: str, shape: str) -> Dataflow:
    return dataflow_of(
        parsed(f"""
        cnn.network @net(%x: tensor<{shape}xui4>) {{
          {body}
        }}""")
    )


FOCUS = """
  %r0 = cnn.gather %x dimension 1 indices 0 to 8 step 2 : tensor<2x8x6xui4> -> tensor<2x4x6xui4>
  %r1 = cnn.gather %x dimension 1 indices 1 to 9 step 2 : tensor<2x8x6xui4> -> tensor<2x4x6xui4>
  %c = cnn.concat %r0, %r1 : tensor<2x4x6xui4>, tensor<2x4x6xui4> -> tensor<4x4x6xui4>
  %p = cnn.max_pool @p %c <2x2> : tensor<4x4x6xui4> -> tensor<4x3x5xui4>
  cnn.output %p : tensor<4x3x5xui4>"""

TRANSPOSED = """
  %t = cnn.transpose %x [2, 1, 0] : tensor<2x8x6xui4> -> tensor<6x8x2xui4>
  %p = cnn.max_pool @p %t <2x1> : tensor<6x8x2xui4> -> tensor<6x7x2xui4>
  cnn.output %p : tensor<6x7x2xui4>"""

ROWS = """
  %t = cnn.flatten %x : tensor<2x8x6xui4> -> tensor<2x2x24xui4>
  %p = cnn.max_pool @p %t <1x3, strides 1x2> : tensor<2x2x24xui4> -> tensor<2x2x11xui4>
  cnn.output %p : tensor<2x2x11xui4>"""

VECTOR = """
  %t = cnn.flatten %x : tensor<2x8x6xui4> -> tensor<96xui4>
  %h = cnn.gather %t dimension 0 indices 0 to 50 : tensor<96xui4> -> tensor<50xui4>
  %p = cnn.relu @p %h : tensor<50xui4> -> tensor<50xui4>
  cnn.output %p : tensor<50xui4>"""


@pytest.mark.parametrize("body", [FOCUS, TRANSPOSED, ROWS, VECTOR])
def test_views(body: str) -> None:
    """Every element of the operand counts, and nothing else does."""
    flow = dataflow(body, "2x8x6")
    source, reader = (next(n for n in flow.nodes if n.name == name) for name in ("input", "p"))
    first, last = np.full(source.positions, reader.positions), np.full(source.positions, -1)
    highest = np.full(reader.positions, -1)
    for position, read in enumerate(reads(reader)):
        for element in read.tolist():
            at = element % source.positions
            first[at], last[at] = min(first[at], position), max(last[at], position)
            highest[position] = max(highest[position], at)
    found = link(flow, source, reader)
    assert found.last.tolist() == last.tolist()
    assert found.first.tolist() == first.tolist()
    assert found.highest.tolist() == highest.tolist()


def reads(reader: Node) -> list[np.ndarray]:
    """The elements of its source that each position of a node reads."""
    operand, (reach,) = reader.operands[0], reader.reaches
    order = operand.order
    elements = np.arange(reach.channels.extent * operand.positions) if order is None else order
    by_position = elements.reshape(-1, operand.positions)
    return [np.unique(by_position[:, read[read >= 0]]) for read in reach.positions()]
