"""Where the largest of several elements is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.irdl import irdl_op_definition, traits_def

from spatem_ir.dialects.checks import fail, shape_of
from spatem_ir.dialects.cnn.operators import StaysFloatAtEnd
from spatem_ir.operators.core.evaluation import of_operands
from spatem_ir.operators.core.global_pools import GlobalPoolOp, of_windows, windows_in_onnx
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.global_min_pool import GlobalMinPoolOp
from spatem_ir.operators.max_pool import MaxPoolOp
from spatem_ir.operators.neg import NegOp
from spatem_ir.operators.onnx_import.parts import dimension_behind_batch
from spatem_ir.operators.onnx_import.reductions import pooled_over
from spatem_ir.operators.onnx_import.shapes import behind_batch

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Reals
    from spatem_ir.operators.core.operator import Convert
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value


@irdl_op_definition
class ArgMaxOp(GlobalPoolOp):
    """The number of the largest element of each window of one row; the first one of equals.

    Numbers are float32, or codes of them.
    """

    name = "cnn.arg_max"

    traits = traits_def(StaysFloatAtEnd())

    def verify_(self) -> None:
        super().verify_()
        if self.window.data.kernel[0] != 1:
            fail(self, "has a window of more than one row")


def along_axis(*, smallest: bool = False) -> Convert:
    """Conversion of ArgMax, or of ArgMin, the ArgMax of negative values."""

    def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
        operand = network.floats(node)
        shape = shape_of(operand)
        axis = node.attribute("axis", 0)
        if not -len(shape) - 1 <= axis <= len(shape) or axis in (0, -len(shape) - 1):
            node.fail(f"has axis {axis}; it must be one behind the batch")
        if node.attribute("select_last_index", 0):
            node.fail("selects the last index of equal elements; only the first is supported")
        along = axis - 1 if axis > 0 else len(shape) + axis
        if smallest:
            name = f"{node.name}.negative"
            operand = network.append(NegOp(name, operand), name)
        found = pooled_over(network, node.name, operand, [along], ArgMaxOp)
        if node.attribute("keepdims", 1):
            return found
        return network.regrouped(found, behind_batch((*shape[:along], *shape[along + 1 :])))

    return convert


def convert_top(node: OnnxNode, network: NetworkBuilder) -> list[Value]:
    """TopK of one element: the largest, or the smallest, and its number."""
    count = network.constant(node, 1).values
    if count.size != 1 or int(count.reshape(())) != 1:
        node.fail(
            f"takes {count.tolist()} elements; the first one only is supported: cut the model in "
            "front of it (onnx.utils.extract_model) and leave the rest to the host"
        )
    operand, is_largest = network.floats(node), node.attribute("largest", 1)
    node.attribute("sorted")
    along = dimension_behind_batch(node, node.attribute("axis", -1), shape_of(operand))
    extreme = MaxPoolOp if is_largest else GlobalMinPoolOp
    value = pooled_over(network, node.name, operand, [along], extreme)
    name = f"{node.name}.index"
    if not is_largest:
        operand = network.append(NegOp(f"{name}.negative", operand), name)
    return [value, pooled_over(network, name, operand, [along], ArgMaxOp)]


def number_of_largest(images: Reals) -> Reals:
    """The number of the largest element of each channel: [images, channels, 1, 1]."""
    import numpy as np

    flat = images.reshape(*images.shape[:2], -1)
    return flat.argmax(axis=2).astype(np.float32)[:, :, None, None]


def export(op: ArgMaxOp, graph: GraphBuilder, operands: list[str]) -> str:
    """ArgMax, as float32."""

    def computed(x: str) -> str:
        return graph.cast(graph.add("ArgMax", x, axis=3, keepdims=1), "float32")

    return graph.in_float(op, operands, computed)


OPERATOR = Operator(
    ArgMaxOp,
    {
        "ArgMax": Import(along_axis()),
        "ArgMin": Import(along_axis(smallest=True)),
        "TopK": Import(convert_top),
    },
    of_windows(of_operands(number_of_largest)),
    windows_in_onnx(export),
)
