"""RoundingMode to multiples of a step."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import FloatAttr, StringAttr, f32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.operators.core.evaluation import tabulated
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.core.operator import Convert
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


class RoundingMode(StrEnum):
    """To which whole number a number is rounded."""

    HALF_EVEN = "half-even"
    """The nearest, of two the even one."""

    HALF_UP = "half-up"
    """The nearest, of two the one farther from 0."""

    HALF_DOWN = "half-down"
    """The nearest, of two the one nearer to 0."""

    FLOOR = "floor"
    """The next lower one."""

    CEIL = "ceil"
    """The next higher one."""

    UP = "up"
    """The next one away from 0."""

    DOWN = "down"
    """The next one towards 0."""


@irdl_op_definition
class RoundOp(UnaryDigitalOp):
    """step · round(x / step) in float32: `cnn.round @n %x "floor" step 0.5 : …`."""

    name = "cnn.round"

    mode = prop_def(StringAttr)
    step = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input $mode `step` custom<Real>($step) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(self, sym_name: str, input: SSAValue, mode: RoundingMode, step: float = 1.0):
        properties = {"mode": StringAttr(mode), "step": FloatAttr(step, f32)}
        super().__init__(sym_name, input, properties={**properties})

    def verify_(self) -> None:
        super().verify_()
        if self.mode.data not in tuple(RoundingMode):
            fail(self, f"has mode '{self.mode.data}'; one of {', '.join(RoundingMode)}")
        step = self.step.value.data
        if not (isfinite(step) and step > 0):
            fail(self, f"has step {step}; it must be positive and finite")


def to_whole(mode: RoundingMode) -> Convert:
    """Conversion of a node that rounds to whole numbers."""

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        return network.append(RoundOp(node.name, network.floats(node), mode), node.name)

    return convert


def rounded(values: Reals, mode: RoundingMode) -> Reals:
    """Whole numbers, see :class:`RoundingMode`."""
    import numpy as np

    match mode:
        case RoundingMode.HALF_EVEN:
            return np.rint(values)
        case RoundingMode.HALF_UP:
            return np.sign(values) * np.floor(np.abs(values) + np.float32(0.5))
        case RoundingMode.HALF_DOWN:
            return np.sign(values) * np.ceil(np.abs(values) - np.float32(0.5))
        case RoundingMode.FLOOR:
            return np.floor(values)
        case RoundingMode.CEIL:
            return np.ceil(values)
        case RoundingMode.UP:
            return np.sign(values) * np.ceil(np.abs(values))
        case RoundingMode.DOWN:
            return np.sign(values) * np.floor(np.abs(values))


def rounded_steps(values: Reals, mode: RoundingMode, step: float) -> Reals:
    """See :class:`RoundOp`."""
    import numpy as np

    size = np.float32(step)
    return rounded(values / size, mode) * size


def evaluate(op: RoundOp, operands: list[Array], _: ParameterStore) -> Array:
    """See :func:`rounded_steps`."""
    function = partial(rounded_steps, mode=RoundingMode(op.mode.data), step=op.step.value.data)
    return tabulated(op, operands, function)


def export(op: RoundOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Div, what rounds, and Mul on float32."""

    def magnitudes(steps: str, operator: str, shift: float) -> str:
        size = graph.add("Abs", steps)
        if shift:
            size = graph.add("Add", size, graph.scalar("half", shift, "float32"))
        return graph.add("Mul", graph.add("Sign", steps), graph.add(operator, size))

    def whole(steps: str) -> str:
        match RoundingMode(op.mode.data):
            case RoundingMode.HALF_EVEN:
                return graph.add("Round", steps)
            case RoundingMode.HALF_UP:
                return magnitudes(steps, "Floor", 0.5)
            case RoundingMode.HALF_DOWN:
                return magnitudes(steps, "Ceil", -0.5)
            case RoundingMode.FLOOR:
                return graph.add("Floor", steps)
            case RoundingMode.CEIL:
                return graph.add("Ceil", steps)
            case RoundingMode.UP:
                return magnitudes(steps, "Ceil", 0)
            case RoundingMode.DOWN:
                return magnitudes(steps, "Floor", 0)

    def compute(x: str) -> str:
        step = graph.scalar("step", op.step.value.data, "float32")
        return graph.add("Mul", whole(graph.add("Div", x, step)), step)

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(
    RoundOp,
    {
        "Round": Import(to_whole(RoundingMode.HALF_EVEN)),
        "Floor": Import(to_whole(RoundingMode.FLOOR)),
        "Ceil": Import(to_whole(RoundingMode.CEIL)),
    },
    evaluate,
    export,
)
