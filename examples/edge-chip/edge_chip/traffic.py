"""How many bytes the contents of PEs send to each other, as read off level `pxb`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of, module_of
from spatem_ir.dialects.pxb import HOMELESS, PxbStageOp
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.safety.buffer_needs import piece_bytes
from spatem_ir.geometry.shapes.window import PADDING

Ints = NDArray[np.int64]


def traffic_of(stage: PxbStageOp) -> NDArray[np.float64]:
    """Bytes of one image from the contents of each PE to those of each: shape [PEs + 1, PEs + 1].

    Partial sums go home, and every piece goes from home to all PEs that read it, in a packet for
    each.  The last row and column are the chip's port: it sends the input and reads the outputs.
    """
    accelerator, dataflow = accelerator_of(stage), dataflow_of(module_of(stage))
    port, homes, placements = accelerator.pes, stage.homes(dataflow), stage.placements()
    for node in dataflow.nodes:
        if node.kind in HOMELESS:
            homes[node.number][:] = port
    sum_bytes = accelerator.components.accumulation.sum_bytes
    traffic = np.zeros((port + 1, port + 1))
    reads = []
    for node in dataflow.nodes:
        home = homes[node.number]
        if node.kind is NodeKind.LAYER:
            placed = placements[node.name]
            pes = placed.crossbars // accelerator.crossbars_per_pe
            reads += layer_reads(dataflow, node, placed.tiles, pes)
            for pe, part, positions in layer_sums(node, placed.tiles, pes):
                size = sum_bytes * node.slice_channels(part)
                np.add.at(traffic[pe], home[part, positions], size)
        elif node.kind is not NodeKind.INPUT:
            reads += operator_reads(dataflow, node, home)
    numbers = [(pieces * len(traffic) + pes).reshape(-1) for pieces, pes in reads]
    pieces, pes = np.divmod(np.unique(np.concatenate(numbers)), len(traffic))
    sources = np.concatenate([homes[node.number].reshape(-1) for node in dataflow.nodes])
    np.add.at(traffic, (sources[pieces], pes), piece_bytes(dataflow)[pieces])
    np.fill_diagonal(traffic, 0)
    return traffic


def layer_reads(
    dataflow: Dataflow, node: Node, tiles: Ints, pes: Ints
) -> Iterator[tuple[Ints, int]]:
    """The pieces (or padding) that tiles of a layer read, and the PE in which they do."""
    layer, grid = node.partitioned
    at = grid.coordinates(tiles)
    pieces = np.append(dataflow.operand_pieces(node), PADDING)
    for matrix in range(grid.matrices(layer)):
        operands = pieces[grid.operand_elements(layer, matrix)]
        readers = np.stack([at.copy, at.row, pes])[:, at.matrix == matrix]
        for copy, row, pe in np.unique(readers, axis=1).T.tolist():
            windows, rows = grid.copy_windows(layer, copy), grid.operand_part(row)
            yield np.unique(operands[windows, rows]), pe


def operator_reads(dataflow: Dataflow, node: Node, home: Ints) -> Iterator[tuple[Ints, Ints]]:
    """The pieces (or padding) that each slice of a digital operator or output reads, and where."""
    pieces = np.append(dataflow.operand_pieces(node), PADDING)
    for part, pes in enumerate(home):
        yield pieces[node.operand_windows(part)], pes[:, None]


def layer_sums(node: Node, tiles: Ints, pes: Ints) -> Iterator[tuple[int, int, Ints]]:
    """PEs with tiles of a layer, the slices to which these add, and the positions."""
    layer, grid = node.partitioned
    at = grid.coordinates(tiles)
    senders = np.unique(np.stack([at.matrix, at.copy, at.column, pes]), axis=1).T
    for matrix, copy, column, pe in senders.tolist():
        positions = layer.window_positions(matrix)[grid.copy_windows(layer, copy)]
        yield pe, grid.slice_of(layer, matrix, column), positions
