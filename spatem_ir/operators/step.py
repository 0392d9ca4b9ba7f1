"""Comparisons: truth values are the numbers 1 and 0."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.cnn.operators import FunctionOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.operators.abs import AbsOp
from spatem_ir.operators.affine import shifted
from spatem_ir.operators.core.elementwise import uniform_constants
from spatem_ir.operators.core.evaluation import of_elements
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.shapes import broadcast
from spatem_ir.operators.onnx_import.tensors import Constant
from spatem_ir.operators.sub import SubOp

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.core.operator import Convert
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


@irdl_op_definition
class StepOp(FunctionOp):
    """`above` where x > bound, `below` elsewhere.

    `cnn.step @f %x bound 0.0 below 0.0 above 1.0 : …`.
    """

    name = "cnn.step"

    bound = prop_def(REAL)
    below = prop_def(REAL)
    above = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `bound` custom<Real>($bound) `below` custom<Real>($below) "
        "`above` custom<Real>($above) attr-dict `:` type($input) `->` type($output)"
    )


def comparison(*, greater: bool, or_equal: bool) -> Convert:
    """Conversion of a comparison of two activations, or of one with one number for all elements.

    Whether x is at least a number is whether it is above the next smaller one.  Activations are
    compared by their difference, which is zero only if they are equal.
    """

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        operands = [network.value(node, index) for index in (0, 1)]
        numbers = uniform_constants(node, network)
        swapped = not greater
        if not numbers:
            pair = [network.floats(node, index) for index in ((1, 0) if swapped else (0, 1))]
            pair, shape = broadcast(node, network, pair)
            name = f"{node.name}.difference"
            difference = network.append(SubOp(name, pair, TensorType(f32, shape)), name)
            return _step(node, network, difference, 0.0, above=True, or_equal=or_equal)
        first_is_activation = isinstance(operands[0], SSAValue)
        activation = network.floats(node, 0 if first_is_activation else 1)
        above = greater == first_is_activation
        return _step(node, network, activation, numbers[0], above=above, or_equal=or_equal)

    return convert


def _step(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    number: float,
    *,
    above: bool,
    or_equal: bool,
) -> SSAValue:
    """Where the operand is above a number, or below it, or equal to it as well."""
    import numpy as np

    if above == or_equal:
        number = float(np.nextafter(np.float32(number), np.float32(-np.inf)))
    op = StepOp(
        node.name,
        operand,
        bound=float(number),
        below=float(not above),
        above=float(above),
    )
    return network.append(op, node.name)


def convert_equal(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Equal: where the difference is 0, of two activations or of one and a number."""
    import numpy as np

    numbers = uniform_constants(node, network)
    name = f"{node.name}.difference"
    if numbers:
        index = 0 if isinstance(network.value(node, 0), SSAValue) else 1
        operand, part = network.floats(node, index), replace(node, name=name)
        number = Constant(np.array(numbers[0], np.float32))
        difference = shifted(part, network, operand, number, signs=(1, -1))
    else:
        pair = [network.floats(node, index) for index in (0, 1)]
        pair, shape = broadcast(node, network, pair)
        difference = network.append(SubOp(name, pair, TensorType(f32, shape)), name)
    name = f"{node.name}.size"
    sizes = network.append(AbsOp(name, difference), name)
    return _step(node, network, sizes, 0.0, above=False, or_equal=True)


def truth_of(node: OnnxNode, network: NetworkBuilder, operand: SSAValue) -> SSAValue:
    """1 where a float32 operand is not 0, which truth values are themselves."""
    if isinstance(operand.owner, StepOp):
        return operand
    name = f"{node.name}.size"
    sizes = network.append(AbsOp(name, operand), name)
    return _step(node, network, sizes, 0.0, above=True, or_equal=False)


def convert_not(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Not, of 1 and 0."""
    return _step(node, network, network.floats(node), 0.0, above=False, or_equal=True)


def step(values: Reals, bound: float, below: float, above: float) -> Reals:
    """See :class:`StepOp`."""
    import numpy as np

    return np.where(values > np.float32(bound), np.float32(above), np.float32(below))


def export(op: StepOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Greater, and Where between the two values."""
    import numpy as np

    def computed(operand: str) -> str:
        bound, below, above = (
            graph.scalar(name, op.numbers[name], np.float32) for name in ("bound", "below", "above")
        )
        return graph.add("Where", graph.add("Greater", operand, bound), above, below)

    return graph.in_float(op, operands, computed)


OPERATOR = Operator(
    StepOp,
    {
        "Equal": Import(convert_equal),
        "Greater": Import(comparison(greater=True, or_equal=False)),
        "GreaterOrEqual": Import(comparison(greater=True, or_equal=True)),
        "Less": Import(comparison(greater=False, or_equal=False)),
        "LessOrEqual": Import(comparison(greater=False, or_equal=True)),
        "Not": Import(convert_not),
    },
    evaluate=of_elements(step),
    export=export,
)
