"""Float32 to codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import TensorType

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import QuantizeOp
from spatem_ir.dialects.cnn.attributes import QuantType
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.channel_codes import has_several, quantized_by_channel
from spatem_ir.operators.onnx_import.qonnx import QONNX_DOMAINS, QONNX_OPERATORS
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value, code_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """QuantizeLinear."""
    from onnx import TensorProto, helper

    for name in ("axis", "block_size", "saturate", "precision"):
        node.attribute(name)
    operand = network.activation(node)
    if not is_floating(operand):
        node.fail("quantises a tensor that is already integer")
    output_type = node.attribute("output_dtype", TensorProto.UNDEFINED) or TensorProto.UINT8
    storage = code_of(helper.tensor_dtype_to_np_dtype(output_type))
    if storage is None:
        node.fail("quantises to a type that is no integer")
    if has_several(node, network):
        zero_point = network.optional_constant(node, 2)
        stated = storage if zero_point is None else code_of(zero_point.values.dtype)
        if stated is None:
            node.fail("quantises to a type that is no integer")
        return quantized_by_channel(node, network, operand, stated)
    code = QuantType.of(network.stated_code(node, 1, storage))
    op = QuantizeOp(operand, TensorType(code, shape_of(operand)))
    return network.append(op, f"{operand.name_hint}_codes")


def convert_dynamic(node: OnnxNode, network: NetworkBuilder) -> Sequence[Value]:
    """DynamicQuantizeLinear: the operand itself, with scale 1 and zero point 0.

    What the model does with the codes becomes float32, of which `calibrate` finds the ranges.
    """
    import numpy as np

    scale, zero_point = (Constant(np.array(v)) for v in (np.float32(1), np.uint8(0)))
    return [network.floats(node), scale, zero_point]


def fold(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """QuantizeLinear of a constant."""
    import numpy as np

    values, scale = operands[0].values, operands[1].values
    if not (np.isfinite(scale) & (scale > 0)).all():
        node.fail("its scale must be positive and finite")
    zero_point = operands[2].values if len(operands) > 2 else np.zeros(scale.shape, np.uint8)
    node.attribute("saturate")
    axis = node.attribute("axis", 1)
    if scale.size == 1:
        shape = (1,) * values.ndim
    else:
        shape = tuple(-1 if i == axis % values.ndim else 1 for i in range(values.ndim))
    return Constant(_quantized(values, scale.reshape(shape), zero_point.reshape(shape)))


def _quantized(
    values: NDArray[Any], scale: NDArray[Any], zero_point: NDArray[Any]
) -> NDArray[np.integer[Any]]:
    """Round half to even of values / scale, plus zero point, saturated."""
    import numpy as np

    code = code_of(zero_point.dtype)
    assert code is not None
    bits, signed = code
    lowest = -(2 ** (bits - 1)) if signed else 0
    codes = np.rint(values / scale) + zero_point.astype(np.float32)
    return np.clip(codes, lowest, lowest + 2**bits - 1).astype(zero_point.dtype)


def evaluate(op: QuantizeOp, operands: list[Array], _: ParameterStore) -> Array:
    """``saturate(round_half_even(x / scale) + zero point)``."""
    from spatem_ir.numerics.codes import quantize

    return quantize(operands[0], quantized(op, op.output))


def export(op: QuantizeOp, graph: GraphBuilder, operands: list[str]) -> str:
    """QuantizeLinear, or what it computes for wide codes."""
    return graph.quantized(operands[0], quantized(op, op.output))


OPERATOR = Operator(
    QuantizeOp,
    {
        "QuantizeLinear": Import(convert, fold),
        "com.microsoft.QuantizeLinear": Import(convert, fold, typed_like=2),
        "DynamicQuantizeLinear": Import(convert_dynamic),
        **{
            f"{domain}.{operator}": Import(convert_of_qonnx, typed_like=0)
            for domain in QONNX_DOMAINS
            for operator, convert_of_qonnx in QONNX_OPERATORS.items()
        },
    },
    evaluate,
    export,
)
