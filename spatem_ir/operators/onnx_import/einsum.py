"""Einstein sums over an activation and constant weights, as products of matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.tensors import OnnxNode


@dataclass(frozen=True)
class EinsteinSum:
    """The sum over the labels that activation and weights share and the result has not.

    Labels of the activation and of the result are those behind the batch.
    """

    activation: str
    weights: str
    result: str

    @staticmethod
    def of(node: OnnxNode, weights_at: int) -> EinsteinSum:
        """That of an Einsum whose operand `weights_at`, 0 or 1, is constant.

        Raises:
            SpatemError: it is no product of matrices.
        """
        equation = str(node.attribute("equation", "")).replace(" ", "")
        operands, arrow, result = equation.partition("->")
        terms = operands.split(",")
        if not arrow or len(terms) != 2 or "." in equation:
            node.fail(f"has the equation '{equation}'; one like 'nij,jk->nik' is supported")
        activation, weights = terms[1 - weights_at], terms[weights_at]
        if any(len(set(term)) < len(term) for term in (activation, weights, result)):
            node.fail(f"has the equation '{equation}', in which a label stands twice in a term")
        batch = activation[:1]
        if not batch or result[:1] != batch or batch in weights:
            node.fail(f"has the equation '{equation}', whose result has the batch not in front")
        single = set(activation) - set(weights) - set(result)
        single |= set(weights) - set(activation) - set(result)
        if single:
            node.fail(f"has the equation '{equation}', which sums over '{min(single)}' of one term")
        return EinsteinSum(activation[1:], weights, result[1:])

    @property
    def stack(self) -> str:
        """The labels for each of whose values there is a product."""
        shared = (label for label in self.activation if label in self.weights)
        return "".join(label for label in shared if label in self.result)

    @property
    def rows(self) -> str:
        """The labels of the activation alone."""
        return "".join(label for label in self.activation if label not in self.weights)

    @property
    def summed(self) -> str:
        """The labels that are summed over."""
        return "".join(label for label in self.weights if label not in self.result)

    @property
    def columns(self) -> str:
        """The labels of the weights alone."""
        return "".join(label for label in self.weights if label not in self.activation)
