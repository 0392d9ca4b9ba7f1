"""What stays float32 between codes: the chip's digital units work on it."""

from __future__ import annotations

from xdsl.dialects.builtin import f32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import DequantizeOp, DigitalOp, NetworkOp, QuantizeOp, ViewOp
from spatem_ir.dialects.cnn.operators import OperatorOp
from spatem_ir.dialects.cnn.quantization import leading_to_codes
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.operators.onnx_import.shapes import element_of
from spatem_ir.operators.requantize import RequantizeOp
from spatem_ir.passes.rewriting import commuting, unique_name, with_types


def keep_on_chip(network: NetworkOp) -> None:
    """Make operators of the chip of what works on float32 between codes.

    Layers on dequantised codes get the codes, and a float32 result.  Digital operators between them
    and a quantisation read codes as they are and keep float32 results, or have the codes of the
    quantisation.  What leads to no codes stays for the host.
    """
    leading, on_chip = leading_to_codes(network), set[SSAValue]()
    for op in list(network.body.block.ops):
        match op:
            case WeightLayerOp() if is_floating(op.output) and is_on_codes(op):
                on_chip.add(replace(op, [codes_of(op.input)], f32))
            case DigitalOp() | ViewOp() if leading.issuperset(op.results) and any(
                value in on_chip or not is_floating(codes_of(value)) for value in op.operands
            ):
                on_chip.add(replace(op, operands_on_chip(op), f32))
            case QuantizeOp() if op.input in on_chip:
                quantize_on_chip(op)
            case _:
                pass
    for op in list(network.body.block.ops):
        if isinstance(op, DequantizeOp) and not op.output.uses:
            Rewriter.erase_op(op)


def is_on_codes(layer: WeightLayerOp) -> bool:
    """Whether a layer works on codes, dequantised or not, with weights that are codes."""
    return not (is_floating(codes_of(layer.input)) or layer.has_float_weights)


def codes_of(value: SSAValue) -> SSAValue:
    """The codes of a dequantised value; any other value as it is."""
    return value.owner.input if isinstance(value.owner, DequantizeOp) else value


def operands_on_chip(op: OperatorOp) -> list[SSAValue]:
    """What an operator with a float32 result reads: codes as such, unless all must be alike."""
    if not commuting(op):
        return [codes_of(value) for value in op.operands]
    return [
        requantized(op, value.owner.input, value.type, value.name_hint)
        if isinstance(value.owner, DequantizeOp)
        else value
        for value in op.operands
    ]


def quantize_on_chip(op: QuantizeOp) -> None:
    """Let the operator of a float32 result quantise it, if nobody reads it otherwise."""
    source = op.input.owner
    is_alone = len(list(op.input.uses)) == 1
    if is_alone and isinstance(source, DigitalOp) and not commuting(source):
        codes = replace(source, list(source.operands), element_of(op.output))
        Rewriter.replace_op(op, [], [codes])
        return
    codes = requantized(op, op.input, op.output.type, op.output.name_hint)
    Rewriter.replace_op(op, [], [codes])


def requantized(op: Operation, value: SSAValue, result: Attribute, hint: str | None) -> SSAValue:
    """A value under another quantisation, or as float32, in front of an op."""
    wanted = hint or "requantized"
    convert = RequantizeOp(unique_name(op, wanted), value, result)
    convert.output.name_hint = hint
    Rewriter.insert_op(convert, InsertPoint.before(op))
    return convert.output


def replace(op: Operation, operands: list[SSAValue], element: Attribute) -> SSAValue:
    """Replace an op by a copy with other operands and another element type of its result."""
    copy = with_types(op, operands, element)
    Rewriter.replace_op(op, copy)
    return copy.results[0]
