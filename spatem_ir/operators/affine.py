"""A scale and a shift for each channel: batch normalisations, and arithmetic with constants."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.operators import ElementwiseOp, UnaryDigitalOp
from spatem_ir.dialects.cnn.parameters import CHANNEL_PARAMETER
from spatem_ir.operators.core.elementwise import of_activations, of_two_stated_codes
from spatem_ir.operators.core.evaluation import tabulated
from spatem_ir.operators.core.operator import Operator
from spatem_ir.operators.onnx_import.channels import by_channel
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.core.operator import Convert
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class AffineOp(UnaryDigitalOp):
    """x · scale[c] + shift[c] for each channel c (the first dimension), in float32.

    `cnn.affine @norm %x scale #… shift #… : …`; scale and shift are float32 parameters with one
    element per channel.  What a batch normalisation becomes that cannot be folded into a layer.
    """

    name = "cnn.affine"

    scale = prop_def(CHANNEL_PARAMETER)
    shift = prop_def(CHANNEL_PARAMETER)

    assembly_format = (
        "$sym_name $input `scale` $scale `shift` $shift attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        scale: Attribute,
        shift: Attribute,
        output: Attribute | None = None,
    ):
        super().__init__(sym_name, input, output, {"scale": scale, "shift": shift})

    @property
    def is_elementwise(self) -> bool:
        return False

    def verify_(self) -> None:
        super().verify_()
        for what, parameter in (("scale", self.scale), ("shift", self.shift)):
            self.expect_channel_parameter(what, parameter)


def with_constants(
    node: OnnxNode, network: NetworkBuilder, op: type[ElementwiseOp], *, is_product: bool
) -> SSAValue:
    """A node's sum or product of activations (by `op`) and constants."""
    operands = [network.value(node, index) for index in range(len(node.inputs))]
    result = of_activations(node, network, op)
    for value in operands:
        if not isinstance(value, Constant | QuantizedConstant):
            continue
        if is_product:
            result = scaled(node, network, result, value)
        else:
            result = shifted(node, network, result, value)
    return result


def from_stated_codes(op: type[ElementwiseOp], *, is_product: bool) -> Convert:
    """Conversion of the sum or product of onnxruntime of two tensors of codes.

    Codes, scale, zero point, twice; scale and zero point of the result.  One tensor may be
    constant.
    """

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        places = [place for place in (0, 3) if isinstance(network.value(node, place), Constant)]
        if not places:
            return of_two_stated_codes(node, network, op)
        return _with_constant_codes(node, network, places[0], is_product=is_product)

    return convert


def _with_constant_codes(
    node: OnnxNode, network: NetworkBuilder, place: int, *, is_product: bool
) -> SSAValue:
    """The sum or product of codes and the constant at input `place`, as codes."""
    import numpy as np

    from spatem_ir.operators.onnx_import.parameters import quantized_constant

    operand, element = network.stated_codes(node, 3 - place), network.stated_type(node, 6)
    scale, zero_point = network.value(node, place + 1), network.value(node, place + 2)
    constant = quantized_constant(node, network.constant(node, place), scale, zero_point, axis=0)

    def build(maps: SSAValue, numbers: Reals) -> SSAValue:
        factors = numbers if is_product else np.ones_like(numbers)
        summands = np.zeros_like(numbers) if is_product else numbers
        return _affine(node, network, maps, factors, summands, element)

    return by_channel(node, network, operand, constant, build)


def scaled(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    factors: Constant | QuantizedConstant,
    *,
    by_reciprocals: bool = False,
) -> SSAValue:
    """The operand times a constant, or divided by it."""
    import numpy as np

    def build(maps: SSAValue, numbers: Reals) -> SSAValue:
        if by_reciprocals and not numbers.all():
            node.fail("divides by 0")
        factors = np.divide(np.float32(1), numbers) if by_reciprocals else numbers
        return _affine(node, network, maps, factors, np.zeros_like(numbers))

    return by_channel(node, network, operand, factors, build)


def shifted(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    summands: Constant | QuantizedConstant,
    *,
    signs: tuple[int, int] = (1, 1),
) -> SSAValue:
    """The operand plus a constant, each with its sign."""
    import numpy as np

    def build(maps: SSAValue, numbers: Reals) -> SSAValue:
        scale = np.full_like(numbers, signs[0])
        return _affine(node, network, maps, scale, np.multiply(numbers, np.float32(signs[1])))

    return by_channel(node, network, operand, summands, build)


def _affine(
    node: OnnxNode,
    network: NetworkBuilder,
    maps: SSAValue,
    scale: Reals,
    shift: Reals,
    element: Attribute = f32,
) -> SSAValue:
    """The op with a scale and a shift for each channel, and the elements of its result."""
    parameters = [
        network.channel_parameter(node, what, Constant(numbers))
        for what, numbers in (("scale", scale), ("shift", shift))
    ]
    result = TensorType(element, shape_of(maps))
    return network.append(AffineOp(node.name, maps, *parameters, output=result), node.name)


def affine(values: Reals, scale: Reals, shift: Reals) -> Reals:
    """Values times scale[c] plus shift[c], for each channel c."""
    shape = (-1, *[1] * (values.ndim - 2))
    return values * scale.reshape(shape) + shift.reshape(shape)


def evaluate(op: AffineOp, operands: list[Array], store: ParameterStore) -> Array:
    """See :func:`affine`."""
    scale, shift = store.floats(op.scale), store.floats(op.shift)
    return tabulated(op, operands, partial(affine, scale=scale, shift=shift), per_channel=True)


def export(op: AffineOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Mul and Add on float32."""
    trailing = (1,) * (len(shape_of(op.input)) - 1)

    def constant(what: str, parameter: Attribute) -> str:
        return graph.constant(what, graph.store.values(parameter).reshape(-1, *trailing))

    def compute(x: str) -> str:
        scaled = graph.add("Mul", x, constant("scale", op.scale))
        return graph.add("Add", scaled, constant("shift", op.shift))

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(AffineOp, evaluate=evaluate, export=export)
