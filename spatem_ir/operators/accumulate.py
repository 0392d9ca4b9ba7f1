"""The sum of a layer's accumulators, of which several layers made one part each."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import Float32Type, FloatAttr, StringAttr, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, prop_def, var_operand_def

from spatem_ir.dialects.checks import expect_shape, fail, is_floating, shape_of
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.checks import expect_parameter, float_or_quantized
from spatem_ir.dialects.cnn.operators import DigitalOp
from spatem_ir.dialects.cnn.parameters import PARAMETER, REAL, SCALE, parameter_type
from spatem_ir.dialects.cnn.syntax import Real, Scale
from spatem_ir.dialects.cnn.weight_layers import (
    ACCUMULATOR_TYPE,
    SUM_BITS,
    Requantization,
    verify_mode,
    verify_weight_scale,
)
from spatem_ir.operators.core.operator import Operator
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class AccumulateOp(DigitalOp):
    """The sum of accumulators and a bias, requantised as a weight layer requantises its own.

    The operands are plain si32 of the result's shape: sums of a layer over some of its inputs
    each.  They are added in two's complement of 32 bits, which wraps, so that the result is that of
    the whole layer, bit by bit.  `scale` is that of the layer's weights, `input_scale` that of its
    input.
    """

    name = "cnn.accumulate"

    inputs = var_operand_def(TensorType)
    input_scale = prop_def(REAL)
    weight_scale = opt_prop_def(SCALE)
    bias = opt_prop_def(PARAMETER)
    requantize = opt_prop_def(StringAttr)

    custom_directives = (Real, Scale)
    assembly_format = (
        "$sym_name $inputs `input_scale` custom<Real>($input_scale) custom<Scale>($weight_scale) "
        "(`bias` $bias^)? (`requantize` $requantize^)? attr-dict "
        "`:` type($inputs) `->` type($output)"
    )

    def __init__(
        self, inputs: list[SSAValue], output: Attribute, properties: dict[str, Attribute | None]
    ):
        IRDLOperation.__init__(
            self, operands=[inputs], result_types=[output], properties=properties
        )

    @property
    def requantization(self) -> Requantization:
        """How the sums become codes."""
        return Requantization(self.requantize.data if self.requantize else Requantization.FLOAT32)

    @property
    def input_code(self) -> Quantization:
        """A code with the scale of the layer's input."""
        scale = self.input_scale
        assert isinstance(scale, FloatAttr)
        return Quantization(SUM_BITS, signed=True, scale=scale.value.data, zero_point=0)

    def verify_(self) -> None:
        if not self.inputs:
            fail(self, "has no operand")
        float_or_quantized(self, *self.inputs, self.output)
        for value in self.inputs:
            if value.type != TensorType(ACCUMULATOR_TYPE, shape_of(value)):
                fail(self, f"adds accumulators, which are si32, not {value.type}")
            expect_shape(self, value, shape_of(self.output))
        if self.input_code.scale <= 0:
            fail(self, f"has input_scale {self.input_code.scale}; it must be positive")
        if self.weight_scale is None:
            fail(self, "has no scale; add that of the weights, as in scale 0.5")
        verify_weight_scale(self, self.weight_scale, shape_of(self.output)[0], "scale")
        if self.bias is not None:
            expect_parameter(self, "bias", self.bias, shape_of(self.output)[:1])
            element = parameter_type(self.bias).element_type
            is_real = is_floating(self.output) and isinstance(element, Float32Type)
            if element != ACCUMULATOR_TYPE and not is_real:
                kinds = "f32 or si32" if is_floating(self.output) else "si32"
                fail(self, f"has a bias that is not of type {kinds}")
        if self.requantize is not None:
            verify_mode(self, self.requantize)


def evaluate(op: AccumulateOp, operands: list[Array], store: ParameterStore) -> Array:
    """The sum in int32, requantised."""
    import numpy as np

    from spatem_ir.numerics.requantization import Requantizer, factors

    count, channels = operands[0].shape[:2]
    bias = None if op.bias is None else store.values(op.bias).reshape(-1, 1, 1)
    is_real = bias is not None and bias.dtype == np.float32
    mode, target = op.requantization, quantization_of(op.output.type)
    is_sum, what = op.output.type.element_type == ACCUMULATOR_TYPE, f"{op.name} @{op.sym_name.data}"
    scales = _scales(op, store)
    constant = np.zeros((channels, 1, 1), np.int32)
    requantizer = Requantizer(
        constant=constant if bias is None or is_real else bias.astype(np.int32),
        multiplier=None if is_sum else factors(what, mode, op.input_code, scales, target),
        mode=mode,
        code=None if is_sum else target,
        shape=shape_of(op.output),
        shift=bias.astype(np.float32) if bias is not None and is_real else None,
    )
    sums = reduce(np.add, operands)
    return requantizer.apply(sums.reshape(count, channels, -1).transpose(1, 2, 0))


def _scales(op: AccumulateOp, store: ParameterStore) -> NDArray[np.float32]:
    """The scale of the weights, or one for each channel: [channels or 1, 1, 1]."""
    import numpy as np

    assert op.weight_scale is not None
    return np.asarray(store.values(op.weight_scale), np.float32).reshape(-1, 1, 1)


def export(op: AccumulateOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Add in int32, Mul and Round in float32."""
    import numpy as np

    from spatem_ir.numerics.codes import multiplier

    if op.requantization is Requantization.FIXED_POINT:
        raise SpatemError(
            f"{op.name} @{op.sym_name.data}: no ONNX operator requantises in fixed point; leave "
            'requantize "fixed-point" out'
        )
    sums = reduce(lambda one, other: graph.add("Add", one, other), operands)
    spread = (-1, *[1] * (len(shape_of(op.output)) - 1))
    bias, is_real = None, False
    if op.bias is not None:
        values = graph.store.values(op.bias)
        bias, is_real = graph.constant("bias", values.reshape(spread)), values.dtype == np.float32
    if bias is not None and not is_real:
        sums = graph.add("Add", sums, bias)
    if op.output.type.element_type == ACCUMULATOR_TYPE:
        return sums
    target = quantization_of(op.output.type)
    factor = multiplier(op.input_code, _scales(op, graph.store), target).reshape(spread)
    steps = graph.add("Mul", graph.cast(sums, np.float32), graph.constant("multiplier", factor))
    if target is None:
        return steps if bias is None or not is_real else graph.add("Add", steps, bias)
    return graph.rounded(steps, target)


OPERATOR = Operator(AccumulateOp, evaluate=evaluate, export=export)
