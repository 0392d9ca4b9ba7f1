"""Local response normalisation."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, f32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import fail, feature_map, finite, shape_of
from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class LrnOp(UnaryDigitalOp):
    """Local response normalisation across channels (Krizhevsky et al., 2012, section 3.3).

    ``x / (bias + alpha / size · Σ x²)^beta``, the sum over the `size` channels around each one,
    from ⌊(size − 1) / 2⌋ before it to ⌈(size − 1) / 2⌉ after it.
    """

    name = "cnn.lrn"

    size = prop_def(IntegerAttr.constr(i64))
    alpha = prop_def(REAL)
    beta = prop_def(REAL)
    bias = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `size` $size `alpha` custom<Real>($alpha) `beta` custom<Real>($beta) "
        "`bias` custom<Real>($bias) attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        size: int,
        alpha: float,
        beta: float,
        bias: float,
        output: Attribute | None = None,
    ):
        reals = {"alpha": alpha, "beta": beta, "bias": bias}
        properties: dict[str, Attribute | None] = {
            "size": IntegerAttr(size, i64),
            **{name: FloatAttr(value, f32) for name, value in reals.items()},
        }
        super().__init__(sym_name, input, output, properties)

    @property
    def numbers(self) -> dict[str, float]:
        """Its parameters by name; the size is whole."""
        reals = {"alpha": self.alpha, "beta": self.beta, "bias": self.bias}
        return {
            "size": self.size.value.data,
            **{name: real.value.data for name, real in reals.items()},
        }

    def reaches(self) -> tuple[Reach, ...]:
        return (Reach.of_channels(feature_map(self.input), self.size.value.data),)

    def verify_(self) -> None:
        super().verify_()
        if self.size.value.data < 1:
            fail(self, f"has size {self.size.value.data}; it must be at least 1")
        finite(self, "beta")
        if finite(self, "alpha") < 0:
            fail(self, f"has alpha {self.alpha.value.data}; it must not be negative")
        if finite(self, "bias") <= 0:
            fail(self, f"has bias {self.bias.value.data}; it must be positive")


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """LRN."""
    reals = [node.attribute(n, d) for n, d in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0))]
    op = LrnOp(node.name, network.floats(node), node.attribute("size"), *reals)
    return network.append(op, node.name)


def lrn(values: Reals, size: int, alpha: float, beta: float, bias: float) -> Reals:
    """Local response normalisation, x · (bias + alpha / size · Σ x²)^−beta.

    The sum over the `size` channels around each one slides, as in onnxruntime's CPU kernel: it adds
    the square that enters and subtracts the one that leaves, so that its rounding depends on all
    channels before.  The power is rounded once.
    """
    import numpy as np

    channels = values.shape[1]
    before, after = (min(side, channels) for side in ((size - 1) // 2, size // 2))
    padding = [(0, 0), (before, after), *[(0, 0)] * (values.ndim - 2)]
    squares = np.pad(np.float32(alpha) / np.float32(size) * (values * values), padding)
    window = np.full_like(values[:, 0], bias)
    for channel in range(before + 1 + after):
        window += squares[:, channel]
    sums = np.empty_like(values)
    sums[:, 0] = window
    for channel in range(1, channels):
        window += squares[:, channel + before + after]
        window -= squares[:, channel - 1]
        sums[:, channel] = window
    return values * np.power(sums.astype(np.float64), -float(np.float32(beta))).astype(np.float32)


def evaluate(op: LrnOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`lrn`."""
    return computed(op, operands, partial(lrn, **op.numbers))


def export(op: LrnOp, graph: GraphBuilder, operands: list[str]) -> str:
    """LRN on float32; onnxruntime does it on four dimensions only."""
    shape = shape_of(op.input)
    maps = (shape[0], prod(shape[1:]), 1)

    def compute(x: str) -> str:
        wide = x if len(shape) == 3 else graph.reshaped(x, maps)
        result = graph.add("LRN", wide, **op.numbers)
        return result if len(shape) == 3 else graph.reshaped(result, shape)

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(LrnOp, {"LRN": Import(convert)}, evaluate, export)
