"""Identity, and Dropout when it does not train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import StringAttr, SymbolNameConstraint, TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def

from spatem_ir.dialects.checks import expect_shape, shape_of
from spatem_ir.dialects.cnn.checks import same_quantization
from spatem_ir.dialects.cnn.operators import ViewOp
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class IdentityOp(ViewOp):
    """x, unchanged: Identity, and Dropout when it does not train; see `remove-identities`."""

    name = "cnn.identity"

    sym_name = prop_def(SymbolNameConstraint())
    input = operand_def(TensorType)

    assembly_format = "$sym_name $input attr-dict `:` type($input) `->` type($output)"

    def __init__(self, sym_name: str, input: SSAValue):
        super().__init__(
            operands=[input],
            result_types=[input.type],
            properties={"sym_name": StringAttr(sym_name)},
        )

    @property
    def does_nothing(self) -> bool:
        return True

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        expect_shape(self, self.output, shape_of(self.input))


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Identity."""
    value = network.value(node, 0)
    assert value is not None
    if isinstance(value, SSAValue):
        return network.append(IdentityOp(node.name, value), node.name)
    return value


def convert_dropout(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Dropout, which does nothing when it does not train or drops at a ratio of 0."""
    node.attribute("seed")
    ratio, training = network.value(node, 1), network.value(node, 2)
    if not (training is None or _is_zero(training) or _is_zero(ratio)):
        node.fail("is in training mode")
    return convert(node, network)


def _is_zero(value: Value | None) -> bool:
    """Whether a value is a constant of zeros (or of False)."""
    return isinstance(value, Constant) and not value.values.any()


def evaluate(_: IdentityOp, operands: list[Array], __: ParameterStore) -> Array:
    """The operand."""
    return operands[0]


def export(_: IdentityOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Identity."""
    return graph.add("Identity", operands[0])


OPERATOR = Operator(
    IdentityOp,
    {
        "Identity": Import(convert, lambda _, operands: operands[0], passes_code=True),
        "Dropout": Import(convert_dropout),
    },
    evaluate,
    export,
)
