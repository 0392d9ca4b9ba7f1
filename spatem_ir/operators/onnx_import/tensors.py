"""Nodes of an ONNX graph, and what its tensors are during the import: constants or SSA values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from spatem_ir.dialects.cnn.attributes import TRANSPOSED
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class OnnxNode:
    """A node of the graph.

    `operator` is the operator's name, with the domain in front unless it is ONNX's own; `name` is
    unique in the graph.  Attributes are read through :meth:`attribute`, so that those of which a
    handler knows nothing can be found.
    """

    file: str
    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    attributes_read: set[str] = field(default_factory=set)

    def attribute(self, name: str, default: Any = None) -> Any:
        """The value of an attribute, or the default."""
        self.attributes_read.add(name)
        return self.attributes.get(name, default)

    def input(self, index: int) -> str:
        """The tensor at an input; the empty string if an optional input is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""

    def fail(self, message: str) -> NoReturn:
        """Raise an error that names the file, the operator and the node."""
        raise SpatemError(f"{self.file}: {self.operator} '{self.name}': {message}")


@dataclass(frozen=True, eq=False)
class Constant:
    """A constant tensor.

    `key` names the initialiser that has the same elements in C order, with :data:`TRANSPOSED` if
    its transpose has (`is_transposed`); None if the values are computed.  `is_matrix` tells that
    they have its shape, too, and that it is a matrix.  `limits` are the least and the greatest
    value that a Clip allows.
    """

    values: NDArray[Any]
    key: str | None = None
    is_matrix: bool = False
    is_transposed: bool = False
    limits: tuple[int, int] | None = None

    def reshaped(self, shape: tuple[int, ...]) -> Constant:
        """The same elements under another shape."""
        return Constant(self.values.reshape(shape), self.key, limits=self.limits)

    def transposed(self, permutation: tuple[int, ...] = (1, 0)) -> Constant:
        """The tensor with permuted dimensions."""
        if permutation == tuple(range(self.values.ndim)):
            return self
        values = self.values.transpose(permutation)
        if self.key is None or not self.is_matrix:
            return Constant(values, limits=self.limits)
        key = self.key.removesuffix(TRANSPOSED) if self.is_transposed else self.key + TRANSPOSED
        return Constant(
            values,
            key,
            is_matrix=True,
            is_transposed=not self.is_transposed,
            limits=self.limits,
        )


@dataclass(frozen=True, eq=False)
class QuantizedConstant:
    """A constant in integers: real value = scale · (codes − zero_point).

    The scale has one element, or one for each index of dimension `axis` of the codes; `storage` is
    the type of a code, which may be narrower than that of the array.
    """

    codes: Constant
    storage: IntegerType
    scale: Constant
    zero_point: int
    axis: int = 0

    def transposed(self, permutation: tuple[int, ...] = (1, 0)) -> QuantizedConstant:
        """The constant with permuted dimensions."""
        codes = self.codes.transposed(permutation)
        axis = permutation.index(self.axis % len(permutation))
        return QuantizedConstant(codes, self.storage, self.scale, self.zero_point, axis)

    def reshaped(self, shape: tuple[int, ...]) -> QuantizedConstant:
        """The constant under another shape that keeps the dimension of the scales in its place."""
        codes = self.codes.reshaped(shape)
        return QuantizedConstant(codes, self.storage, self.scale, self.zero_point, self.axis)

    def dequantized(self) -> Constant:
        """The constant in float32."""
        import numpy as np

        scale = self.scale.values
        if scale.size > 1:
            dimensions = self.codes.values.ndim
            scale = scale.reshape([-1 if n == self.axis else 1 for n in range(dimensions)])
        centred = self.codes.values.astype(np.int64) - self.zero_point
        return Constant(centred.astype(np.float32) * scale.astype(np.float32))


Value = Constant | QuantizedConstant | SSAValue
"""What a tensor of an ONNX graph is: a constant, or computed."""


def code_of(dtype: np.dtype[Any]) -> tuple[int, bool] | None:
    """Bits and signedness of an integer type, ONNX's types of 2 and 4 bits included."""
    sign, found, width = dtype.name.rpartition("int")
    return (int(width), not sign) if found and width.isdigit() and sign in ("", "u") else None


def narrowed(bits: int, signed: bool, limits: tuple[int, int]) -> int:
    """The fewest bits of an integer type that holds all values between limits."""
    lowest, highest = limits
    for fewer in range(1, bits):
        least = -(2 ** (fewer - 1)) if signed else 0
        if least <= lowest and highest < least + 2**fewer:
            return fewer
    return bits
