"""Weights of networks in blocks: seeded, of stated distributions, or trained ones from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.geometry.writing.blocks import BlockShape, Codes, Ints
    from spatem_ir.study.gao.networks import MatrixLayer

WEIGHT_BITS = 8

LARGEST = 127
"""The largest code; the largest weight of a layer gets it."""

Draw = Callable[[np.random.Generator, tuple[int, int]], NDArray[np.floating]]

DISTRIBUTIONS: dict[str, Draw] = {
    "gaussian": lambda draw, shape: draw.standard_normal(shape, np.float32),
    "laplace": lambda draw, shape: draw.laplace(size=shape),
    "student": lambda draw, shape: draw.standard_t(5, shape),
}
"""Real weights by name; Student's t, of 5 degrees of freedom, has tails like trained weights."""

LAYOUTS = ("bit-plane", "weight-major")
"""Neighbouring bitlines hold the same bit of neighbouring filters, or the bits of one weight."""

CHUNK_WEIGHTS = 1 << 21
"""Weights whose bits are in memory at once."""


@dataclass(frozen=True)
class WeightSource:
    """Where weights come from: a distribution, and trained matrices that replace drawn ones.

    `trained` are real matrices [rows, columns], taken in order by layers of their size.
    """

    distribution: str = "student"
    trained: tuple[NDArray[np.floating], ...] = ()

    def matrices(self, layers: Sequence[MatrixLayer]) -> Iterator[tuple[int, NDArray[np.int8]]]:
        """The codes of each matrix, [rows, columns], with the number of its layer."""
        left = list(self.trained)
        for number, layer in enumerate(layers):
            draw = np.random.default_rng(number)
            size = (layer.rows, layer.columns)
            for _ in range(layer.matrices):
                own = next((k for k, each in enumerate(left) if each.shape == size), None)
                if own is None:
                    yield number, quantized(DISTRIBUTIONS[self.distribution](draw, size))
                else:
                    yield number, quantized(left.pop(own))


def quantized(weights: NDArray[np.floating]) -> NDArray[np.int8]:
    """Codes of 8 bits with one scale for the layer."""
    scale = np.abs(weights).max() / LARGEST
    return np.rint(weights / (scale or 1.0)).astype(np.int8)


def trained_matrices(path: str) -> tuple[NDArray[np.floating], ...]:
    """The weights of convolutions and matrix products of an ONNX file, as [rows, columns].

    Raises:
        SpatemError: the file cannot be read.
    """
    import onnx
    from onnx.numpy_helper import to_array

    try:
        model = onnx.load(path)
    except Exception as error:
        raise SpatemError(f"{path}: not a readable ONNX file: {error}") from error
    values = {each.name: to_array(each) for each in model.graph.initializer}
    found = []
    for node in model.graph.node:
        weights = values.get(node.input[1]) if len(node.input) > 1 else None
        if weights is None:
            continue
        if node.op_type == "Conv":
            found.append(weights.reshape(len(weights), -1).T)
        elif node.op_type in ("MatMul", "Gemm") and weights.ndim == 2:
            is_transposed = any(a.name == "transB" and a.i for a in node.attribute)
            found.append(weights.T if is_transposed else weights)
    return tuple(found)


class NetworkBlocks(NamedTuple):
    """All blocks of a network in its order: codes, and the layer of each."""

    codes: Codes
    layers: Ints


def network_blocks(
    layers: Sequence[MatrixLayer], source: WeightSource, shape: BlockShape, layout: str
) -> NetworkBlocks:
    """The weights of a network in blocks of single-bit cells.

    Blocks follow each other by row of blocks, then by columns; in `bit-plane` the bits of the same
    weights are neighbours.  What is left of a block that a matrix does not fill are zeros.
    """
    codes, owners = [], []
    for number, matrix in source.matrices(layers):
        step = max(1, CHUNK_WEIGHTS // matrix.shape[1] // shape.rows) * shape.rows
        for first in range(0, len(matrix), step):
            codes.append(shape.coded(_bits(matrix[first : first + step], shape, layout)))
            owners.append(np.full(len(codes[-1]), number))
    return NetworkBlocks(np.concatenate(codes), np.concatenate(owners))


def _bits(matrix: NDArray[np.int8], shape: BlockShape, layout: str) -> NDArray[np.uint8]:
    """The bits of a matrix in blocks: [blocks, rows, columns], the lowest bit first."""
    per_block = shape.columns if layout == "bit-plane" else shape.columns // WEIGHT_BITS
    rows, columns = matrix.shape
    missing = ((0, -rows % shape.rows), (0, -columns % per_block))
    whole = np.pad(matrix, missing).view(np.uint8)
    parts = whole.reshape(len(whole) // shape.rows, shape.rows, -1, per_block)
    bits = (parts[..., None] >> np.arange(WEIGHT_BITS, dtype=np.uint8)) & np.uint8(1)
    order = (0, 2, 4, 1, 3) if layout == "bit-plane" else (0, 2, 1, 3, 4)
    return bits.transpose(order).reshape(-1, shape.rows, shape.columns)
