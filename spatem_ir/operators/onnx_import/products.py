"""The forms of matrix products: Gemm, and MatMul with stacks of matrices.

All shapes are without the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from spatem_ir.operators.onnx_import.shapes import behind_batch, extents_text

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.tensors import OnnxNode


@dataclass(frozen=True)
class DenseForm:
    """A Gemm or MatMul as alpha · input · matrix + beta · bias.

    The matrix is [inputs, outputs], or `transposed`.
    """

    transposed: bool = False
    alpha: float = 1.0
    beta: float = 1.0


def dense_form(node: OnnxNode, shape: tuple[int, ...]) -> DenseForm:
    """How a Gemm or MatMul on an input of the given shape multiplies."""
    if len(shape) != 1:
        node.fail(
            f"needs a flat input [batch, features], not [batch, {extents_text(shape)}]: flatten it"
        )
    if node.attribute("transA", 0):
        node.fail("has transA, which exchanges the batch with the features")
    return DenseForm(
        bool(node.attribute("transB", 0)), node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    )


@dataclass(frozen=True)
class StackedForm:
    """A MatMul with constant weights as products [rows, features] · [features, outputs].

    There is one for each of `stack` matrices and each of `others`.  `weights` is [features,
    outputs] or [stack, features, outputs], `result` the shape behind the product.
    """

    others: int
    stack: int
    rows: int
    features: int
    outputs: int
    weights: tuple[int, ...]
    result: tuple[int, ...]


def stacked_form(node: OnnxNode, matrix: tuple[int, ...], shape: tuple[int, ...]) -> StackedForm:
    """How a MatMul with constant weights of shape `matrix` multiplies an input of `shape`."""
    *stack, features, outputs = matrix if len(matrix) > 1 else (*matrix, 1)
    while stack and stack[0] == 1:
        stack = stack[1:]
    *leading, rows, _ = shape if len(shape) > 1 else (1, *shape)
    others = leading[: len(leading) - len(stack)]
    if leading != [*others, *stack]:
        node.fail(
            f"multiplies [batch, {extents_text(shape)}] by weights [{extents_text(matrix)}]; a "
            "stack of matrices must fit the dimensions behind the batch"
        )
    result = behind_batch(shape[:-1] if len(matrix) == 1 else (*shape[:-1], outputs))
    matrices = (prod(stack),) if stack else ()
    return StackedForm(
        others=prod(others),
        stack=prod(stack),
        rows=rows,
        features=features,
        outputs=outputs,
        weights=(*matrices, features, outputs),
        result=result,
    )
