"""Tables of codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.operators import UnaryDigitalOp
from spatem_ir.dialects.cnn.views import INTEGERS
from spatem_ir.operators.core.evaluation import TABLE_BITS
from spatem_ir.operators.core.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.numerics.codes import Array, Codes
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class TableOp(UnaryDigitalOp):
    """A code for each code of the operand, from its least to its greatest one.

    `cnn.table @f %x codes [0, 0, 1, 3] : tensor<…xui2> -> tensor<…xui8>`; the operand has
    codes of at most 8 bits.  What several functions of codes in a row become.
    """

    name = "cnn.table"

    codes = prop_def(INTEGERS)

    assembly_format = (
        "$sym_name $input `codes` $codes attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(self, sym_name: str, input: SSAValue, codes: Sequence[int], output: Attribute):
        super().__init__(sym_name, input, output, {"codes": DenseArrayBase.from_list(i64, codes)})

    def verify_(self) -> None:
        super().verify_()
        source, target = quantized(self, self.input), quantized(self, self.output)
        if source.bits > TABLE_BITS:
            fail(self, f"has an operand of {source.bits} bits; tables are of {TABLE_BITS} at most")
        codes = self.codes.get_values()
        if len(codes) != 1 << source.bits:
            fail(
                self,
                f"has {len(codes)} codes; an operand of {source.bits} bits needs "
                f"{1 << source.bits}",
            )
        if not target.minimum <= min(codes) <= max(codes) <= target.maximum:
            fail(self, f"has codes outside of {target.minimum} to {target.maximum}")


def _table(op: TableOp) -> Codes:
    import numpy as np

    from spatem_ir.numerics.codes import storage_dtype

    return np.array(op.codes.get_values(), storage_dtype(quantized(op, op.output)))


def evaluate(op: TableOp, operands: list[Array], _: ParameterStore) -> Array:
    """The entry of the table for each code."""
    import numpy as np

    from spatem_ir.numerics.codes import blockwise

    table, least = _table(op), quantized(op, op.input).minimum
    # Turned so that codes are indices: numpy counts negative ones from the end.
    turned = np.roll(table, least)
    return blockwise(lambda block: turned[block], operands[0], table.dtype)


def export(op: TableOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Gather from a constant."""
    least = graph.scalar("least", quantized(op, op.input).minimum, "int64")
    places = graph.add("Sub", graph.cast(operands[0], "int64"), least)
    return graph.add("Gather", graph.constant("codes", _table(op)), places)


OPERATOR = Operator(TableOp, evaluate=evaluate, export=export)
