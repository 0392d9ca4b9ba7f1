"""Clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import FloatAttr, TensorType, f32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, opt_prop_def, traits_def

from spatem_ir.dialects.checks import fail, finite, is_floating, shape_of
from spatem_ir.dialects.cnn import QuantizeOp
from spatem_ir.dialects.cnn.attributes import Quantization, QuantType, quantization_of
from spatem_ir.dialects.cnn.checks import quantized, same_quantization
from spatem_ir.dialects.cnn.operators import CommutesWithQuantization, UnaryDigitalOp
from spatem_ir.dialects.cnn.parameters import REAL
from spatem_ir.dialects.cnn.syntax import Bounds
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value, code_of, narrowed

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class ClipOp(UnaryDigitalOp):
    """min(max(x, lowest), highest); input and output have the same quantisation.

    `cnn.clip @six %x from 0.0 to 6.0 : …`; a missing bound is no bound.
    """

    name = "cnn.clip"

    lowest = opt_prop_def(REAL)
    highest = opt_prop_def(REAL)

    traits = traits_def(CommutesWithQuantization())

    custom_directives = (Bounds,)
    assembly_format = (
        "$sym_name $input custom<Bounds>($lowest, $highest) attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(self, sym_name: str, input: SSAValue, lowest: float | None, highest: float | None):
        bounds = {
            name: FloatAttr(bound, f32)
            for name, bound in (("lowest", lowest), ("highest", highest))
            if bound is not None
        }
        super().__init__(sym_name, input, properties={**bounds})

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The lowest and the highest value; None is no bound."""
        lowest, highest = (
            None if bound is None else bound.value.data for bound in (self.lowest, self.highest)
        )
        return lowest, highest

    @property
    def does_nothing(self) -> bool:
        code = quantization_of(self.input.type)
        if code is None:
            return self.bounds == (None, None)
        return self.limits(code) == (code.minimum, code.maximum)

    def limits(self, code: Quantization) -> tuple[int, int]:
        """The least and the greatest code of the result."""
        return limits(*self.bounds, code)

    def has_constants_among(self, code: Quantization) -> bool:
        import numpy as np

        from spatem_ir.numerics.codes import dequantize, quantize

        limits = dequantize(np.array([code.minimum, code.maximum]), code)
        lowest, highest = (
            limit if bound is None else np.float32(bound)
            for bound, limit in zip(self.bounds, limits, strict=True)
        )
        effective = np.array([max(lowest, limits[0]), min(highest, limits[1])])
        return bool((dequantize(quantize(effective, code), code) == effective).all())

    def verify_(self) -> None:
        super().verify_()
        same_quantization(self, self.input, self.output)
        bounds = [finite(self, name) for name in ("lowest", "highest") if name in self.properties]
        if bounds != sorted(bounds):
            fail(self, "has a lowest value of {} above its highest of {}".format(*bounds))


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Clip of an activation; its bounds are constant, and the upper one wins over a higher lower.

    Of codes that were just quantised it tells how many bits they have.
    """
    operand = network.activation(node)
    constants = [network.optional_constant(node, index) for index in (1, 2)]
    lowest, highest = (None if c is None else float(c.values.reshape(-1)[0]) for c in constants)
    if lowest is not None and highest is not None:
        lowest = min(lowest, highest)
    code = quantization_of(operand.type)
    if code is not None:
        if lowest is not None and highest is not None and isinstance(operand.owner, QuantizeOp):
            bits = narrowed(code.bits, code.signed, (int(lowest), int(highest)))
            code = replace(code, bits=bits)
            result = TensorType(QuantType.of(code), shape_of(operand))
            operand = network.append(QuantizeOp(operand.owner.input, result), node.name)
            if (lowest, highest) == (code.minimum, code.maximum):
                return operand
        lowest, highest = (
            None if bound is None else (bound - code.zero_point) * code.scale
            for bound in (lowest, highest)
        )
    return network.append(ClipOp(node.name, operand, lowest, highest), node.name)


def fold(node: OnnxNode, operands: Sequence[Constant]) -> Constant:
    """Clip of integers, which keeps the bounds: they tell how many bits the integers need."""
    values = operands[0].values
    if code_of(values.dtype) is None or len(operands) != 3:
        node.fail("of a constant is supported for integers with both bounds only")
    lowest, highest = (int(operand.values.reshape(())) for operand in operands[1:])
    return Constant(values.clip(lowest, highest), limits=(lowest, highest))


def limits(lowest: float | None, highest: float | None, code: Quantization) -> tuple[int, int]:
    """The least and the greatest code between two reals; None is no bound."""
    from spatem_ir.numerics.codes import element_of

    return (
        code.minimum if lowest is None else element_of(lowest, code).item(),
        code.maximum if highest is None else element_of(highest, code).item(),
    )


def limited(
    values: Array, lowest: float | None, highest: float | None, code: Quantization | None
) -> Array:
    """min(max(x, lowest), highest), in reals or in codes; None is no bound."""
    import numpy as np

    from spatem_ir.numerics.codes import element_of

    if lowest is not None:
        values = np.maximum(values, element_of(lowest, code))
    if highest is not None:
        values = np.minimum(values, element_of(highest, code))
    return values


def evaluate(op: ClipOp, operands: list[Array], _: ParameterStore) -> Array:
    """Codes between the codes of the bounds, or floats between the bounds."""
    return limited(operands[0], *op.bounds, quantization_of(op.input.type))


def export(op: ClipOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Clip, of codes between the codes of the bounds."""
    from spatem_ir.numerics.codes import element_of

    if is_floating(op.input):
        names = [None if b is None else graph.scalar("bound", b, "float32") for b in op.bounds]
        return graph.add("Clip", operands[0], *names)
    code = quantized(op, op.input)
    lowest, highest = (None if b is None else element_of(b, code).item() for b in op.bounds)
    return graph.clipped(operands[0], code, lowest, highest)


OPERATOR = Operator(ClipOp, {"Clip": Import(convert, fold)}, evaluate, export)
