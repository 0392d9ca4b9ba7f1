"""A scale and a shift for each channel: batch normalisations, and arithmetic with constants."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING

from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import CHANNEL_PARAMETER
from spatem_ir.dialects.cnn.operators import ElementwiseOp, UnaryDigitalOp
from spatem_ir.operators.core.elementwise import of_activations
from spatem_ir.operators.core.evaluation import tabulated
from spatem_ir.operators.core.operator import Operator
from spatem_ir.operators.onnx_import.shapes import extents_text
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
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
        if isinstance(value, Constant | QuantizedConstant):
            result = _with_constant(node, network, result, value, is_product=is_product)
    return result


def _with_constant(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    constant: Constant | QuantizedConstant,
    *,
    is_product: bool,
) -> SSAValue:
    """The operand times or plus a constant that broadcasting makes as large.

    The dimensions along which the constant varies take the place of the channels.
    """
    import numpy as np

    if isinstance(constant, QuantizedConstant):
        constant = constant.dequantized()
    shape = shape_of(operand)
    values = constant.values.astype(np.float32)
    varying = _varying_dimensions(node, values.shape, shape)
    order = (*varying, *(axis for axis in range(len(shape)) if axis not in varying))
    moved = network.transposed(operand, order)
    extents = shape_of(moved)
    channels = prod(extents[: len(varying)]) if varying else extents[0]
    maps = network.regrouped(moved, (channels, *extents[max(1, len(varying)) :]))

    numbers = np.broadcast_to(values.reshape(-1), channels)
    scale, shift = numbers, np.zeros(channels, np.float32)
    if not is_product:
        scale, shift = np.ones(channels, np.float32), numbers
    parameters = [network.channel_parameter(node, "scale", Constant(scale))]
    parameters.append(network.channel_parameter(node, "shift", Constant(shift)))
    result = network.append(AffineOp(node.name, maps, *parameters), node.name)
    inverse = tuple(order.index(axis) for axis in range(len(shape)))
    return network.transposed(network.regrouped(result, extents), inverse)


def _varying_dimensions(
    node: OnnxNode, constant: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[int, ...]:
    """The dimensions of `shape` along which a constant has more than one value."""
    aligned = (*[1] * (len(shape) + 1 - len(constant)), *constant)
    fits = zip(aligned, (1, *shape), strict=False)
    if len(aligned) > len(shape) + 1 or any(own not in (1, extent) for own, extent in fits):
        node.fail(
            f"has a constant of shape [{extents_text(constant)}], which does not fit "
            f"[batch, {extents_text(shape)}]: behind the batch it must have the same extents, or 1"
        )
    return tuple(axis for axis, extent in enumerate(aligned[1:]) if extent > 1)


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
