"""Quantisation as QONNX writes it: Quant, BipolarQuant and Trunc, from float32 to float32.

Their arithmetic is that of QONNX's documentation (Pappalardo et al., 2022): with x / scale + zero
point rounded and limited to the integers of a bit width, the result is (integer − zero point) ·
scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, log2
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import IntegerType, Signedness, TensorType
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import DequantizeOp, QuantizeOp
from spatem_ir.dialects.cnn.attributes import WIDEST_CODE, Quantization, QuantType, quantization_of
from spatem_ir.operators.affine import scaled
from spatem_ir.operators.bipolar import BipolarOp
from spatem_ir.operators.clip import ClipOp
from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, QuantizedConstant, Value
from spatem_ir.operators.round import RoundingMode, RoundOp, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from spatem_ir.operators.core.operator import Convert
    from spatem_ir.operators.onnx_import.network import NetworkBuilder

QONNX_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
"""Domains that have had these operators, the present one first."""

ROUNDINGS = {
    "ROUND": RoundingMode.HALF_EVEN,
    "HALF_EVEN": RoundingMode.HALF_EVEN,
    "HALF_UP": RoundingMode.HALF_UP,
    "HALF_DOWN": RoundingMode.HALF_DOWN,
    "FLOOR": RoundingMode.FLOOR,
    "CEIL": RoundingMode.CEIL,
    "UP": RoundingMode.UP,
    "DOWN": RoundingMode.DOWN,
}
"""RoundingMode modes by their names in QONNX."""

BIPOLAR_BITS = 2
"""Bits of the codes −1 and 1."""


@dataclass(frozen=True)
class Integers:
    """The integers of a Quant: those of a bit width, without the least one if `narrow`."""

    bits: int
    signed: bool
    narrow: bool

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest."""
        if self.signed:
            half = 1 << (self.bits - 1)
            return self.narrow - half, half - 1
        return 0, (1 << self.bits) - 1 - self.narrow


def convert_quant(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Quant, of weights or of activations."""
    scale, zero_points = (network.constant(node, index).values for index in (1, 2))
    signed, narrow = bool(node.attribute("signed", 1)), bool(node.attribute("narrow", 0))
    integers = Integers(_bits(node, network, 3), signed, narrow)
    mode = _rounding(node, "ROUND")
    value = network.value(node, 0)
    if integers.bits == 1 and signed:
        return _bipolar(node, network, value, scale)
    if isinstance(value, Constant | QuantizedConstant):
        values = value.values if isinstance(value, Constant) else value.dequantized().values
        least, greatest = integers.limits
        _expect_fit(node, values, scale, zero_points)
        steps = (values / scale + zero_points).clip(least, greatest)
        codes = rounded(steps.astype("float32"), mode)
        return _constant_codes(node, codes, scale, zero_points, integers.bits, signed=signed)
    operand, zero_point = network.floats(node), _uniform(node, "zero point", zero_points)
    least, greatest = integers.limits
    if not (least <= zero_point <= greatest and zero_point.is_integer()):
        node.fail(f"has zero point {zero_point:.9g}; it must be whole, from {least} to {greatest}")
    code = Quantization(integers.bits, signed, _step(node, scale), int(zero_point))
    if mode is not RoundingMode.HALF_EVEN:
        name = f"{node.name}.round"
        operand = network.append(RoundOp(name, operand, mode, code.scale), name)
    return _quantized(node, network, operand, code, integers.limits)


def convert_bipolar(node: OnnxNode, network: NetworkBuilder) -> Value:
    """BipolarQuant: scale where x ≥ 0, −scale elsewhere."""
    return _bipolar(node, network, network.value(node, 0), network.constant(node, 1).values)


def convert_trunc(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Trunc: the upper bits of integers.

    The result of version 1 has the scale of the operand, that of version 2 one that is stated.
    """
    scale = _step(node, network.constant(node, 1).values)
    if network.constant(node, 2).values.any():
        node.fail("has a zero point; only 0 is supported")
    mode, bits = _rounding(node, "FLOOR"), _bits(node, network, 3)
    if node.input(5):
        fewer, step = _bits(node, network, 5), _step(node, network.constant(node, 4).values)
        signed, narrow = bool(node.attribute("signed", 1)), bool(node.attribute("narrow", 0))
        unit = 2.0 ** round(log2(step / scale))
    else:
        fewer, step = _bits(node, network, 4), scale
        signed, narrow = _is_signed(network.floats(node)), False
        unit = 2.0 ** (bits - fewer)

    def times(what: str, operand: SSAValue, factor: float) -> SSAValue:
        part = replace(node, name=f"{node.name}.{what}")
        return scaled(part, network, operand, Constant(_float32(factor)))

    def to_multiples(what: str, operand: SSAValue, mode: RoundingMode, of: float) -> SSAValue:
        name = f"{node.name}.{what}"
        return network.append(RoundOp(name, operand, mode, of), name)

    integers = times("integers", network.floats(node), 1 / scale)
    integers = to_multiples("whole", integers, RoundingMode.HALF_EVEN, 1.0)
    upper = times("scaled", to_multiples("upper", integers, mode, unit), step / unit)
    code = Quantization(fewer, signed, step, 0)
    return _quantized(node, network, upper, code, Integers(fewer, signed, narrow).limits)


def _quantized(
    node: OnnxNode,
    network: NetworkBuilder,
    operand: SSAValue,
    code: Quantization,
    limits: tuple[int, int],
) -> SSAValue:
    """A tensor, quantised and dequantised, with codes between limits only."""
    if limits != (code.minimum, code.maximum):
        lowest, highest = ((limit - code.zero_point) * code.scale for limit in limits)
        name = f"{node.name}.limits"
        operand = network.append(ClipOp(name, operand, lowest, highest), name)
    codes = QuantizeOp(operand, TensorType(QuantType.of(code), shape_of(operand)))
    return network.dequantized(network.append(codes, f"{node.name}_codes"), node.name)


def _bipolar(
    node: OnnxNode, network: NetworkBuilder, value: Value | None, scale: NDArray[np.float32]
) -> Value:
    """Weights or activations as the codes −1 and 1."""
    import numpy as np

    if isinstance(value, QuantizedConstant):
        value = value.dequantized()
    if isinstance(value, Constant):
        _expect_fit(node, value.values, scale)
        codes = np.where(value.values >= 0, 1, -1)
        return _constant_codes(node, codes, scale, np.zeros(1), BIPOLAR_BITS, signed=True)
    code = Quantization(BIPOLAR_BITS, signed=True, scale=_step(node, scale), zero_point=0)
    op = BipolarOp(node.name, network.floats(node), scale=code.scale)
    operand = network.append(op, node.name)
    return _quantized(node, network, operand, code, (code.minimum, code.maximum))


def _constant_codes(
    node: OnnxNode,
    codes: NDArray[np.generic],
    scale: NDArray[np.float32],
    zero_points: NDArray[np.generic],
    bits: int,
    *,
    signed: bool,
) -> QuantizedConstant:
    """Constant codes whose scale and zero points are those of the indices of one dimension."""
    import numpy as np

    from spatem_ir.operators.onnx_import.parameters import FEWEST_WEIGHT_BITS

    if not ((scale > 0) & np.isfinite(scale)).all():
        node.fail("has weights whose scale is not positive and finite")
    lowest = -(1 << (bits - 1)) if signed else 0
    zeros = np.rint(zero_points).astype(np.float64)
    if (
        not ((zeros >= lowest) & (zeros < lowest + (1 << bits))).all()
        or (zeros != zero_points).any()
    ):
        node.fail(f"has weights with zero points that are no integers of {bits} bits")
    shapes = [(*[1] * (codes.ndim - n.ndim), *n.shape) for n in (scale, zero_points)]
    axes = {axis for shape in shapes for axis, extent in enumerate(shape) if extent > 1}
    if len(axes) > 1:
        node.fail("has scales along several dimensions; they must belong to one")
    width = next(width for width in (8, 16, 32) if bits <= width)
    dtype = np.dtype(f"{'' if signed else 'u'}int{width}")
    sign = Signedness.SIGNED if signed else Signedness.UNSIGNED
    return QuantizedConstant(
        codes=Constant(codes.astype(dtype)),
        storage=IntegerType(max(bits, FEWEST_WEIGHT_BITS), sign),
        scale=Constant(scale.astype(np.float32).reshape(-1)),
        zero_points=zeros.astype(np.int64).reshape(-1),
        axis=next(iter(axes), 0),
    )


def _expect_fit(node: OnnxNode, values: NDArray[np.generic], *numbers: NDArray[np.generic]) -> None:
    """Check that a scale and zero points fit constant values, which have a float32 each."""
    import numpy as np

    try:
        fits = np.broadcast_shapes(values.shape, *(n.shape for n in numbers)) == values.shape
    except ValueError:
        fits = False
    if not fits or values.dtype.kind != "f" or any(n.dtype.kind not in "fiu" for n in numbers):
        node.fail("has a scale or a zero point that does not fit its weights")


def _bits(node: OnnxNode, network: NetworkBuilder, index: int) -> int:
    """The bit width at a node's input."""
    bits = _uniform(node, "bit width", network.constant(node, index).values)
    if not (1 <= bits <= WIDEST_CODE and bits.is_integer()):
        node.fail(f"has bit width {bits:.9g}; 1 to {WIDEST_CODE} are possible")
    return int(bits)


def _uniform(node: OnnxNode, what: str, values: NDArray[np.generic]) -> float:
    """The one value of a constant."""
    numbers: Sequence[float] = values.astype("float64").reshape(-1).tolist()
    if len(set(numbers)) != 1:
        node.fail(f"has several values of its {what}; an activation must have one for all")
    return numbers[0]


def _step(node: OnnxNode, scale: NDArray[np.generic]) -> float:
    """The one scale of an activation."""
    step = _uniform(node, "scale", scale)
    if not 0 < step < inf:
        node.fail(f"has scale {step:.9g}; it must be positive and finite")
    return step


def _rounding(node: OnnxNode, default: str) -> RoundingMode:
    name = str(node.attribute("rounding_mode", default))
    if name.upper() not in ROUNDINGS:
        node.fail(f"has rounding_mode '{name}'; one of {', '.join(ROUNDINGS)}")
    return ROUNDINGS[name.upper()]


def _is_signed(value: SSAValue) -> bool:
    """Whether there are negative numbers among those of which a float32 tensor is computed."""
    while not isinstance(value.owner, DequantizeOp):
        operands = getattr(value.owner, "operands", ())
        if not operands:
            return True
        value = operands[0]
    code = quantization_of(value.owner.input.type)
    return code is None or code.minimum < code.zero_point


def _float32(value: float) -> NDArray[np.float32]:
    import numpy as np

    return np.array(value, np.float32)


QONNX_OPERATORS: dict[str, Convert] = {
    "Quant": convert_quant,
    "IntQuant": convert_quant,
    "BipolarQuant": convert_bipolar,
    "Trunc": convert_trunc,
}
"""The operators by their names."""
