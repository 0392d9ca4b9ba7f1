"""How long nodes on constants take, found from sizes before they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt, prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.tensors import OnnxNode

MOST_PAIRS = 1 << 26
"""Elements times elements that a constant operator of :data:`COMBINING` brings together."""

MOST_PRODUCTS = 1 << 36
"""Products of the largest product of constant matrices."""

COMBINING = frozenset(
    [
        "Attention",
        "AveragePool",
        "CausalConvWithState",
        "Col2Im",
        "Conv",
        "ConvInteger",
        "ConvTranspose",
        "DFT",
        "DeformConv",
        "Einsum",
        "GRU",
        "GridSample",
        "LSTM",
        "LinearAttention",
        "LpPool",
        "MatMulInteger",
        "MaxPool",
        "MaxRoiPool",
        "MaxUnpool",
        "NonMaxSuppression",
        "QLinearConv",
        "QLinearMatMul",
        "RNN",
        "RoiAlign",
        "STFT",
    ]
)
"""Operators whose results read many elements, which ONNX's reference looks at one by one."""

PRODUCTS = frozenset(["Gemm", "MatMul"])
"""Products of matrices, which numpy computes fast."""


def check_work(node: OnnxNode, operands: Sequence[int], results: Sequence[int]) -> None:
    """Check that a node on constants is computed in reasonable time and memory.

    `operands` and `results` are numbers of elements.  A product of matrices M × K and K × N has
    M · K · N products: the root of the sizes of the three matrices.

    Raises:
        SpatemError: it is not.
    """
    if node.operator in PRODUCTS:
        work, most = isqrt(prod([*operands[:2], *results])), MOST_PRODUCTS
    elif node.operator in COMBINING:
        *_, second, first = sorted([1, 1, *operands])
        window = prod(node.attribute("kernel_shape", [1]))
        work, most = max(first, *results) * max(second, window), MOST_PAIRS
    else:
        return
    if work > most:
        node.fail(f"its operands are constant, and take {work:,} steps; {most:,} are possible")
