"""Batch normalisation in inference (Ioffe and Szegedy, 2015).

Other normalisations have no op: see :mod:`spatem_ir.operators.onnx_import.normalizations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import FloatAttr, f32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import fail, finite, shape_of
from spatem_ir.dialects.cnn.checks import all_floating, inline_floats
from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.dialects.cnn.parameters import CHANNEL_PARAMETER, REAL
from spatem_ir.dialects.cnn.syntax import Real
from spatem_ir.operators.affine import affine
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.normalizations import (
    convert_groups,
    convert_instance,
    convert_layer,
    convert_norm,
    convert_root_mean_square,
)
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore

PARAMETERS = ("scale", "shift", "mean", "variance")
"""The parameters of each channel, in ONNX's order."""


@irdl_op_definition
class BatchNormOp(UnaryDigitalOp):
    """(x − mean[c]) / √(variance[c] + epsilon) · scale[c] + shift[c], on float32.

    The parameters are float32 with one element per channel.  The pass `fold-batch-norm` removes it.
    """

    name = "cnn.batch_norm"

    scale = prop_def(CHANNEL_PARAMETER)
    shift = prop_def(CHANNEL_PARAMETER)
    mean = prop_def(CHANNEL_PARAMETER)
    variance = prop_def(CHANNEL_PARAMETER)
    epsilon = prop_def(REAL)

    custom_directives = (Real,)
    assembly_format = (
        "$sym_name $input `scale` $scale `shift` $shift `mean` $mean `variance` $variance "
        "`epsilon` custom<Real>($epsilon) attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        scale: Attribute,
        shift: Attribute,
        mean: Attribute,
        variance: Attribute,
        epsilon: float,
    ):
        properties: dict[str, Attribute | None] = {
            "scale": scale,
            "shift": shift,
            "mean": mean,
            "variance": variance,
            "epsilon": FloatAttr(epsilon, f32),
        }
        super().__init__(sym_name, input, properties=properties)

    @property
    def is_elementwise(self) -> bool:
        return False

    def verify_(self) -> None:
        super().verify_()
        if not all_floating(self, self.input, self.output):
            fail(self, f"works on float32, not on {self.input.type}; run fold-batch-norm first")
        for what in PARAMETERS:
            self.expect_channel_parameter(what, self.properties[what])
        if any(value < 0 for value in inline_floats(self.variance)):
            fail(self, "has a negative variance")
        if finite(self, "epsilon") < 0:
            fail(self, f"has epsilon {self.epsilon.value.data}; it must not be negative")


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """BatchNormalization in inference mode."""
    node.attribute("momentum")
    if node.attribute("training_mode", 0):
        node.fail("is in training mode")
    operand = network.floats(node)
    constants: list[Constant] = []
    for index, name in enumerate(PARAMETERS, start=1):
        constant = network.value(node, index)
        if isinstance(constant, QuantizedConstant):
            constant = constant.dequantized()
        if not isinstance(constant, Constant):
            node.fail(f"its operand '{node.input(index)}' must be constant")
        if constant.values.shape != shape_of(operand)[:1]:
            node.fail(f"has {constant.values.size} {name} values for its channels")
        constants.append(constant)
    if (constants[3].values < 0).any():
        node.fail("has a negative variance")
    scale, shift, mean, variance = (
        network.channel_parameter(node, name, constant)
        for name, constant in zip(PARAMETERS, constants, strict=True)
    )
    epsilon = node.attribute("epsilon", 1e-5)
    op = BatchNormOp(node.name, operand, scale, shift, mean, variance, epsilon)
    return network.append(op, node.name)


def evaluate(op: BatchNormOp, operands: list[Array], store: ParameterStore) -> Array:
    """See :func:`batch_norm`."""
    parameters = [store.floats(op.properties[name]) for name in PARAMETERS]
    return batch_norm(operands[0], *parameters, epsilon=op.epsilon.value.data)


def batch_norm(
    values: Reals, scale: Reals, shift: Reals, mean: Reals, variance: Reals, epsilon: float
) -> Reals:
    """(x − mean[c]) / √(variance[c] + epsilon) · scale[c] + shift[c] for each channel c.

    Computed as x · factor + (shift − mean · factor) with factor = scale · (1 / √(variance +
    epsilon)), the order of onnxruntime's CPU kernel.
    """
    import numpy as np

    factor = scale * np.reciprocal(np.sqrt(variance + np.float32(epsilon)))
    return affine(values, factor, np.subtract(shift, mean * factor))


def export(op: BatchNormOp, graph: GraphBuilder, operands: list[str]) -> str:
    """BatchNormalization, on float32 alone."""
    names = [graph.constant(what, graph.store.values(op.properties[what])) for what in PARAMETERS]
    epsilon = op.epsilon.value.data
    return graph.add("BatchNormalization", operands[0], *names, epsilon=epsilon)


OPERATOR = Operator(
    BatchNormOp,
    {
        "BatchNormalization": Import(convert),
        "GroupNormalization": Import(convert_groups),
        "InstanceNormalization": Import(convert_instance),
        "LayerNormalization": Import(convert_layer),
        "LpNormalization": Import(convert_norm),
        "RMSNormalization": Import(convert_root_mean_square),
    },
    evaluate,
    export,
)
