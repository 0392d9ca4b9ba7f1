"""What of an ONNX model is refused: all of it at once, with the nearest thing that works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spatem_ir.operators.onnx_import.tensors import OnnxNode
from spatem_ir.support.errors import SpatemError

NAMED = 3
"""Nodes of an operator that are named; of more the number is said."""

UNSUPPORTED = "this operator is not supported"

CUT = "cut the model in front of it (onnx.utils.extract_model) and leave the rest to the host"

OWN = "a function of elements is one file as an operator of your own, see docs/operators.md"

NEAREST = {
    "a recurrence has no place on the chip: export a fixed number of steps, one behind the other": (
        ("GRU", "LSTM", "Loop", "RNN", "Scan")
    ),
    "its condition depends on the input: export the branch that is taken": ("If",),
    CUT: (
        "Compress",
        "GatherElements",
        "GatherND",
        "MaxRoiPool",
        "NonMaxSuppression",
        "NonZero",
        "OneHot",
        "RoiAlign",
        "ScatterElements",
        "ScatterND",
        "Unique",
    ),
    "crossbars hold constants, so that only one operand of a product may be computed: write it as "
    "MatMul with constant weights": ("Attention", "LinearAttention"),
    "Resize and ConvTranspose work": ("AffineGrid", "Col2Im", "DeformConv", "GridSample"),
    "Mul, ReduceSum and Sqrt work": ("LpPool", "MeanVarianceNormalization"),
    "MatMul with a constant matrix works": ("DFT", "STFT"),
    OWN: (
        *("Acos", "Acosh", "Asin", "Asinh", "Atanh", "Cosh", "Sinh", "Tan"),
        *("Shrink", "Softsign"),
    ),
    "random numbers are no inference: draw them before, as a constant": (
        ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform")
    ),
}
"""What works instead, and for which operators of ONNX."""

OTHER_DOMAIN = (
    "if an optimiser has made it, give the model as it was before; otherwise it is one file as an "
    "operator of your own, see docs/operators.md"
)


def unsupported(operator: str) -> str:
    """Why an operator that nobody knows is refused, and what works instead."""
    if "." in operator:
        return f"{UNSUPPORTED}; {OTHER_DOMAIN}"
    nearest = next((text for text, names in NEAREST.items() if operator in names), CUT)
    return f"{UNSUPPORTED}; {nearest}"


class Refusals:
    """The nodes that are refused, and the tensors that are unknown because of them."""

    def __init__(self, file: str):
        self.file = file
        self.reasons: dict[tuple[str, str], list[OnnxNode]] = {}
        self.unknown: set[str] = set()

    def add(self, node: OnnxNode, reason: str) -> None:
        """Refuse a node."""
        self.reasons.setdefault((node.operator, reason), []).append(node)
        self.unknown.update(node.outputs)

    def concerns(self, node: OnnxNode) -> bool:
        """Whether a node reads what is unknown; its own results are unknown then, too."""
        if self.unknown.isdisjoint(node.inputs):
            return False
        self.unknown.update(node.outputs)
        return True

    @contextmanager
    def noting(self, node: OnnxNode) -> Iterator[None]:
        """Refuse a node if what is done with it fails."""
        try:
            yield
        except SpatemError as error:
            self.add(node, str(error).removeprefix(f"{node.file}: {node.label}: "))

    def check(self) -> None:
        """Raise one error for all nodes that are refused.

        Raises:
            SpatemError: there are some.
        """
        if not self.reasons:
            return
        texts = [_text(nodes, reason) for (_, reason), nodes in self.reasons.items()]
        count = sum(map(len, self.reasons.values()))
        head = f"{count} nodes are refused: " if count > 1 else ""
        raise SpatemError(f"{self.file}: {head}{'; '.join(texts)}")


def _text(nodes: list[OnnxNode], reason: str) -> str:
    """Nodes of one operator that are refused for one reason."""
    if len(nodes) == 1:
        return f"{nodes[0].label}: {reason}"
    names = ", ".join(node.own_name for node in nodes[:NAMED])
    more = f", … ({len(nodes)})" if len(nodes) > NAMED else ""
    return f"{nodes[0].operator} {names}{more}: {reason}"
