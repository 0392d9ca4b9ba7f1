"""Single operators on arrays, and what they must give: helpers of the tests of values."""

from __future__ import annotations

from typing import Any

import numpy as np
from differential.text import parsed
from numpy.typing import NDArray

from spatem_ir.dialects.cnn.attributes import Quantization, QuantType, float32_literal
from spatem_ir.runtime.interpreter import execute

Array = NDArray[Any]
Operand = tuple[Array, Quantization | None]
"""An array [images, …] and the code of its elements; None for float32."""

OPERANDS = ("%a", "%b", "%c")

UI8 = Quantization(8, signed=False, scale=0.05, zero_point=117)
SI8 = Quantization(8, signed=True, scale=0.03, zero_point=-5)
UI4 = Quantization(4, signed=False, scale=0.4, zero_point=3)
SI4 = Quantization(4, signed=True, scale=0.7, zero_point=2)
UI16 = Quantization(16, signed=False, scale=0.0003, zero_point=20000)
SI16 = Quantization(16, signed=True, scale=0.0007, zero_point=-7)
EVERY_CODE = (UI8, SI8, UI4, SI4, UI16, SI16)


def result_of(
    operator: str,
    *operands: Operand,
    target: Quantization | None,
    shape: tuple[int, ...] | None = None,
) -> Array:
    """What an operator on `%a`, `%b` … gives; its text lacks the types.

    `shape` is that of one image's result, by default that of one operand or of all, broadcast.
    """
    images = [array for array, _ in operands]
    result = tensor(shape or np.broadcast_shapes(*(a.shape[1:] for a in images)), target)
    types = [tensor(array.shape[1:], code) for array, code in operands]
    arguments = ", ".join(f"{name}: {type}" for name, type in zip(OPERANDS, types, strict=False))
    module = parsed(f"""
      cnn.network @net({arguments}) {{
        %y = {operator} : {", ".join(types)} -> {result}
        cnn.output %y : {result}
      }}""")
    (output,) = execute(module, images)
    return output


def tensor(shape: tuple[int, ...], code: Quantization | None) -> str:
    """A tensor type."""
    element = "f32" if code is None else QuantType.of(code)
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


def constant(values: Array) -> str:
    """Float32 values as a parameter in the text."""
    return f"dense<{_literal(values)}> : {tensor(values.shape, None)}"


def _literal(values: Array) -> str:
    if values.ndim == 0:
        return float32_literal(float(values))
    return "[" + ", ".join(map(_literal, values)) + "]"


def reals(seed: int, *shape: int) -> NDArray[np.float32]:
    """Normally distributed values."""
    return (np.random.default_rng(seed).standard_normal(shape) * 2).astype(np.float32)


def codes(seed: int, code: Quantization, *shape: int) -> Array:
    """Uniformly distributed codes."""
    return np.random.default_rng(seed).integers(code.minimum, code.maximum + 1, shape)


def real(values: Array, code: Quantization) -> NDArray[np.float32]:
    """What codes stand for."""
    return (values - code.zero_point).astype(np.float32) * np.float32(code.scale)


def coded(values: NDArray[np.float32], code: Quantization) -> Array:
    """The codes nearest to real values."""
    steps = np.rint(values / np.float32(code.scale)).astype(np.int64)
    return np.clip(steps + code.zero_point, code.minimum, code.maximum)
