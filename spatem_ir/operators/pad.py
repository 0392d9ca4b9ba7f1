"""Padding, with a constant or with the tensor's own elements."""

from __future__ import annotations

from math import isfinite, prod
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, TensorType, f32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, traits_def

from spatem_ir.dialects.checks import (
    expect_shape,
    fail,
    feature_map,
    finite,
    map_dimension,
    shape_of,
)
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.operators import CommutesWithQuantization, UnaryDigitalOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.dialects.cnn.views import INTEGERS
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.gather import gathered

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
        pads = [(0, 0), (0, 0), (0, 0)]
        for dimension, pad in enumerate(self.pads):
            pads[map_dimension(dimension, len(self.pads))] = pad
        return (Reach.of_padding(feature_map(self.input), tuple(pads)),)

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
    """Pad behind the batch: negative pads crop, modes but the constant one repeat elements."""
    mode = node.attribute("mode", "constant")
    operand = network.activation(node)
    pads = _pads(node, network, 1 + len(shape_of(operand)))
    for dimension, pair in enumerate(pads):
        operand = _cropped(node, network, operand, dimension, pair)
    around = [(max(first, 0), max(last, 0)) for first, last in pads]
    if mode != "constant":
        return _repeated(node, network, operand, around, mode)
    number = _padding(node, network, quantization_of(operand.type))
    return padded(node, network, operand, around, number)


def padded(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    around: list[tuple[int, int]],
    number: float,
) -> SSAValue:
    """A tensor with elements of one number before and after each dimension, by a node's name."""
    if len(around) > 3:
        return _padded_one_by_one(node, network, operand, around, number)
    before, after = zip(*around, strict=True)
    return network.append(PadOp(node.name, operand, before, after, number), node.name)


def _padded_one_by_one(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    around: list[tuple[int, int]],
    number: float,
) -> SSAValue:
    """A tensor of more dimensions than a feature map has, padded along one after the other."""
    for axis, (before, after) in enumerate(around):
        if not before and not after:
            continue
        shape = shape_of(operand)
        rows = (prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]))
        maps, name = network.regrouped(operand, rows), f"{node.name}.{axis}"
        op = PadOp(name, maps, (0, before, 0), (0, after, 0), number)
        longer = (*shape[:axis], before + shape[axis] + after, *shape[axis + 1 :])
        operand = network.regrouped(network.append(op, name), longer)
    return operand


def _pads(node: OnnxNode, network: NetworkBuilder, dimensions: int) -> list[tuple[int, int]]:
    """The stated elements before and after each dimension behind the batch."""
    pads = network.constant(node, 1).values.reshape(-1).tolist()
    axes = network.optional_constant(node, 3)
    chosen = range(dimensions) if axes is None else axes.values.reshape(-1).tolist()
    if len(pads) != 2 * len(chosen):
        node.fail(f"has {len(pads)} pads for {len(chosen)} dimensions")
    pairs = [(0, 0)] * dimensions
    for number, axis in enumerate(chosen):
        pairs[axis] = pads[number], pads[number + len(chosen)]
    if any(pairs[0]):
        node.fail("pads the batch")
    return pairs[1:]


def _padding(node: OnnxNode, network: NetworkBuilder, code: Quantization | None) -> float:
    """The stated value of a padding element, as a real number."""
    value = network.optional_constant(node, 2)
    number = 0.0 if value is None else float(value.values.reshape(-1)[0])
    if code is not None:
        number = (number - code.zero_point) * code.scale
    if not isfinite(number):
        node.fail(f"pads with {number}; the value must be finite")
    return number


def _cropped(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    dimension: int,
    pads: tuple[int, int],
) -> SSAValue:
    """The operand without the elements that negative pads take away."""
    extent = shape_of(operand)[dimension]
    indices = range(max(-pads[0], 0), extent - max(-pads[1], 0))
    if not indices:
        node.fail(f"crops all {extent} elements of a dimension")
    return gathered(network, operand, dimension, indices, node.name)


def _repeated(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    pads: list[tuple[int, int]],
    mode: str,
) -> SSAValue:
    """The operand surrounded by its own elements."""
    import numpy as np

    if mode not in ("edge", "reflect", "wrap"):
        node.fail(f"has mode '{mode}'; it must be constant, edge, reflect or wrap")
    for dimension, (pair, extent) in enumerate(zip(pads, shape_of(operand), strict=True)):
        if mode == "reflect" and max(pair) >= extent:
            node.fail(f"reflects {max(pair)} elements of {extent}; fewer than that are possible")
        indices = np.pad(np.arange(extent), pair, mode=mode).tolist()
        operand = gathered(network, operand, dimension, indices, node.name)
    return operand


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
