"""Products of two tensors."""

from __future__ import annotations

from operator import mul as multiply
from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.checks import quantized, works_on_codes
from spatem_ir.dialects.cnn.operators import ElementwiseOp
from spatem_ir.operators.affine import from_stated_codes, with_constants
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.integer_add import integers
from spatem_ir.operators.integer_mul import IntegerMulOp
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value
from spatem_ir.operators.step import StepOp

if TYPE_CHECKING:
    from spatem_ir.dialects.cnn.attributes import Quantization
    from spatem_ir.numerics.codes import Array, Codes, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class MulOp(ElementwiseOp):
    """The product of two tensors.

    Where all tensors are quantised ``round_half_even(float32((a − za) · (b − zb)) ·
    float32(float32(sa · sb) / s) + z)``, as onnxruntime's QLinearMul.
    """

    name = "cnn.mul"

    def verify_(self) -> None:
        super().verify_()
        if len(self.inputs) != 2:
            fail(self, f"multiplies two tensors, not {len(self.inputs)}")


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Mul, of activations and constants."""
    products = integers(node, network, IntegerMulOp)
    return products or with_constants(node, network, MulOp, is_product=True)


def convert_thresholded(node: OnnxNode, network: NetworkBuilder) -> Value:
    """ThresholdedRelu, x where it is above alpha, and 0 elsewhere."""
    operand, alpha = network.floats(node), float(node.attribute("alpha", 1.0))
    name = f"{node.name}.above"
    share = network.append(StepOp(name, operand, bound=alpha, below=0.0, above=1.0), name)
    return network.append(MulOp(node.name, [operand, share], operand.type), node.name)


def evaluate(op: MulOp, operands: list[Array], _: ParameterStore) -> Array:
    """The product in float32, or :func:`multiplied` codes."""
    if not works_on_codes(op):
        return computed(op, operands, multiply)
    first, second = operands
    a, b = (quantized(op, value) for value in op.inputs)
    return multiplied(first, second, (a, b), quantized(op, op.output))


def multiplied(
    first: Codes,
    second: Codes,
    sources: tuple[Quantization, Quantization],
    target: Quantization,
) -> Codes:
    """The product of two tensors of codes, as a code of `target`; see :class:`MulOp`."""
    import numpy as np

    from spatem_ir.numerics.codes import centred, to_codes_after_shift

    products = centred(first, sources[0]) * centred(second, sources[1])
    steps = products.astype(np.float32) * _multiplier(sources, target)
    return to_codes_after_shift(steps, target)


def _multiplier(sources: tuple[Quantization, Quantization], target: Quantization) -> Reals:
    import numpy as np

    from spatem_ir.numerics.codes import multiplier

    return multiplier(sources[0], np.array(sources[1].scale, np.float32), target)


def export(op: MulOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Mul of float32, or of codes in int64, times the product of their scales."""
    if not works_on_codes(op):
        return graph.in_float(op, operands, lambda *values: graph.add("Mul", *values))
    a, b = (quantized(op, value) for value in op.inputs)
    target = quantized(op, op.output)
    factors = [graph.centred(*pair) for pair in zip(operands, (a, b), strict=True)]
    product = graph.cast(graph.add("Mul", *factors), "float32")
    factor = graph.scalar("multiplier", float(_multiplier((a, b), target)), "float32")
    return graph.rounded_after_shift(graph.add("Mul", product, factor), target)


OPERATOR = Operator(
    MulOp,
    {
        "Mul": Import(convert, lambda _, o: Constant(o[0].values * o[1].values)),
        "ThresholdedRelu": Import(convert_thresholded),
        "com.microsoft.QLinearMul": Import(
            from_stated_codes(MulOp, is_product=True), stating=(0, 3)
        ),
    },
    evaluate,
    export,
)
