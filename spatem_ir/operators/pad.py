"""Padding with a constant."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, TensorType, f32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, traits_def

from spatem_ir.dialects.checks import expect_shape, fail, feature_map, finite, shape_of
from spatem_ir.dialects.cnn.attributes import REAL, Quantization, quantization_of
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.operators import CommutesWithQuantization, UnaryDigitalOp
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.dialects.cnn.views import INTEGERS
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.operators.core.operator import Import, Operator

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class PadOp(UnaryDigitalOp):
    """Surrounds a tensor with a constant.

    `cnn.pad @p %x before [0, 1, 1] after [0, 2, 2] value 0.0 : …`: the number of added elements of
    each dimension, before and after it; `value` is quantised where the tensors are.  Input and
    output have the same quantisation.
    """

    name = "cnn.pad"

    before = prop_def(INTEGERS)
    after = prop_def(INTEGERS)
    value = prop_def(REAL)

    traits = traits_def(CommutesWithQuantization())

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `before` $before `after` $after `value` custom<Real>($value) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        before: tuple[int, ...],
        after: tuple[int, ...],
        value: float = 0.0,
    ):
        assert isinstance(input.type, TensorType)
        extents = zip(before, shape_of(input), after, strict=True)
        output = TensorType(input.type.element_type, [sum(extent) for extent in extents])
        properties: dict[str, Attribute | None] = {
            "before": DenseArrayBase.from_list(i64, before),
            "after": DenseArrayBase.from_list(i64, after),
            "value": FloatAttr(value, f32),
        }
        super().__init__(sym_name, input, output, properties)

    @property
    def pads(self) -> list[tuple[int, int]]:
        """Elements added before and after each dimension."""
        before, after = self.before.get_values(), self.after.get_values()
        return [(int(b), int(a)) for b, a in zip(before, after, strict=True)]

    @property
    def does_nothing(self) -> bool:
        return not any(map(any, self.pads))

    def has_constants_among(self, code: Quantization) -> bool:
        import numpy as np

        from spatem_ir.numerics.codes import dequantize, element_of

        value = self.value.value.data
        return bool((dequantize(element_of(value, code), code) == np.float32(value)).all())

    def reaches(self) -> tuple[Reach, ...]:
        pads = (*self.pads, (0, 0), (0, 0))[:3]
        return (Reach.of_padding(feature_map(self.input), pads),)

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        finite(self, "value")
        shape = shape_of(self.input)
        if not len(self.before) == len(self.after) == len(shape):
            fail(self, f"needs one number before and one after for each of {len(shape)} dimensions")
        if any(pad < 0 for pair in self.pads for pad in pair):
            fail(self, "has negative pads")
        padded = tuple(b + extent + a for (b, a), extent in zip(self.pads, shape, strict=True))
        expect_shape(self, self.output, padded)


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Pad with a constant, behind the batch."""
    if node.attribute("mode", "constant") != "constant":
        node.fail(f"has mode '{node.attribute('mode')}'; only constant padding is supported")
    operand = network.activation(node)
    dimensions = len(shape_of(operand)) + 1
    pads = network.constant(node, 1).values.reshape(-1).tolist()
    axes = network.optional_constant(node, 3)
    chosen = range(dimensions) if axes is None else axes.values.reshape(-1).tolist()
    if len(pads) != 2 * len(chosen):
        node.fail(f"has {len(pads)} pads for {len(chosen)} dimensions")
    before, after = [0] * dimensions, [0] * dimensions
    for number, axis in enumerate(chosen):
        before[axis], after[axis] = pads[number], pads[number + len(chosen)]
    if before[0] or after[0]:
        node.fail("pads the batch")
    if min(*before, *after) < 0:
        node.fail("has negative pads, which crop; they are not supported")
    value = network.optional_constant(node, 2)
    number = 0.0 if value is None else float(value.values.reshape(-1)[0])
    code = quantization_of(operand.type)
    if code is not None:
        number = (number - code.zero_point) * code.scale
    if not isfinite(number):
        node.fail(f"pads with {number}; the value must be finite")
    return network.append(
        PadOp(node.name, operand, tuple(before[1:]), tuple(after[1:]), number), node.name
    )


def evaluate(op: PadOp, operands: list[Array], _: ParameterStore) -> Array:
    """The tensor surrounded by the value, or by its code."""
    import numpy as np

    from spatem_ir.numerics.codes import element_of

    padding = element_of(op.value.value.data, quantization_of(op.input.type))
    return np.pad(operands[0], [(0, 0), *op.pads], constant_values=padding)


def export(op: PadOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Pad with the value, or with its code."""
    from spatem_ir.numerics.codes import element_of

    code, value = quantization_of(op.input.type), op.value.value.data
    if code is not None:
        value = element_of(value, code).item()
    return graph.padded(operands[0], op.pads, value, code)


OPERATOR = Operator(PadOp, {"Pad": Import(convert)}, evaluate, export)
